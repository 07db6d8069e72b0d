/** Routes as each table shows them, and why one of them is best. */

import { PolicyVerdict } from './policy.js';
import { Count, FamilyText, IpPrefix, NextCursor, PageQuery } from './text.js';
import { type Static, Type } from './type.js';

export const AsPathSegment = Type.Object({
  type: Type.Union([
    Type.Literal('sequence'),
    Type.Literal('set'),
    Type.Literal('confed-sequence'),
    Type.Literal('confed-set'),
  ]),
  asns: Type.Array(Type.Integer({ minimum: 0 })),
});

export const RouteAttributes = Type.Object({
  origin: Type.Union([Type.Literal('igp'), Type.Literal('egp'), Type.Literal('incomplete')]),
  asPath: Type.Array(AsPathSegment),
  asPathText: Type.String({ description: 'As operators write it: 64512 65001 {65002 65003}' }),
  nextHop: Type.Optional(Type.String()),
  linkLocalNextHop: Type.Optional(Type.String()),
  med: Type.Optional(Count),
  localPref: Type.Optional(Count),
  atomicAggregate: Type.Optional(Type.Boolean()),
  aggregator: Type.Optional(Type.Object({ asn: Count, address: Type.String() })),
  communities: Type.Optional(Type.Array(Type.String())),
  largeCommunities: Type.Optional(Type.Array(Type.String())),
  extendedCommunities: Type.Optional(Type.Array(Type.String({ description: '16 hex digits' }))),
  onlyToCustomer: Type.Optional(Type.Integer({ minimum: 0, description: 'ASN (RFC 9234)' })),
  originatorId: Type.Optional(Type.String()),
  clusterList: Type.Optional(Type.Array(Type.String())),
  unknown: Type.Optional(
    Type.Array(Type.Object({ type: Count, flags: Count, value: Type.String({ description: 'Hex' }) })),
  ),
});
export type RouteAttributes = Static<typeof RouteAttributes>;

/** A route of one peer's adj-rib-in or adj-rib-out. */
export const PeerRoute = Type.Object({
  prefix: Type.String(),
  pathId: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 4294967295, description: 'Path identifier, where it is not 0 (RFC 7911)' }),
  ),
  attributes: RouteAttributes,
  stale: Type.Optional(Type.Boolean({ description: 'Kept while the peer restarts' })),
  eligible: Type.Optional(Type.Boolean({ description: 'May become best' })),
  reason: Type.Optional(Type.String({ description: 'Why it is not eligible, or was rejected' })),
});
export type PeerRoute = Static<typeof PeerRoute>;

export const PeerRoutePage = Type.Object({ routes: Type.Array(PeerRoute), nextCursor: NextCursor });
export type PeerRoutePage = Static<typeof PeerRoutePage>;

export const AdjRibInQuery = Type.Object(
  {
    policy: Type.Optional(Type.Union([Type.Literal('before'), Type.Literal('after')], { default: 'after' })),
    family: Type.Optional(FamilyText),
    ...PageQuery,
  },
  { additionalProperties: false },
);
export type AdjRibInQuery = Static<typeof AdjRibInQuery>;

export const AdjRibOutQuery = Type.Object(
  { family: Type.Optional(FamilyText), ...PageQuery },
  { additionalProperties: false },
);
export type AdjRibOutQuery = Static<typeof AdjRibOutQuery>;

/** One route that stood for election, with the row of the decision process that beat it. */
export const Candidate = Type.Object({
  peer: Type.Optional(Type.String({ description: 'Absent: originated here' })),
  best: Type.Boolean(),
  multipath: Type.Optional(Type.Boolean({ description: 'Installed beside the best' })),
  eligible: Type.Boolean(),
  reason: Type.Optional(Type.String({ description: 'The tie-break that beat it, or why it is not eligible' })),
  stale: Type.Optional(Type.Boolean()),
  policy: Type.Optional(PolicyVerdict),
  attributes: RouteAttributes,
});
export type Candidate = Static<typeof Candidate>;

export const Route = Type.Object({ prefix: Type.String(), family: FamilyText, candidates: Type.Array(Candidate) });
export type Route = Static<typeof Route>;

export const RoutePage = Type.Object({ routes: Type.Array(Route), nextCursor: NextCursor });
export type RoutePage = Static<typeof RoutePage>;

export const RouteQuery = Type.Object(
  {
    family: Type.Optional(FamilyText),
    prefix: Type.Optional(IpPrefix),
    longer: Type.Optional(Type.Boolean({ default: false, description: 'With prefix: also every more specific one' })),
    ...PageQuery,
  },
  { additionalProperties: false },
);
export type RouteQuery = Static<typeof RouteQuery>;

export const WhyQuery = Type.Object(
  {
    prefix: Type.String({
      format: 'ip-prefix-or-address',
      description: 'A prefix, or an address: then the longest prefix that holds it',
    }),
  },
  { additionalProperties: false },
);

/** What becomes of the best route towards one peer with a session. */
export const RouteExport = Type.Object({
  peer: Type.String(),
  advertised: Type.Boolean(),
  reason: Type.Optional(
    Type.Union(
      [
        Type.Literal('source'),
        Type.Literal('not-admitted'),
        Type.Literal('route-leak'),
        Type.Literal('long-lived-stale'),
        Type.Literal('rejected-by-policy'),
        Type.Literal('too-long'),
      ],
      {
        description:
          'Why not: it is the peer that sent it; a community, the rules of reflection or the next hop keep it; it may only go to customers; it is long-lived stale and the peer does not know that; its export policy does; no message is long enough',
      },
    ),
  ),
  policy: Type.Optional(PolicyVerdict),
});
export type RouteExport = Static<typeof RouteExport>;

export const Why = Type.Object({
  prefix: Type.String(),
  explanation: Type.Array(Type.String(), { description: 'The decision in sentences, in the order it was made' }),
  candidates: Type.Array(Candidate),
  exports: Type.Array(RouteExport, { description: 'The best route towards every peer with a session' }),
  fib: Type.Optional(
    Type.Object(
      { state: Type.String(), error: Type.Optional(Type.String()), taken: Type.Optional(Type.String()) },
      { description: 'What the kernel did; taken: by which route of others packets go instead' },
    ),
  ),
});
export type Why = Static<typeof Why>;
