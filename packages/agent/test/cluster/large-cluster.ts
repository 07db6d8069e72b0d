/** What the store of a cluster of any size holds: nodes, a block for each, and pairs of reflectors that serve a part of the nodes each. */
import { API_VERSION, findKind, resourceKey, toRecord } from '@tortie/cluster';
import { formatAddress, ipv4, parsePrefix } from '@tortie/ip';
import { Ipam } from '@tortie/ipam';
import { type Entry, MemoryStore } from '@tortie/store';
import type { NodeRecord } from '../../node/cluster/node-record.js';
import { nodeKey } from '../../src/store/keys.js';

export interface LargeCluster {
  readonly nodes: number;
  /** Each of two reflectors with a cluster ID of their own; 0: a mesh. */
  readonly pairs: number;
}

export const ASN = 64512;
const FIRST_ADDRESS = 0x0a010001;
/** Addresses of a block, as a power of two. */
export const BLOCK_BITS = 6;
/** Where pools begin. */
export const FIRST_BLOCK = 0x0a800000;

/** Blocks of the pool: somewhat more than nodes. */
export const blocksOf = ({ nodes }: LargeCluster): number => 2 ** Math.ceil(Math.log2(nodes * 1.25));
export const poolOf = (cluster: LargeCluster): string =>
  `${formatAddress(ipv4(FIRST_BLOCK))}/${32 - BLOCK_BITS - Math.log2(blocksOf(cluster))}`;

export const nameOf = (at: number): string => `node-${String(at).padStart(5, '0')}`;
/** Of the first 16,000,000 nodes. */
export const addressOf = (at: number): string => formatAddress(ipv4(FIRST_ADDRESS + at));
/** The first nodes are the reflectors, two of a pair behind each other. */
export const isReflector = (at: number, { pairs }: LargeCluster): boolean => at < 2 * pairs;
export const pairOf = (at: number, { pairs }: LargeCluster): number =>
  at < 2 * pairs ? at >> 1 : pairs === 0 ? 0 : at % pairs;

/** What the agent of a node says of it. */
export function recordOf(at: number, cluster: LargeCluster): NodeRecord {
  const pair = `p${pairOf(at, cluster)}`;
  return {
    name: nameOf(at),
    asn: ASN,
    routerId: addressOf(at),
    version: '0.1.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    ipv4Address: `${addressOf(at)}/12`,
    cluster: ['ipv4'],
    labels: { pair, ...(isReflector(at, cluster) && { reflector: pair }) },
    listenPort: 179,
  };
}

const resource = (kind: string, name: string, spec: object): readonly [key: string, value: unknown] => [
  resourceKey(findKind(kind)!.plural, name),
  toRecord({ apiVersion: API_VERSION, kind, metadata: { name }, spec }, '2026-01-01T00:00:00.000Z'),
];

/** What an operator has written: cluster IDs, who peers with whom, and no mesh. Nothing where there are no reflectors. */
export function resourcesOf(cluster: LargeCluster): (readonly [key: string, value: unknown])[] {
  const { pairs } = cluster;
  if (pairs === 0) return [];
  const all = Array.from({ length: pairs }, (_, pair) => pair);
  return [
    ...all.flatMap((pair) =>
      [2 * pair, 2 * pair + 1].map((at) =>
        resource('Node', nameOf(at), { bgp: { routeReflectorClusterID: `244.0.0.${pair + 1}` } }),
      ),
    ),
    ...all.map((pair) =>
      resource('BGPPeer', `pair-${pair}`, {
        nodeSelector: `pair == 'p${pair}' && !has(reflector)`,
        peerSelector: `reflector == 'p${pair}'`,
      }),
    ),
    resource('BGPPeer', 'reflectors', { nodeSelector: 'has(reflector)', peerSelector: 'has(reflector)' }),
    resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
  ];
}

/** Every entry, as the nodes and an operator would have written them. `count`: of nodes that have joined. */
export async function entriesOf(cluster: LargeCluster, count = cluster.nodes): Promise<readonly Entry[]> {
  const store = new MemoryStore();
  const ipam = new Ipam({ store, now: () => 1_700_000_000_000, random: () => 0.5 });
  await ipam.pools.create({ name: 'pods', cidr: parsePrefix(poolOf(cluster)), blockSize: 32 - BLOCK_BITS });
  for (let at = 0; at < count; at++) {
    await ipam.claimBlock(nameOf(at), 4);
    await store.create(nodeKey(nameOf(at)), recordOf(at, cluster));
  }
  for (const [key, value] of resourcesOf(cluster)) await store.create(key, value);
  return (await store.list('/')).entries;
}
