/**
 * What this node is and has -> its record in the store: written when it differs from what stands there, so also when somebody
 * has deleted it. The addresses are the kernel's, or the configuration's.
 */

import { lookup } from 'node:dns/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type Address,
  formatAddress,
  type IpVersion,
  parseAddress,
  parseInterfaceAddress,
  tryParseAddress,
} from '@tortie/ip';
import { ADDRESS_FLAGS } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import { isUnavailable, type Store } from '@tortie/store';
import { type AddressMethod, readAddressMethod } from '../../src/node/address-method.js';
import { chooseNodeAddress, type HostAddress, ownAddresses, type WayOut } from '../../src/node/node-addresses.js';
import { nodeKey } from '../../src/store/keys.js';
import { TUNNELS } from '../../src/ways/tunnel.js';
import { type NodeRecord, type RecordedTunnels, writeNodeRecord } from '../cluster/node-record.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from './reconcile-loop.js';

export interface NodeRecordOptions {
  readonly store: Store;
  readonly journal: Journal;
  /** What does not change while the agent runs. */
  readonly identity: NodeRecord;
  /** Where the kernel cannot be asked there are no addresses. */
  readonly rtnetlink: Rtnetlink | undefined;
  readonly interfaceName: (ifindex: number) => string | undefined;
  /** Addresses with their subnets as configured, or methods to find them. */
  readonly configured: Readonly<Partial<Record<'ipv4' | 'ipv6', string>>>;
  readonly onChange: () => void;
}

/** More are told to nobody: a host with thousands of addresses must not fill every other node's memory. */
const MOST_OTHERS = 256;
const TEMPORARY = 0x01;
const DEPRECATED = 0x20;
const SCOPE_GLOBAL = 0;
/** Addresses nobody has (RFC 5737, RFC 3849): the kernel says by which interface it would leave to the world. */
const ELSEWHERE = { 4: parseAddress('198.51.100.1'), 6: parseAddress('2001:db8::1') } as const;

export class NodeRecordReconciler implements Reconciler {
  readonly name = 'node record';
  readonly #options: NodeRecordOptions;
  #record: NodeRecord;
  /** Undefined: not looked at in this run; what an earlier one has told stays. */
  #tunnels: RecordedTunnels | undefined;
  readonly #found: Partial<Record<IpVersion, HostAddress>> = {};
  readonly #problems: Partial<Record<IpVersion, string>> = {};
  /** As an earlier run has told it; undefined: not read yet. */
  #told: Partial<NodeRecord> | undefined;

  constructor(options: NodeRecordOptions) {
    this.#options = options;
    this.#record = options.identity;
  }

  /** As last looked at; written to the store or about to be. */
  get record(): NodeRecord {
    return this.#record;
  }

  /** The interface that has the node's address; undefined where the address is configured and on none. */
  uplink(version: IpVersion): HostAddress | undefined {
    return this.#found[version];
  }

