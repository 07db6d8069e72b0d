/** The node at a glance, its health, and what happened lately. */

import { FibSummary } from './fib.js';
import { Problem } from './problem.js';
import { Count, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

export const Condition = Type.Object({
  name: Type.String({
    description: 'Stable: sessions, kernel, store, blocks; masquerade and ways where pools ask for them',
  }),
  ok: Type.Boolean(),
  detail: Type.String(),
});
export type Condition = Static<typeof Condition>;

export const Health = Type.Object({ ok: Type.Boolean(), conditions: Type.Array(Condition) });
export type Health = Static<typeof Health>;

/** Answer 503 of /v1/health/ready: a problem that carries the conditions. */
export const NotReady = Type.Object({ ...Problem.properties, ...Health.properties });
export type NotReady = Static<typeof NotReady>;

export const Status = Type.Object({
  node: Type.String(),
  version: Type.String(),
  startedAt: Timestamp,
  uptimeS: Type.Number(),
  asn: Count,
  routerId: Type.String(),
  routerIdSource: Type.Union([Type.Literal('configured'), Type.Literal('address'), Type.Literal('hash')]),
  clusterId: Type.Optional(Type.String({ description: 'Present on a route reflector' })),
  configFile: Type.Optional(Type.String()),
  importPolicy: Type.Union([Type.Literal('pools'), Type.Literal('all')]),
  sessions: Type.Object({ configured: Count, established: Count, adminDown: Count }),
  routes: Type.Object({
    ipv4: Type.Integer({ minimum: 0, description: 'Prefixes in loc-rib' }),
    ipv6: Count,
    candidates: Type.Integer({ minimum: 0, description: 'Routes of all peers together' }),
  }),
  fib: FibSummary,
  blocks: Type.Array(Type.String(), { description: 'Own confirmed blocks' }),
  api: Type.Object({ socket: Type.Optional(Type.String()), listen: Type.Optional(Type.String()) }),
  conditions: Type.Array(Condition),
  warnings: Type.Array(Type.String(), { description: 'What an operator should know, in whole sentences' }),
  memory: Type.Object({ residentOctets: Count, heapOctets: Count }),
});
export type Status = Static<typeof Status>;

export const AgentEvent = Type.Object({
  id: Type.Integer({ minimum: 1, description: 'Ascending, without gaps, from 1 at start' }),
  time: Timestamp,
  kind: Type.String({
    description:
      'session, peer, bfd, bmp, mrt, block, originated, fib, pod, nat, link, store, resource, cluster, agent',
  }),
  subject: Type.Optional(Type.String()),
  text: Type.String(),
  cause: Type.Optional(Type.String()),
});
export type AgentEvent = Static<typeof AgentEvent>;

export const EventQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only events with a greater id' })),
    kind: Type.Optional(Type.String({ maxLength: 40 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200, description: 'The newest so many' })),
  },
  { additionalProperties: false },
);
export type EventQuery = Static<typeof EventQuery>;

export const EventList = Type.Object({
  events: Type.Array(AgentEvent),
  lastId: Type.Integer({ minimum: 0, description: 'Pass it as after to follow' }),
  dropped: Type.Boolean({ description: 'Events after `after` have already left the ring' }),
});
export type EventList = Static<typeof EventList>;
