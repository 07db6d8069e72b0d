/**
 * After a store was restored from an older copy: the addresses that this node held are recorded again before they can be given
 * away, and what cannot be, or is configured otherwise than before, is told. Of a node's own part only; each looks after its own.
 */
import { formatAddress } from '@tortie/ip';
import { type Assignment, Ipam, type IpamApi, IpamError } from '@tortie/ipam';
import { type Entry, MemoryStore, type Store } from '@tortie/store';
import { nameIn, servicePrefix } from '../../src/store/keys.js';
import type { Lister } from '../reconcilers/desired.js';

export interface Recorded {
  /** ADDRESS of HANDLE. */
  readonly again: readonly string[];
  /** Sentences: of addresses that somebody else has by now, or that no pool has. */
  readonly problems: readonly string[];
  /** What these are about. */
  readonly left: readonly Assignment[];
}

/** Address management as entries say, to be read only. */
export async function ipamOf(entries: Iterable<Entry>): Promise<IpamApi> {
  const store = new MemoryStore();
  // Taken at once: what they come from changes meanwhile.
  for (const { key, value } of [...entries]) await store.create(key, value);
  return new Ipam({ store, now: Date.now });
}

/** Records what is not there. Throws StoreError where the store is away; to be called again then. */
export async function recordAgain(ipam: IpamApi, node: string, held: readonly Assignment[]): Promise<Recorded> {
  const again: string[] = [];
  const problems: string[] = [];
  const left: Assignment[] = [];
  for (const one of held) {
    const { address, handle, owner } = one;
    const present = await ipam.assignmentOf(address);
    if (present?.handle === handle) continue;
    const text = `${formatAddress(address)} of ${handle}`;
    try {
      await ipam.assignAddress({ node, handle, address, owner });
      again.push(text);
    } catch (error) {
      if (!(error instanceof IpamError)) throw error;
      left.push(one);
      problems.push(`${text} cannot be recorded again: ${error.message}`);
    }
  }
  return { again, problems, left };
}

/**
 * Has the store know of this node's services what it knew before: nobody else says anything of them. What one that has ended would
 * draw to this node had nobody to answer it. Gives the names of those that were different.
 */
export async function sayServicesAgain(
  store: Store,
  node: string,
  before: readonly Entry[],
): Promise<readonly string[]> {
  const prefix = servicePrefix(node);
  const said = new Map(before.filter(({ key }) => key.startsWith(prefix)).map(({ key, value }) => [key, value]));
  const present = new Map((await store.list(prefix)).entries.map((entry) => [entry.key, entry]));
  const changed: string[] = [];
  for (const key of new Set([...said.keys(), ...present.keys()])) {
    const [value, entry] = [said.get(key), present.get(key)];
    if (JSON.stringify(value) === JSON.stringify(entry?.value)) continue;
    if (!entry) await store.create(key, value);
    else if (value === undefined) await store.delete(key, entry.revision);
    else await store.update(key, value, entry.revision);
    changed.push(nameIn(prefix, key));
  }
  return changed.sort();
}

/** Keys of what was configured and is gone, or says something else now. */
export async function otherwiseConfigured(lister: Lister, before: readonly Entry[]): Promise<readonly string[]> {
  const configured = before.filter(({ key }) => isConfigured(key));
  const prefixes = new Set(configured.map(({ key }) => key.slice(0, key.lastIndexOf('/') + 1)));
  const present = new Map<string, unknown>();
  for (const prefix of prefixes)
    for (const { key, value } of (await lister.list(prefix)).entries) present.set(key, value);
  return configured
    .filter(({ key, value }) => JSON.stringify(present.get(key)) !== JSON.stringify(value))
    .map(({ key }) => key)
    .sort();
}

/** Of users; nodes write their own parts again by themselves. */
const isConfigured = (key: string): boolean =>
  key.startsWith('/ipam/pools/') ||
  key.startsWith('/agent/secrets/') ||
  /^\/agent\/(peers|peer-ranges|originated|bmp)\//.test(key) ||
  (key.startsWith('/cluster/') && !key.startsWith('/cluster/nodestatuses/'));
