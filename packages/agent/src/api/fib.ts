/** The kernel's routes as this node programs them. */

import { Count, FamilyText, IpPrefix, NextCursor, PageQuery } from './text.js';
import { type Static, Type } from './type.js';

export const FibState = Type.Union([
  Type.Literal('installed'),
  Type.Literal('pending'),
  Type.Literal('failed'),
  Type.Literal('stale'),
]);
export type FibState = Static<typeof FibState>;

export const FibRoute = Type.Object({
  prefix: Type.String(),
  kind: Type.Union([Type.Literal('unicast'), Type.Literal('blackhole')]),
  state: FibState,
  nextHops: Type.Array(Type.Object({ gateway: Type.Optional(Type.String()), interface: Type.Optional(Type.String()) })),
  source: Type.String({
    description:
      'bgp; block for an own one; node for the block of another node that is not reached by BGP; kernel for a route of an earlier run',
  }),
  error: Type.Optional(Type.String({ description: "The kernel's own words" })),
  taken: Type.Optional(
    Type.String({ description: 'By which route of others packets go instead, as of the last look at it' }),
  ),
  since: Type.Optional(Type.String()),
});
export type FibRoute = Static<typeof FibRoute>;

export const FibSummary = Type.Object({
  programming: Type.Boolean({ description: 'false: this node programs nothing; reason says why' }),
  reason: Type.Optional(Type.String()),
  protocol: Count,
  metric: Count,
  table: Count,
  installed: Count,
  pending: Count,
  failed: Count,
  stale: Count,
});
export type FibSummary = Static<typeof FibSummary>;

export const FibPage = Type.Object({ summary: FibSummary, routes: Type.Array(FibRoute), nextCursor: NextCursor });
export type FibPage = Static<typeof FibPage>;

export const FibQuery = Type.Object(
  {
    family: Type.Optional(FamilyText),
    prefix: Type.Optional(IpPrefix),
    state: Type.Optional(FibState),
    ...PageQuery,
  },
  { additionalProperties: false },
);
export type FibQuery = Static<typeof FibQuery>;
