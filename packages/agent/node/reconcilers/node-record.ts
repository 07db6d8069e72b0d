/**
 * What this node is and has -> its record in the store: written when it differs from what stands there, so also when somebody
 * has deleted it. The addresses are the kernel's, or the configuration's.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Address, formatAddress, type IpVersion, parseAddress, parseInterfaceAddress } from '@tortie/ip';
import { ADDRESS_FLAGS } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import type { Store } from '@tortie/store';
import { chooseNodeAddress, type HostAddress, ownAddresses } from '../../src/node/node-addresses.js';
import { nodeKey } from '../../src/store/keys.js';
import type { Journal } from '../journal.js';
import { type NodeRecord, writeNodeRecord } from '../node-record.js';
import type { Reconciler } from '../reconcile-loop.js';
import type { RecordedTunnels } from './ways.js';

export interface NodeRecordOptions {
  readonly store: Store;
  readonly journal: Journal;
  /** What does not change while the agent runs. */
  readonly identity: NodeRecord;
  /** Where the kernel cannot be asked there are no addresses. */
  readonly rtnetlink: Rtnetlink | undefined;
  readonly interfaceName: (ifindex: number) => string | undefined;
  /** Addresses with their subnets as configured; they go before those found. */
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
    const { vxlan4, vxlan6 } = ((await store.get(nodeKey(identity.name)))?.value ?? {}) as Partial<NodeRecord>;
    return { ...(vxlan4 && { vxlan4 }), ...(vxlan6 && { vxlan6 }) };
  }

  async #addresses(): Promise<Partial<NodeRecord>> {
    const { rtnetlink, configured } = this.#options;
    const all = rtnetlink ? await this.#hostAddresses(rtnetlink) : [];
    const texts: Partial<Record<'ipv4' | 'ipv6', string>> = {};
    for (const version of [4, 6] as const) {
      const key = `ipv${version}` as const;
      const fixed = configured[key] === undefined ? undefined : parseInterfaceAddress(configured[key]).address;
      const before = fixed ?? this.#found[version]?.address;
      const uplink = rtnetlink && (await leavesBy(rtnetlink, ELSEWHERE[version]));
      const chosen = chooseNodeAddress(all, version, { uplink, before, fixed: fixed !== undefined });
      if (chosen) this.#found[version] = chosen;
      else delete this.#found[version];
      const text = configured[key] ?? (chosen && `${formatAddress(chosen.address)}/${chosen.prefixLength}`);
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

async function leavesBy(rtnetlink: Rtnetlink, address: Address): Promise<number | undefined> {
  const way = await rtnetlink.resolve(address);
  return way.reachable ? way.ifindex : undefined;
}
