/** Maintenance of the whole node. */
import { Timestamp } from './text.js';
import { type Static, Type } from './type.js';

export const DrainRequest = Type.Object(
  {
    drain: Type.Boolean({ description: 'true: take traffic off the node; false: use it again' }),
    waitS: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3600,
        default: 30,
        description: 'How long routes are told for graceful shutdown before they are withdrawn',
      }),
    ),
  },
  { additionalProperties: false },
);
export type DrainRequest = Static<typeof DrainRequest>;

export const DrainState = Type.Object({
  phase: Type.Union([Type.Literal('off'), Type.Literal('draining'), Type.Literal('withdrawn')], {
    description: 'draining: routes carry GRACEFUL_SHUTDOWN (RFC 8326); withdrawn: peers are told nothing',
  }),
  withdrawAt: Type.Optional(Timestamp),
});
export type DrainState = Static<typeof DrainState>;
