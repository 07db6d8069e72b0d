/** Kinds that are read only: what address management has done, and what nodes see. */
import { type Static, Type } from '../schema/type.js';
import type { Resource } from './resource.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });

export const BlockAffinitySpec = Type.Object(
  {
    cidr: Type.String({ description: 'The block' }),
    node: Type.String({ description: 'The node that has claimed it' }),
    state: Type.Union([Type.Literal('pending'), Type.Literal('confirmed'), Type.Literal('pendingDeletion')], {
      description: 'Only confirmed ones are announced',
    }),
  },
  { description: 'A claim of a node on a block' },
);
export type BlockAffinity = Resource<'BlockAffinity', Static<typeof BlockAffinitySpec>>;

export const IpamBlockSpec = Type.Object(
  {
    cidr: Type.String({ description: 'The block' }),
    pool: Type.Optional(Type.String({ description: 'The pool it was cut from' })),
    affinity: Type.Optional(Type.String({ description: 'host:NODE; absent: it belongs to nobody' })),
    state: Type.String({ description: 'Of the affinity' }),
    size: count('Addresses of the block'),
    assigned: count('In use'),
    resting: count('Released, and not yet used again'),
    reserved: count('Of an IPReservation'),
    free: count('To be had'),
    allocations: Type.Optional(
      Type.Array(Type.Object({ address: Type.String(), handle: Type.String(), node: Type.Optional(Type.String()) }), {
        description: 'Who has which address; when one block is asked for',
      }),
    ),
  },
  { description: 'A block and its usage' },
);
export type IpamBlock = Resource<'IPAMBlock', Static<typeof IpamBlockSpec>>;

export const IpamHandleSpec = Type.Object(
  {
    handleID: Type.String({ description: 'The workload' }),
    addresses: Type.Array(Type.String(), { description: 'What it has' }),
    node: Type.String({ description: 'Where it is' }),
    blocks: Type.Array(Type.String(), { description: 'The blocks they are from' }),
  },
  { description: 'The addresses of one workload' },
);
export type IpamHandle = Resource<'IPAMHandle', Static<typeof IpamHandleSpec>>;

const SessionStatus = Type.Object({
  peer: Type.String({ description: 'Its name' }),
  address: Type.String({ description: 'Its address' }),
  type: Type.String({ description: 'ebgp or ibgp' }),
  state: Type.String({ description: 'established, down or admin-down' }),
  since: Type.Optional(Type.String({ description: 'When it was established' })),
  cause: Type.Optional(Type.String({ description: 'Why there is none' })),
});

export const NodeStatusSpec = Type.Object(
  {
    node: Type.String({ description: 'The node' }),
    ready: Type.Optional(Type.Boolean({ description: 'Whether it does its work' })),
    problems: Type.Optional(Type.Array(Type.String(), { description: 'Why it is not ready' })),
    sessions: Type.Optional(
      Type.Object(
        {
          configured: count('Sessions that should be'),
          established: count('Those that are'),
          peers: Type.Array(SessionStatus, { description: 'Those that are not established first; at most 100' }),
        },
        { description: 'BGP sessions' },
      ),
    ),
    routes: Type.Optional(
      Type.Object(
        {
          ipv4: count('IPv4 prefixes that have a route'),
          ipv6: count('IPv6 prefixes that have a route'),
          installed: count('Routes in the kernel'),
          failed: count('Routes the kernel refuses'),
        },
        { description: 'Routes; the numbers are up to a minute old' },
      ),
    ),
    blocks: Type.Optional(Type.Array(Type.String(), { description: 'Own blocks' })),
    updatedAt: Type.Optional(Type.String({ description: 'When the node last said something else than before' })),
  },
  { description: 'What a node sees, and what it says of itself', additionalProperties: true },
);
export type NodeStatus = Resource<'NodeStatus', Static<typeof NodeStatusSpec>>;
