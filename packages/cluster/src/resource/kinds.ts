/** Every kind, a row each. */
import type { TSchema } from 'typebox';
import { BgpConfigurationSpec, checkBgpConfiguration } from './bgp-configuration.js';
import { BgpFilterSpec, checkBgpFilter } from './bgp-filter.js';
import { BgpPeerSpec, checkBgpPeer } from './bgp-peer.js';
import type { Findings } from './findings.js';
import { checkIpPool, IpPoolSpec } from './ip-pool.js';
import { IpReservationSpec } from './ip-reservation.js';
import { checkIpamConfiguration, IpamConfigurationSpec } from './ipam-configuration.js';
import { NodeSpec } from './node.js';
import type { Resource } from './resource.js';
import { BlockAffinitySpec, IpamBlockSpec, IpamHandleSpec, NodeStatusSpec } from './views.js';

export interface Kind {
  /** As manifests write it. */
  readonly kind: string;
  /** As the command line and paths write it. */
  readonly plural: string;
  readonly shortNames: readonly string[];
  /** Other spellings of `kind` that manifests have. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly spec: TSchema;
  /** What its names are, a `format`: default `dns-name`. */
  readonly names?: string;
  /** What the schema cannot say. */
  readonly check?: (resource: Resource<never, never>) => Findings;
  /** Made by nodes, not by users. */
  readonly readOnly?: true;
}

/** In the order in which several are applied: what others name comes first. */
export const KINDS: readonly Kind[] = [
  {
    kind: 'IPAMConfiguration',
    plural: 'ipamconfigurations',
    shortNames: ['ipamconfigs'],
    aliases: ['IPAMConfig'],
    summary: 'Settings of address management',
    spec: IpamConfigurationSpec,
    check: checkIpamConfiguration,
  },
  {
    kind: 'IPReservation',
    plural: 'ipreservations',
    shortNames: ['ipr'],
    summary: 'Addresses that are never handed out by themselves',
    spec: IpReservationSpec,
  },
  {
    kind: 'IPPool',
    plural: 'ippools',
    shortNames: ['ipp', 'pool', 'pools'],
    summary: 'A range of addresses, and who may have them',
    spec: IpPoolSpec,
    check: checkIpPool,
  },
  {
    kind: 'Node',
    plural: 'nodes',
    shortNames: ['no'],
    summary: "The operator's part of a node: labels, addresses, AS number, cluster ID",
    spec: NodeSpec,
    names: 'resource-name',
  },
  {
    kind: 'BGPFilter',
    plural: 'bgpfilters',
    shortNames: ['bgpf'],
    summary: 'Rules for routes, which BGPPeers name',
    spec: BgpFilterSpec,
    check: checkBgpFilter,
  },
  {
    kind: 'BGPConfiguration',
    plural: 'bgpconfigurations',
    shortNames: ['bgpconfig', 'bgpconfigs'],
    summary: 'BGP of the cluster (default), or of one node (node.NAME)',
    spec: BgpConfigurationSpec,
    names: 'resource-name',
    check: checkBgpConfiguration,
  },
  {
    kind: 'BGPPeer',
    plural: 'bgppeers',
    shortNames: ['bgpp'],
    summary: 'Which nodes have which sessions',
    spec: BgpPeerSpec,
    check: checkBgpPeer,
  },
  {
    kind: 'BlockAffinity',
    plural: 'blockaffinities',
    shortNames: ['affinity', 'affinities'],
    summary: 'A claim of a node on a block',
    spec: BlockAffinitySpec,
    readOnly: true,
  },
  {
    kind: 'IPAMBlock',
    plural: 'ipamblocks',
    shortNames: ['block', 'blocks'],
    summary: 'A block and its usage',
    spec: IpamBlockSpec,
    readOnly: true,
  },
  {
    kind: 'IPAMHandle',
    plural: 'ipamhandles',
    shortNames: ['handle', 'handles'],
    summary: 'The addresses of one workload',
    spec: IpamHandleSpec,
    readOnly: true,
  },
  {
    kind: 'NodeStatus',
    plural: 'nodestatuses',
    shortNames: [],
    aliases: ['CalicoNodeStatus'],
    summary: 'What a node sees: sessions, routes, health',
    spec: NodeStatusSpec,
    readOnly: true,
  },
];

/** The kind of a manifest. */
export const kindOf = (name: string): Kind | undefined =>
  KINDS.find(({ kind, aliases = [] }) => kind === name || aliases.includes(name));

/** The kind a user means: kind, plural or short form, in any case. */
export function findKind(word: string): Kind | undefined {
  const name = word.toLowerCase();
  return KINDS.find(({ kind, plural, shortNames, aliases = [] }) =>
    [kind, plural, ...shortNames, ...aliases].some((one) => one.toLowerCase() === name),
  );
}

/** Every word that findKind takes, for suggestions and completion. */
export const kindWords = (): string[] =>
  KINDS.flatMap(({ kind, plural, shortNames }) => [kind.toLowerCase(), plural, ...shortNames]);
