/** What each node says of itself in the store, and what looks wrong when the records are put side by side. */
import { isDeepStrictEqual } from 'node:util';
import { type FollowEvent, goneIn, isConflict, type Store } from '@tortie/store';
import { NODES, nodeKey } from '../../src/store/keys.js';
import { TUNNELS, type TunnelName } from '../../src/ways/tunnel.js';

export interface NodeRecord {
  readonly name: string;
  readonly asn: number;
  readonly routerId: string;
  readonly clusterId?: string;
  readonly version: string;
  readonly startedAt: string;
  /** Where the other nodes reach it, with its subnet: `10.0.0.1/24`. */
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
  /** Every other address of the host by which it may be called, without subnets. */
  readonly otherAddresses?: readonly string[];
  /** Its ends of tunnels: there while they can be sent to. */
  readonly vxlan4?: RecordedEnd;
  readonly vxlan6?: RecordedEnd;
  readonly ipip4?: RecordedEnd;
  readonly wireguard4?: RecordedEnd;
  readonly wireguard6?: RecordedEnd;
  /** Where it listens for BGP. */
  readonly listenPort?: number;
  /** It takes part in the cluster of its store, with sessions over these. */
  readonly cluster?: readonly ('ipv4' | 'ipv6')[];
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RecordedEnd {
  /** Inside the tunnel, of a pool. */
  readonly address: string;
  /** Of a VXLAN. */
  readonly mac?: string;
  /** Of WireGuard: the public one, as `wg show` writes it. */
  readonly key?: string;
  readonly mtu: number;
}

/** The part of a record that tells of tunnels. */
export type RecordedTunnels = Pick<NodeRecord, TunnelName>;

export async function writeNodeRecord(store: Store, record: NodeRecord): Promise<void> {
  const key = nodeKey(record.name);
  for (;;) {
    try {
      const present = await store.get(key);
      if (present) {
        if (isDeepStrictEqual(present.value, record)) return;
        await store.update(key, record, present.revision);
      } else await store.create(key, record);
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

/** By what other nodes send to it. */
const WAYS_TO = ['ipv4Address', 'ipv6Address', 'otherAddresses', ...TUNNELS.map(({ name }) => name)] as const;

/** The records of all nodes, by a watch: a node that comes or goes costs each other one an event, and no listing. */
export class NodeRecords {
  readonly #store: Store;
  /** By key. */
  readonly #known = new Map<string, NodeRecord>();
  /** Whether the watch has given all of them. */
  #complete = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Whether a node is there, or reached, otherwise than before. */
  take(event: FollowEvent): boolean {
    if (event.type === 'page') {
      for (const key of goneIn(event, this.#known.keys())) this.#known.delete(key);
      for (const { key, value } of event.entries) this.#known.set(key, value as NodeRecord);
      this.#complete ||= event.upTo === undefined;
      return true;
    }
    const before = this.#known.get(event.key);
    if (event.type === 'delete') return this.#known.delete(event.key);
    const after = event.value as NodeRecord;
    this.#known.set(event.key, after);
    return !before || WAYS_TO.some((field) => !isDeepStrictEqual(before[field], after[field]));
  }

  async list(): Promise<readonly NodeRecord[]> {
    if (this.#complete) return [...this.#known.values()];
    return (await this.#store.list(NODES)).entries.map(({ value }) => value as NodeRecord);
  }
}

/** Every address a node may be called by. */
export const addressesIn = ({ ipv4Address, ipv6Address, otherAddresses = [] }: NodeRecord): string[] => [
  ...[ipv4Address, ipv6Address].flatMap((text) => text?.split('/')[0] ?? []),
  ...otherAddresses,
];

/** Sentences for the operator; empty where all is well. */
export function findNodeConflicts(records: readonly NodeRecord[], own: NodeRecord): string[] {
  const warnings: string[] = [];
  for (const other of records) {
    if (other.name === own.name) continue;
    // RFC 6286: the identifier is unique within an AS.
    if (other.routerId === own.routerId && other.asn === own.asn) {
      warnings.push(
        `router ID ${own.routerId} is also that of node "${other.name}" in AS ${own.asn}; sessions between the two, and reflection, will fail: set routerId on one of them`,
      );
    }
    for (const field of ['ipv4Address', 'ipv6Address'] as const) {
      const address = own[field]?.split('/')[0];
      if (address === undefined || other[field]?.split('/')[0] !== address) continue;
      warnings.push(`address ${address} is also that of node "${other.name}": name another one with nodeAddress`);
    }
  }
  return warnings;
}