  /** Why a method of the configuration finds no address, as sentences. */
  get problems(): readonly string[] {
    return Object.values(this.#problems);
  }

  /** For the next round. False: they are as they were. */
  setTunnels(tunnels: RecordedTunnels): boolean {
    if (isDeepStrictEqual(tunnels, this.#tunnels)) return false;
    this.#tunnels = tunnels;
    return true;
  }

  async reconcile(): Promise<void> {
    const { store, identity, onChange } = this.#options;
    const next = { ...identity, ...(await this.#addresses()), ...(this.#tunnels ?? (await this.#toldTunnels())) };
    const changed = !isDeepStrictEqual(next, this.#record);
    this.#tell(this.#record, next);
    this.#record = next;
    if (changed) onChange();
    await writeNodeRecord(store, next);
  }

  /** Other nodes go on sending to a node whose agent is just starting. */
  async #toldTunnels(): Promise<RecordedTunnels> {
    const { store, identity } = this.#options;
    const told = ((await store.get(nodeKey(identity.name)))?.value ?? {}) as Partial<NodeRecord>;
    return Object.fromEntries(TUNNELS.flatMap(({ name }) => (told[name] ? [[name, told[name]]] : [])));
  }

  async #addresses(): Promise<Partial<NodeRecord>> {
    const { rtnetlink, configured } = this.#options;
    const all = rtnetlink ? await this.#hostAddresses(rtnetlink) : [];
    const texts: Partial<Record<'ipv4' | 'ipv6', string>> = {};
    for (const version of [4, 6] as const) {
      const key = `ipv${version}` as const;
      const method = methodOf(configured[key], version);
      const before = this.#found[version]?.address ?? (await this.#toldAddress(version));
      const uplink = rtnetlink && (await wayTo(rtnetlink, ELSEWHERE[version]));
      const reach = rtnetlink && method.type === 'can-reach' ? await reachOf(rtnetlink, method, version) : undefined;
      const chosen = chooseNodeAddress(all, version, method, {
        uplink: typeof uplink === 'object' ? uplink : undefined,
        before,
        ...(reach !== undefined && { reach }),
      });
      const found = typeof chosen === 'object' ? chosen : undefined;
      if (found) this.#found[version] = found;
      else delete this.#found[version];
      this.#tellProblem(version, found || method.type === 'fixed' ? undefined : (chosen as string));
      const text =
        method.type === 'fixed' ? configured[key] : found && `${formatAddress(found.address)}/${found.prefixLength}`;
      if (text !== undefined) texts[key] = text;
    }
    const main = new Set(Object.values(texts).map((text) => text.split('/')[0]));
    const others = ownAddresses(all)
      .map(({ address }) => formatAddress(address))
      .filter((text) => !main.has(text));
    return {
      ...(texts.ipv4 !== undefined && { ipv4Address: texts.ipv4 }),
      ...(texts.ipv6 !== undefined && { ipv6Address: texts.ipv6 }),
      ...(others.length > 0 && { otherAddresses: [...new Set(others)].sort().slice(0, MOST_OTHERS) }),
    };
  }

  /** A node keeps its address over a restart. */
  async #toldAddress(version: IpVersion): Promise<Address | undefined> {
    const { store, identity } = this.#options;
    try {
      this.#told ??= ((await store.get(nodeKey(identity.name)))?.value ?? {}) as Partial<NodeRecord>;
    } catch (error) {
      // Without the store the address is found as at a first start.
      if (!isUnavailable(error)) throw error;
    }
    const text = this.#told?.[`ipv${version}Address`];
    return text === undefined ? undefined : parseInterfaceAddress(text).address;
  }

  /** That no IPv6 address is found that nobody asked for is no problem. */
  #tellProblem(version: IpVersion, problem: string | undefined): void {
    const { configured, journal } = this.#options;
    const method = configured[`ipv${version}`];
    const text =
      method === undefined || problem === undefined ? undefined : `nodeAddress.ipv${version}, ${method}: ${problem}`;
    if (text === this.#problems[version]) return;
    if (text === undefined) delete this.#problems[version];
    else {
      this.#problems[version] = text;
      journal.event({ kind: 'agent', text }, 'warn');
    }
  }

  async #hostAddresses(rtnetlink: Rtnetlink): Promise<HostAddress[]> {
    const { interfaceName } = this.#options;
    const addresses = await rtnetlink.addresses();
    return addresses.flatMap(({ ifindex, address, prefixLength, flags, scope }) => {
      const name = interfaceName(ifindex);
      if (name === undefined || scope !== SCOPE_GLOBAL) return [];
      const passing = (flags & (TEMPORARY | DEPRECATED | ADDRESS_FLAGS.TENTATIVE | ADDRESS_FLAGS.DADFAILED)) !== 0;
      return [{ interface: name, ifindex, address, prefixLength, passing }];
    });
  }

  #tell(before: NodeRecord, next: NodeRecord): void {
    const { journal } = this.#options;
    for (const field of ['ipv4Address', 'ipv6Address'] as const) {
      const [had, has] = [before[field], next[field]];
      if (had === has) continue;
      const version = field === 'ipv4Address' ? 'IPv4' : 'IPv6';
      const text =
        has === undefined ? `this node has no ${version} address any more` : `other nodes reach this one at ${has}`;
      journal.event(
        { kind: 'agent', text, ...(had !== undefined && { cause: `it was ${had}` }) },
        had ? 'warn' : 'info',
      );
    }
  }
}

/** The configuration was read before: it is one. */
function methodOf(text: string | undefined, version: IpVersion): AddressMethod {
  const method = readAddressMethod(text ?? 'first-found', version);
  if (typeof method === 'string') throw new Error(method);
  return method;
}

/** How a packet to it would leave, or why it does not. */
async function wayTo(rtnetlink: Rtnetlink, address: Address): Promise<WayOut | string> {
  const way = await rtnetlink.resolve(address);
  return way.reachable ? { ifindex: way.ifindex, neighbour: way.gateway ?? address } : way.reason;
}

async function reachOf(
  rtnetlink: Rtnetlink,
  { destination }: AddressMethod & { readonly type: 'can-reach' },
  version: IpVersion,
): Promise<WayOut | string> {
  const address = tryParseAddress(destination);
  if (address) return wayTo(rtnetlink, address);
  try {
    return await wayTo(rtnetlink, parseAddress((await lookup(destination, { family: version })).address));
  } catch (error) {
    return `${destination} is not found (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`;
  }
}
