/** The table of each kind. */
import type { Kind, Resource } from '@tortie/cluster';
import type { Column } from '../output/table.js';

interface KindColumn extends Column<Resource> {
  /** Only with -o wide. */
  readonly wide?: true;
}

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | number | undefined =>
  value === undefined || value === null
    ? undefined
    : Array.isArray(value)
      ? value.length === 0
        ? undefined
        : value.map(text).join(',')
      : typeof value === 'boolean'
        ? value
          ? 'yes'
          : 'no'
        : typeof value === 'object'
          ? JSON.stringify(value)
          : (value as string | number);

const of = (title: string, read: (spec: Fields, resource: Resource) => unknown): KindColumn => ({
  title,
  value: (resource) => text(read(resource.spec as Fields, resource)),
});
const spec = (title: string, field: string): KindColumn => of(title, (fields) => fields[field]);
const wide = (column: KindColumn): KindColumn => ({ ...column, wide: true });
const right = (column: KindColumn): KindColumn => ({ ...column, right: true });

const statusOf = (resource: Resource): Fields => (resource as { status?: Fields }).status ?? {};
const bgpOf = (fields: Fields): Fields => (fields.bgp as Fields | undefined) ?? {};
const count = (value: unknown): number | undefined => (Array.isArray(value) ? value.length : undefined);
const cidrsOf = (value: unknown): unknown => (Array.isArray(value) ? value.map(({ cidr }) => cidr) : undefined);

const NAME: KindColumn = { title: 'NAME', value: ({ metadata }) => metadata.name };
const LABELS = wide(
  of('LABELS', (_, { metadata: { labels = {} } }) => Object.entries(labels).map(([key, value]) => `${key}=${value}`)),
);
const REVISION = wide(right(of('REVISION', (_, { metadata }) => metadata.resourceVersion)));

/** What a BGPPeer peers with. */
function remoteOf({ peerIP, peerSelector, interface: name, range }: Fields): unknown {
  if (peerSelector !== undefined) return `nodes ${peerSelector}`;
  return peerIP ?? (name === undefined ? `range ${range}` : `interface ${name}`);
}

const COLUMNS: Readonly<Record<string, readonly KindColumn[]>> = {
  BGPPeer: [
    of('NODES', ({ node, nodeSelector }) => node ?? nodeSelector ?? 'all()'),
    of('PEER', remoteOf),
    spec('ASN', 'asNumber'),
    spec('FILTERS', 'filters'),
    wide(of('PASSWORD', ({ password }) => password !== undefined)),
    wide(spec('NEXT-HOP', 'nextHopMode')),
    wide(spec('LOCAL-ASN', 'localASNumber')),
  ],
  BGPConfiguration: [
    spec('ASN', 'asNumber'),
    spec('MESH', 'nodeToNodeMeshEnabled'),
    spec('PORT', 'listenPort'),
    of('COMMUNITIES', ({ communities }) => count(communities)),
    wide(of('CLUSTER-IPS', ({ serviceClusterIPs }) => cidrsOf(serviceClusterIPs))),
    wide(of('LOADBALANCER-IPS', ({ serviceLoadBalancerIPs }) => cidrsOf(serviceLoadBalancerIPs))),
  ],
  BGPFilter: ['importV4', 'importV6', 'exportV4', 'exportV6'].map((field) =>
    right(of(field.replace(/V/, '-V').toUpperCase(), (fields) => count(fields[field]))),
  ),
  Node: [
    of('ASN', (fields, resource) => bgpOf(fields).asNumber ?? statusOf(resource).asn),
    of('IPV4', (fields, resource) => bgpOf(fields).ipv4Address ?? statusOf(resource).ipv4Address),
    of('IPV6', (fields, resource) => bgpOf(fields).ipv6Address ?? statusOf(resource).ipv6Address),
    of('REFLECTOR', (fields, resource) => bgpOf(fields).routeReflectorClusterID ?? statusOf(resource).clusterId),
    of('AGENT', (_, resource) => {
      const { version, alive } = statusOf(resource);
      return alive === false ? `${version} (down)` : version;
    }),
    wide(of('ROUTER-ID', (_, resource) => statusOf(resource).routerId)),
    wide(of('SINCE', (_, resource) => statusOf(resource).startedAt)),
  ],
  IPPool: [
    spec('CIDR', 'cidr'),
    of('BLOCK', ({ blockSize }) => `/${blockSize}`),
    spec('NAT', 'natOutgoing'),
    of('VXLAN', ({ vxlanMode }) => vxlanMode),
    of('IPIP', ({ ipipMode }) => ipipMode),
    of('STATE', ({ disabled }) => (disabled ? 'disabled' : 'enabled')),
    spec('NODES', 'nodeSelector'),
    wide(spec('NAMESPACES', 'namespaceSelector')),
    wide(spec('USES', 'allowedUses')),
    wide(spec('MODE', 'assignmentMode')),
    wide(of('BGP', ({ disableBGPExport }) => !disableBGPExport)),
    wide(of('WIREGUARD', ({ wireguardMode }) => wireguardMode ?? 'Never')),
    wide(of('HOST-GATEWAY', ({ hostGateway }) => hostGateway ?? false)),
  ],
  IPReservation: [spec('ADDRESSES', 'reservedCIDRs')],
  IPAMConfiguration: [
    spec('STRICT', 'strictAffinity'),
    spec('AUTO', 'autoAllocateBlocks'),
    right(spec('BLOCKS/NODE', 'maxBlocksPerHost')),
    of('REST', ({ ipCooldownSeconds }) => `${ipCooldownSeconds}s`),
    wide(of('LEAK-GRACE', ({ leakGraceSeconds }) => `${leakGraceSeconds}s`)),
  ],
  BlockAffinity: [spec('BLOCK', 'cidr'), spec('NODE', 'node'), spec('STATE', 'state')],
  IPAMBlock: [
    spec('BLOCK', 'cidr'),
    spec('POOL', 'pool'),
    spec('AFFINITY', 'affinity'),
    spec('STATE', 'state'),
    ...['size', 'assigned', 'resting', 'free'].map((field) => right(spec(field.toUpperCase(), field))),
    wide(right(spec('RESERVED', 'reserved'))),
  ],
  IPAMHandle: [spec('ADDRESSES', 'addresses'), spec('NODE', 'node'), wide(spec('BLOCKS', 'blocks'))],
  NodeStatus: [
    spec('READY', 'ready'),
    of('SESSIONS', ({ sessions }) => {
      const { established, configured } = (sessions ?? {}) as Fields;
      return sessions === undefined ? undefined : `${established} of ${configured}`;
    }),
    right(of('IPV4', ({ routes }) => (routes as Fields | undefined)?.ipv4)),
    right(of('IPV6', ({ routes }) => (routes as Fields | undefined)?.ipv6)),
    right(of('FAILED', ({ routes }) => (routes as Fields | undefined)?.failed)),
    spec('AGENT', 'version'),
    spec('UPDATED', 'updatedAt'),
    wide(spec('PROBLEMS', 'problems')),
  ],
};

export const columnsOf = ({ kind, readOnly }: Kind, all: boolean): readonly KindColumn[] =>
  [NAME, ...COLUMNS[kind]!, ...(readOnly ? [] : [LABELS, REVISION])].filter((column) => all || !column.wide);
