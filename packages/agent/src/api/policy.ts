/** Route policies as a user writes them: ordered terms, the first that matches decides. */

import {
  Asn,
  AsPathExpression,
  Community,
  CommunityPattern,
  FamilyText,
  IpPrefix,
  LargeCommunityText,
  resourceName,
  StandardCommunity,
} from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

export const PrefixMatch = Type.Object(
  {
    prefix: IpPrefix,
    ge: Type.Optional(Type.Integer({ minimum: 0, maximum: 128, description: 'Shortest length that matches' })),
    le: Type.Optional(Type.Integer({ minimum: 0, maximum: 128, description: 'Longest length that matches' })),
  },
  { ...closed, description: 'A prefix; without ge and le exactly this one' },
);
export type PrefixMatch = Static<typeof PrefixMatch>;

const names = (description: string) => Type.Array(resourceName(), { maxItems: 256, description });

const ends = {
  min: Type.Optional(Type.Integer({ minimum: 0, maximum: 4294967295 })),
  max: Type.Optional(Type.Integer({ minimum: 0, maximum: 4294967295 })),
};

/** Both ends belong to it. */
const range = (description: string) => Type.Object(ends, { ...closed, description });

const word = () => Type.Integer({ minimum: 0, maximum: 4294967295 });

export const PolicyMatch = Type.Object(
  {
    families: Type.Optional(Type.Array(FamilyText, { description: 'The route is of one of these' })),
    prefixes: Type.Optional(Type.Array(PrefixMatch, { maxItems: 4096 })),
    prefixSets: Type.Optional(names('Names of prefixSets; they add to prefixes')),
    communities: Type.Optional(
      Type.Array(CommunityPattern, {
        maxItems: 256,
        description: 'The route carries one of these; 65000:* is any of 65000',
      }),
    ),
    communitySets: Type.Optional(names('Names of communitySets; they add to communities')),
    asPaths: Type.Optional(
      Type.Array(AsPathExpression, {
        maxItems: 256,
        description: 'One of these matches the AS path, like ^64512 .* [65000-65100]$ (README, AS paths)',
      }),
    ),
    asPathSets: Type.Optional(names('Names of asPathSets; they add to asPaths')),
    originAsns: Type.Optional(
      Type.Array(Asn, { maxItems: 256, description: 'The last AS of the path is one of these' }),
    ),
    neighbourAsns: Type.Optional(
      Type.Array(Asn, { maxItems: 256, description: 'The first AS of the path is one of these' }),
    ),
    asPathLength: Type.Optional(range('How many ASes the path has')),
    nextHops: Type.Optional(Type.Array(IpPrefix, { maxItems: 256, description: 'The next hop lies in one of these' })),
    peers: Type.Optional(names('Names of peers: the route came from one of them')),
    sources: Type.Optional(
      Type.Array(Type.Union([Type.Literal('own'), Type.Literal('ebgp'), Type.Literal('ibgp')]), {
        description: 'own: announced by this node; ebgp, ibgp: learned so',
      }),
    ),
    med: Type.Optional(range('MED; absent counts as 0')),
    localPref: Type.Optional(range('LOCAL_PREF; absent counts as 100')),
  },
  { ...closed, description: 'All that is given must hold; absent: matches every route' },
);
export type PolicyMatch = Static<typeof PolicyMatch>;

export const PolicySet = Type.Object(
  {
    localPref: Type.Optional(word()),
    med: Type.Optional(word()),
    origin: Type.Optional(Type.Union([Type.Literal('igp'), Type.Literal('egp'), Type.Literal('incomplete')])),
    nextHop: Type.Optional(
      Type.String({
        format: 'next-hop',
        description:
          'An address; on import also peer, on export also self. Of the IP version of the route, else it stays',
      }),
    ),
    communities: Type.Optional(
      Type.Array(StandardCommunity, { maxItems: 64, description: 'Replaces all communities but the large ones' }),
    ),
    largeCommunities: Type.Optional(
      Type.Array(LargeCommunityText, { maxItems: 64, description: 'Replaces all large communities' }),
    ),
    removeCommunities: Type.Optional(
      Type.Array(CommunityPattern, { maxItems: 64, description: 'Taken out before others are added' }),
    ),
    addCommunities: Type.Optional(Type.Array(Community, { maxItems: 64 })),
    prepend: Type.Optional(
      Type.Object(
        { asn: Type.Optional(Asn), count: Type.Integer({ minimum: 1, maximum: 32 }) },
        { ...closed, description: 'Own ASN unless asn says otherwise' },
      ),
    ),
  },
  { ...closed, description: 'Changes to a route that is accepted, or goes on' },
);
export type PolicySet = Static<typeof PolicySet>;

export const PolicyTerm = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'How "why" calls the term' })),
    match: Type.Optional(PolicyMatch),
    action: Type.Optional(
      Type.Union([Type.Literal('accept'), Type.Literal('reject'), Type.Literal('next')], {
        description: 'next: change the route and ask the terms behind. Needed unless policy is given',
      }),
    ),
    policy: Type.Optional(resourceName('The terms of this one of policies stand here; then nothing else may be given')),
    set: Type.Optional(PolicySet),
  },
  closed,
);
export type PolicyTerm = Static<typeof PolicyTerm>;

export const Policy = Type.Array(PolicyTerm, {
  maxItems: 1024,
  description: 'Ordered terms; the first that matches decides',
});
export type Policy = Static<typeof Policy>;

export const Verdict = Type.Union([Type.Literal('accept'), Type.Literal('reject')]);

/** The parts of policies that several peers use, by name. */
export const policyFields = {
  policies: Type.Optional(
    Type.Array(
      Type.Object(
        {
          name: resourceName(),
          terms: Policy,
          default: Type.Optional(
            Type.Union([Type.Literal('accept'), Type.Literal('reject')], {
              description: 'What becomes of a route that none of the terms decides on; absent: it goes on behind them',
            }),
          ),
        },
        closed,
      ),
      { maxItems: 1000, description: 'Policies that terms of peers name' },
    ),
  ),
  prefixSets: Type.Optional(
    Type.Array(Type.Object({ name: resourceName(), prefixes: Type.Array(PrefixMatch, { maxItems: 65536 }) }, closed), {
      maxItems: 1000,
      description: 'Lists of prefixes that terms name',
    }),
  ),
  communitySets: Type.Optional(
    Type.Array(
      Type.Object({ name: resourceName(), communities: Type.Array(CommunityPattern, { maxItems: 4096 }) }, closed),
      { maxItems: 1000, description: 'Lists of communities that terms name' },
    ),
  ),
  asPathSets: Type.Optional(
    Type.Array(
      Type.Object({ name: resourceName(), asPaths: Type.Array(AsPathExpression, { maxItems: 256 }) }, closed),
      {
        maxItems: 1000,
        description: 'Lists of AS path expressions that terms name',
      },
    ),
  ),
};

const PolicyFields = Type.Object(policyFields);
/** What terms can name. */
export type PolicyLibrary = Static<typeof PolicyFields>;

/** How a policy came to its verdict; terms by name, else by their place: `import[2]`. */
export const PolicyVerdict = Type.Object({
  verdict: Verdict,
  term: Type.Optional(Type.String({ description: 'The term that decided; absent: none did' })),
  passed: Type.Optional(Type.Array(Type.String(), { description: 'Terms before it that matched and went on' })),
});
export type PolicyVerdict = Static<typeof PolicyVerdict>;
