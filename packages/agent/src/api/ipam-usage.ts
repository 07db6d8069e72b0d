/** How full address management is, what one address is, and the settings that hold for all of it. */
import { Assignment } from './ipam.js';
import { Count, IpPrefix, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };
const Many = (description: string) => Type.Number({ minimum: 0, description });

/** total = inUse + reserved + resting + free, of the whole pool. Beyond 2^53 numbers are rounded. */
export const PoolUsage = Type.Object({
  pool: Type.String(),
  cidr: Type.String(),
  blockSize: Type.Integer(),
  disabled: Type.Boolean(),
  terminating: Type.Boolean(),
  total: Many('Addresses of the pool'),
  inUse: Count,
  reserved: Many('Reserved and not in use'),
  resting: Type.Integer({ minimum: 0, description: 'Released, and not yet used again' }),
  free: Many('Whether cut into blocks already or not'),
  blocks: Count,
  maxBlocks: Many('How many blocks the pool can be cut into'),
});
export type PoolUsage = Static<typeof PoolUsage>;

export const IpamUsage = Type.Object({ pools: Type.Array(PoolUsage) });
export type IpamUsage = Static<typeof IpamUsage>;

export const IpamNode = Type.Object({
  node: Type.String({ description: "A node's name, or virtual:load-balancer" }),
  known: Type.Boolean({
    description: 'false: neither a record nor an agent of it is there; what it had is garbage',
  }),
  blocks4: Count,
  blocks6: Count,
  maxBlocksPerHost: Type.Integer({ minimum: 0, description: 'Per IP version; 0: no limit' }),
  visits: Type.Integer({ minimum: 0, description: 'Blocks of others in which it has addresses' }),
});
export type IpamNode = Static<typeof IpamNode>;

export const IpamNodeList = Type.Object({ nodes: Type.Array(IpamNode) });
export type IpamNodeList = Static<typeof IpamNodeList>;

export const AddressState = Type.Object({
  address: Type.String(),
  state: Type.Union(
    [
      Type.Literal('outside'),
      Type.Literal('free'),
      Type.Literal('used'),
      Type.Literal('reserved'),
      Type.Literal('resting'),
      Type.Literal('unreadable'),
    ],
    { description: 'outside: in no pool; unreadable: the record of its block is damaged' },
  ),
  pool: Type.Optional(Type.String()),
  block: Type.Optional(Type.String()),
  blockNode: Type.Optional(Type.String({ description: 'Who owns the block' })),
  assignment: Type.Optional(Assignment),
  facts: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), value: Type.String() }), {
      description: 'Kept with the assignment: namespace, pod, …',
    }),
  ),
  reservations: Type.Array(Type.String()),
  freeAt: Type.Optional(Timestamp),
});
export type AddressState = Static<typeof AddressState>;

const settings = {
  strictAffinity: Type.Boolean({ description: 'Nodes use only their own blocks' }),
  autoAllocateBlocks: Type.Boolean({ description: 'Nodes claim blocks by themselves' }),
  maxBlocksPerHost: Type.Integer({ minimum: 0, maximum: 1000000, description: 'Per IP version; 0: no limit' }),
  cooldownS: Type.Integer({ minimum: 0, maximum: 86400, description: 'How long a released address rests' }),
  leakGraceS: Type.Integer({
    minimum: 0,
    maximum: 604800,
    description: 'How long a workload is gone before its addresses are freed; 0: never',
  }),
};

export const IpamSettings = Type.Object(settings);
export type IpamSettings = Static<typeof IpamSettings>;

export const IpamSettingsPatch = Type.Object(
  {
    strictAffinity: Type.Optional(settings.strictAffinity),
    autoAllocateBlocks: Type.Optional(settings.autoAllocateBlocks),
    maxBlocksPerHost: Type.Optional(settings.maxBlocksPerHost),
    cooldownS: Type.Optional(settings.cooldownS),
    leakGraceS: Type.Optional(settings.leakGraceS),
  },
  closed,
);
export type IpamSettingsPatch = Static<typeof IpamSettingsPatch>;

export const ReservationSpec = Type.Object({ cidrs: Type.Array(IpPrefix, { minItems: 1, maxItems: 1000 }) }, closed);
export type ReservationSpec = Static<typeof ReservationSpec>;

export const Reservation = Type.Object({ name: Type.String(), cidrs: Type.Array(Type.String()) });
export type Reservation = Static<typeof Reservation>;

export const ReservationList = Type.Object({ reservations: Type.Array(Reservation) });
export type ReservationList = Static<typeof ReservationList>;
