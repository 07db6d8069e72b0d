/** IPPool: a range of addresses, and who may have them. Kept as the pool of address management, and nowhere else. */
import { formatPrefix, parsePrefix, prefixesOverlap } from '@tortie/ip';
import { BLOCK_SIZES } from '@tortie/ipam';
import { type Static, Type } from '../schema/type.js';
import { Faults, type Findings } from './findings.js';
import { extension, noEffect, refused } from './marks.js';
import type { Resource } from './resource.js';
import { oneOf, prefix, selector } from './text.js';

const closed = { additionalProperties: false };
const FORMER = 'this is of an older API, and Calico refuses it as well';

export const IpPoolSpec = Type.Object(
  {
    cidr: prefix('The addresses; never changes'),
    blockSize: Type.Optional(
      Type.Integer({
        minimum: 20,
        maximum: 128,
        description: 'Length of its blocks: 20 to 32, default 26; IPv6 116 to 128, default 122. Never changes',
      }),
    ),
    nodeSelector: Type.Optional(selector('Nodes that may have addresses of it', { default: 'all()' })),
    namespaceSelector: Type.Optional(
      selector('Namespaces whose pods may have addresses of it; both selectors must match', { default: 'all()' }),
    ),
    disabled: Type.Optional(Type.Boolean({ default: false, description: 'true: no new assignments' })),
    allowedUses: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Literal('Workload'),
          Type.Literal('Tunnel'),
          Type.Literal('LoadBalancer', noEffect('no services get addresses')),
        ]),
        { uniqueItems: true, maxItems: 3, default: ['Workload', 'Tunnel'], description: 'What its addresses are for' },
      ),
    ),
    assignmentMode: Type.Optional(
      oneOf(['Automatic', 'Manual'], {
        default: 'Automatic',
        description: 'Manual: only for requests that name the pool',
      }),
    ),
    natOutgoing: Type.Optional(Type.Boolean({ default: false, description: 'Masquerade what leaves the pools' })),
    disableBGPExport: Type.Optional(
      Type.Boolean({ default: false, description: 'true: its blocks are not announced' }),
    ),
    vxlanMode: Type.Optional(
      oneOf(['Never', 'CrossSubnet', 'Always'], {
        default: 'Never',
        description: 'VXLAN between nodes; CrossSubnet: only where they are in different subnets',
      }),
    ),
    ipipMode: Type.Optional(
      oneOf(['Never', 'CrossSubnet', 'Always'], {
        default: 'Never',
        description: 'IP in IP between nodes, for IPv4; CrossSubnet: only where they are in different subnets',
      }),
    ),
    wireguardMode: Type.Optional(
      oneOf(['Never', 'CrossSubnet', 'Always'], {
        description: 'WireGuard between nodes, which encrypts; at most one of the three modes is another than Never',
        ...extension(),
      }),
    ),
    hostGateway: Type.Optional(
      Type.Boolean({
        description: 'true: without a tunnel routes lead straight to the other nodes, all on one subnet, without BGP',
        ...extension(),
      }),
    ),
    ipip: Type.Optional(Type.Object({}, { description: 'Former ipipMode', ...refused(FORMER) })),
    'nat-outgoing': Type.Optional(Type.Boolean({ description: 'Former natOutgoing', ...refused(FORMER, ['true']) })),
  },
  { ...closed, description: 'A range of addresses' },
);
export type IpPoolSpec = Static<typeof IpPoolSpec>;
export type IpPool = Resource<'IPPool', IpPoolSpec>;

const LINK_LOCAL = [parsePrefix('169.254.0.0/16'), parsePrefix('fe80::/10')];

export function checkIpPool({ spec }: IpPool): Findings {
  const found = new Faults();
  const cidr = parsePrefix(spec.cidr);
  const { least, most, default: usual } = BLOCK_SIZES[cidr.version];
  const size = spec.blockSize ?? usual;
  if (size < least || size > most) {
    found.add('/spec/blockSize', `is ${size}`, `${least} to ${most} for an IPv${cidr.version} pool, usually ${usual}`);
  } else if (size < cidr.length) {
    const at = spec.blockSize === undefined ? '/spec/cidr' : '/spec/blockSize';
    found.add(at, `a block of /${size} does not fit into ${spec.cidr}`, `a blockSize of ${cidr.length} to ${most}`);
  }
  const reserved = LINK_LOCAL.find((one) => prefixesOverlap(one, cidr));
  if (reserved)
    found.add('/spec/cidr', `${spec.cidr} overlaps ${formatPrefix(reserved)}, which is link-local`, 'another');
  checkTunnels(spec, cidr.version, found);
  return found;
}

function checkTunnels(
  { ipipMode = 'Never', vxlanMode = 'Never', wireguardMode = 'Never', ...spec }: IpPoolSpec,
  version: 4 | 6,
  found: Faults,
): void {
  if (ipipMode !== 'Never' && vxlanMode !== 'Never') {
    found.add('/spec/ipipMode', `is ${ipipMode} beside vxlanMode ${vxlanMode}`, 'Never for one of the two');
  }
  if (wireguardMode !== 'Never' && (ipipMode !== 'Never' || vxlanMode !== 'Never')) {
    const beside = vxlanMode === 'Never' ? `ipipMode ${ipipMode}` : `vxlanMode ${vxlanMode}`;
    found.add('/spec/wireguardMode', `is ${wireguardMode} beside ${beside}`, 'Never for one of the two');
  }
  if (ipipMode !== 'Never' && version === 6) found.add('/spec/ipipMode', `is ${ipipMode} for an IPv6 pool`, 'Never');
  const { allowedUses, disableBGPExport, nodeSelector = 'all()' } = spec;
  if (allowedUses?.length === 0)
    found.add('/spec/allowedUses', 'is empty, so nothing could be assigned', 'a use, or none of it');
  if (!allowedUses?.includes('LoadBalancer')) return;
  const [field, right] =
    allowedUses.length > 1
      ? ['allowedUses', 'LoadBalancer alone']
      : ipipMode !== 'Never'
        ? ['ipipMode', 'Never']
        : vxlanMode !== 'Never'
          ? ['vxlanMode', 'Never']
          : wireguardMode !== 'Never'
            ? ['wireguardMode', 'Never']
            : disableBGPExport
              ? ['disableBGPExport', 'false']
              : nodeSelector !== 'all()'
                ? ['nodeSelector', 'all()']
                : [];
  if (field !== undefined) found.add(`/spec/${field}`, 'does not go with the use LoadBalancer', right);
}
