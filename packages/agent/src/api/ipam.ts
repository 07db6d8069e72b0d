/** Address management: pools, blocks, assignments, and the check of all invariants. */

import { Count, IpPrefix, ipAddress, NextCursor, PageQuery, resourceName, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

const changeable = {
  disabled: Type.Optional(Type.Boolean({ default: false, description: 'Stops new assignments only' })),
  nodeSelector: Type.Optional(Type.String({ maxLength: 1000 })),
  namespaceSelector: Type.Optional(Type.String({ maxLength: 1000 })),
  allowedUses: Type.Optional(
    Type.Array(Type.Union([Type.Literal('Workload'), Type.Literal('Tunnel'), Type.Literal('LoadBalancer')]), {
      uniqueItems: true,
    }),
  ),
  assignmentMode: Type.Optional(Type.Union([Type.Literal('Automatic'), Type.Literal('Manual')])),
  natOutgoing: Type.Optional(Type.Boolean({ default: false })),
  disableBGPExport: Type.Optional(
    Type.Boolean({ default: false, description: 'true: blocks of the pool are not announced' }),
  ),
  vxlanMode: Type.Optional(
    Type.Union([Type.Literal('Never'), Type.Literal('CrossSubnet'), Type.Literal('Always')], {
      default: 'Never',
      description: 'VXLAN between nodes; CrossSubnet: only to nodes in other subnets, straight to the others',
    }),
  ),
  ipipMode: Type.Optional(
    Type.Union([Type.Literal('Never'), Type.Literal('CrossSubnet'), Type.Literal('Always')], {
      default: 'Never',
      description: 'The same with IP in IP, for IPv4',
    }),
  ),
  wireguardMode: Type.Optional(
    Type.Union([Type.Literal('Never'), Type.Literal('CrossSubnet'), Type.Literal('Always')], {
      default: 'Never',
      description: 'The same with WireGuard, which encrypts; at most one of the three is another than Never',
    }),
  ),
  hostGateway: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Without a tunnel: routes lead straight to the other nodes, all on one subnet, without BGP',
    }),
  ),
};

export const PoolSpec = Type.Object(
  {
    name: resourceName(),
    cidr: IpPrefix,
    blockSize: Type.Optional(
      Type.Integer({ minimum: 20, maximum: 128, description: '20 to 32, default 26; IPv6: 116 to 128, default 122' }),
    ),
    ...changeable,
  },
  closed,
);
export type PoolSpec = Static<typeof PoolSpec>;

/** cidr and blockSize are immutable and therefore not here. */
export const PoolPatch = Type.Object(changeable, closed);
export type PoolPatch = Static<typeof PoolPatch>;

export const Pool = Type.Object({
  ...PoolSpec.properties,
  blockSize: Type.Integer(),
  disabled: Type.Boolean(),
  terminating: Type.Boolean({ description: 'It is deleted when its last address is released' }),
  assigned: Type.Optional(Type.Integer({ minimum: 0, description: 'Addresses in use' })),
  blocks: Type.Optional(Type.Integer({ minimum: 0, description: 'Blocks claimed' })),
  revision: Type.Integer({ description: 'Store revision; the ETag of the resource' }),
});
export type Pool = Static<typeof Pool>;

export const PoolDeleteQuery = Type.Object(
  {
    drain: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'true: also a pool in use; it goes when its last address is released',
      }),
    ),
  },
  closed,
);

/** How far the deletion of a pool has come. */
export const PoolRetirement = Type.Object({
  pool: Type.String(),
  stage: Type.Union([Type.Literal('draining'), Type.Literal('deleted')]),
  assigned: Count,
  blocks: Count,
  held: Type.Array(Type.Object({ address: Type.String(), handle: Type.String(), node: Type.String() }), {
    description: 'Some of the addresses that hold it up',
  }),
});
export type PoolRetirement = Static<typeof PoolRetirement>;

export const PoolSplit = Type.Object(
  { parts: Type.Integer({ minimum: 2, maximum: 64, description: 'A power of two' }) },
  closed,
);
export type PoolSplit = Static<typeof PoolSplit>;

export const PoolList = Type.Object({ pools: Type.Array(Pool) });
export type PoolList = Static<typeof PoolList>;

export const Block = Type.Object({
  cidr: Type.String(),
  pool: Type.Optional(Type.String()),
  node: Type.Optional(Type.String({ description: 'The node it belongs to; absent: none' })),
  state: Type.Union(
    [Type.Literal('pending'), Type.Literal('confirmed'), Type.Literal('pendingDeletion'), Type.Literal('none')],
    { description: 'State of the affinity' },
  ),
  size: Count,
  assigned: Count,
  resting: Type.Integer({ minimum: 0, description: 'Released, and not yet used again' }),
  reserved: Count,
  free: Count,
  borrowed: Type.Integer({ minimum: 0, description: 'Of the assigned addresses, those of other nodes than the owner' }),
  map: Type.Optional(
    Type.String({
      description:
        'With ?map=true: a character per `mapStep` addresses. . free, # used, b borrowed, r reserved, ~ resting; a digit where a group is mixed: tenths that are not free',
    }),
  ),
  mapStep: Type.Optional(Type.Integer({ minimum: 1, description: 'Addresses per character of the map' })),
});
export type Block = Static<typeof Block>;

export const BlockQuery = Type.Object(
  {
    node: Type.Optional(Type.String()),
    pool: Type.Optional(Type.String()),
    map: Type.Optional(Type.Boolean({ default: false })),
    ...PageQuery,
  },
  closed,
);

export const BlockPage = Type.Object({ blocks: Type.Array(Block), nextCursor: NextCursor });
export type BlockPage = Static<typeof BlockPage>;

export const Assignment = Type.Object({
  address: Type.String(),
  handle: Type.String(),
  node: Type.Optional(Type.String()),
  block: Type.String(),
  pool: Type.Optional(Type.String()),
  borrowed: Type.Optional(Type.Boolean({ description: "From another node's block" })),
  sequence: Type.Optional(Count),
  since: Type.Optional(Timestamp),
});
export type Assignment = Static<typeof Assignment>;

export const AssignmentQuery = Type.Object(
  {
    handle: Type.Optional(Type.String()),
    node: Type.Optional(Type.String()),
    block: Type.Optional(IpPrefix),
    borrowed: Type.Optional(Type.Boolean({ description: 'true: only those from blocks of others' })),
    ...PageQuery,
  },
  { additionalProperties: false },
);
export type AssignmentQuery = Static<typeof AssignmentQuery>;

export const AssignmentPage = Type.Object({ assignments: Type.Array(Assignment), nextCursor: NextCursor });
export type AssignmentPage = Static<typeof AssignmentPage>;

export const Handle = Type.String({
  minLength: 1,
  maxLength: 150,
  format: 'handle',
  pattern: '^[^/\\s]+$',
  description: 'Names one workload; no slash, no space',
});

/** Either counts per family, or one fixed address. */
export const AssignmentRequest = Type.Object(
  {
    handle: Handle,
    ipv4: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
    ipv6: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
    pool: Type.Optional(resourceName()),
    address: Type.Optional(ipAddress()),
  },
  closed,
);
export type AssignmentRequest = Static<typeof AssignmentRequest>;

export const AssignmentResult = Type.Object({ handle: Type.String(), assignments: Type.Array(Assignment) });
export type AssignmentResult = Static<typeof AssignmentResult>;

export const ReleaseResult = Type.Object({ handle: Type.String(), released: Type.Array(Type.String()) });
export type ReleaseResult = Static<typeof ReleaseResult>;
