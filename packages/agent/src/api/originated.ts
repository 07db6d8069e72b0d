/** Prefixes this node announces by itself. */

import { Community, IpPrefix } from './text.js';
import { type Static, Type } from './type.js';

export const OriginatedSpec = Type.Object(
  {
    prefix: IpPrefix,
    med: Type.Optional(Type.Integer({ minimum: 0, maximum: 4294967295 })),
    localPref: Type.Optional(Type.Integer({ minimum: 0, maximum: 4294967295 })),
    communities: Type.Optional(Type.Array(Community, { maxItems: 64 })),
  },
  { additionalProperties: false },
);
export type OriginatedSpec = Static<typeof OriginatedSpec>;

export const Originated = Type.Object({
  ...OriginatedSpec.properties,
  origin: Type.Union([
    Type.Literal('file'),
    Type.Literal('api'),
    Type.Literal('block'),
    Type.Literal('borrowed'),
    Type.Literal('service'),
    Type.Literal('service-address'),
  ]),
  source: Type.Optional(Type.String({ description: 'FILE:LINE, or the block or handle it comes from' })),
  revision: Type.Optional(Type.Integer()),
});
export type Originated = Static<typeof Originated>;

export const OriginatedList = Type.Object({ originated: Type.Array(Originated) });
export type OriginatedList = Static<typeof OriginatedList>;
