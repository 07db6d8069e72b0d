/** What would become of sessions and routes if resources changed; and what looks wrong as it is. */
import { anyGroup } from '@tortie/cluster/schema';
import { PendingChange } from './cluster.js';
import { Count } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

export const Finding = Type.Object({
  code: Type.String({ description: 'Stable' }),
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('info')]),
  subject: Type.String(),
  text: Type.String(),
  remedy: Type.String({ description: 'What would be right' }),
});
export type Finding = Static<typeof Finding>;

export const Doctor = Type.Object({
  ok: Type.Boolean({ description: 'No finding is an error or a warning' }),
  findings: Type.Array(Finding),
});
export type Doctor = Static<typeof Doctor>;

export const PlanRequest = Type.Object(
  {
    resources: Type.Optional(
      Type.Array(anyGroup({ description: 'As manifests have them, lists included' }), {
        maxItems: 10000,
        description: 'Resources as they would be',
      }),
    ),
    delete: Type.Optional(
      Type.Array(Type.Object({ kind: Type.String(), name: Type.String() }, closed), {
        maxItems: 10000,
        description: 'Resources that would be gone',
      }),
    ),
  },
  closed,
);
export type PlanRequest = Static<typeof PlanRequest>;

export const FateCounts = Type.Object({
  added: Count,
  removed: Count,
  reset: Type.Integer({ minimum: 0, description: 'Down, and up again' }),
  refreshed: Type.Integer({ minimum: 0, description: 'Routes go again, the session stays' }),
  kept: Count,
});

export const PlannedSession = Type.Object({
  fate: Type.Union([
    Type.Literal('added'),
    Type.Literal('removed'),
    Type.Literal('reset'),
    Type.Literal('refreshed'),
    Type.Literal('kept'),
  ]),
  name: Type.String(),
  node: Type.Optional(Type.String()),
  remoteAddress: Type.Optional(Type.String({ description: 'Absent where it is not known beforehand' })),
  interface: Type.Optional(Type.String({ description: 'Whoever is at its far end' })),
  range: Type.Optional(Type.String({ description: 'Whoever dials from inside of it' })),
  origin: Type.String(),
  formerly: Type.Optional(Type.String({ description: 'What asks for it now, where that is another' })),
});
export type PlannedSession = Static<typeof PlannedSession>;

export const Plan = Type.Object({
  node: Type.String({ description: 'This one; its sessions and routes are told one by one' }),
  sessions: Type.Array(PlannedSession),
  counts: FateCounts,
  held: Type.Array(PendingChange, { description: 'Of that, what would be held until it is confirmed' }),
  routes: Type.Object({
    lost: Type.Array(Type.String(), { description: 'Prefixes that only sessions have that go' }),
    gained: Type.Array(Type.String(), { description: 'Blocks of nodes that new sessions lead to' }),
    truncated: Type.Boolean({ description: 'There are more' }),
  }),
  others: Type.Array(Type.Object({ node: Type.String(), counts: FateCounts }), {
    description: 'Other nodes whose sessions would change',
  }),
  total: FateCounts,
  findings: Type.Array(Finding, { description: 'What would look wrong and does not now' }),
});
export type Plan = Static<typeof Plan>;
