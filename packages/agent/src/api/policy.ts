/** Route policies as a user writes them: ordered terms, the first that matches decides. */

import { Asn, Community, IpPrefix, StandardCommunity } from './text.js';
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

export const PolicyTerm = Type.Object(
  {
    match: Type.Optional(
      Type.Object(
        {
          prefixes: Type.Optional(Type.Array(PrefixMatch, { maxItems: 4096 })),
          communities: Type.Optional(
            Type.Array(StandardCommunity, { maxItems: 256, description: 'The route carries one of these' }),
          ),
          originAsns: Type.Optional(
            Type.Array(Asn, { maxItems: 256, description: 'The last AS of the path is one of these' }),
          ),
        },
        { ...closed, description: 'All that is given must hold; absent: matches every route' },
      ),
    ),
    action: Type.Union([Type.Literal('accept'), Type.Literal('reject')]),
    set: Type.Optional(
      Type.Object(
        {
          localPref: Type.Optional(Type.Integer({ minimum: 0, maximum: 4294967295 })),
          med: Type.Optional(Type.Integer({ minimum: 0, maximum: 4294967295 })),
          communities: Type.Optional(
            Type.Array(StandardCommunity, { maxItems: 64, description: 'Replaces all communities' }),
          ),
          addCommunities: Type.Optional(Type.Array(Community, { maxItems: 64 })),
          prepend: Type.Optional(
            Type.Object(
              { asn: Type.Optional(Asn), count: Type.Integer({ minimum: 1, maximum: 32 }) },
              { ...closed, description: 'Own ASN unless asn says otherwise' },
            ),
          ),
        },
        { ...closed, description: 'Changes to an accepted route' },
      ),
    ),
  },
  closed,
);
export type PolicyTerm = Static<typeof PolicyTerm>;

export const Policy = Type.Array(PolicyTerm, {
  maxItems: 1024,
  description: 'Ordered terms; the first that matches decides; what none matches goes by importPolicy, or is exported',
});
export type Policy = Static<typeof Policy>;
