/** RFC 9457 problem details: the body of every answer that is not a success. */
import { type Static, Type } from './type.js';

export const ProblemPart = Type.Object({
  pointer: Type.String({ description: 'JSON pointer into the body, or the name of the parameter' }),
  detail: Type.String(),
});
export type ProblemPart = Static<typeof ProblemPart>;

export const Problem = Type.Object({
  type: Type.String({ description: 'urn:tortie:problem:CODE' }),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'Stable; branch on this, never on the text' }),
  detail: Type.String(),
  instance: Type.Optional(Type.String({ description: 'The request this answers' })),
  errors: Type.Optional(Type.Array(ProblemPart)),
});
export type Problem = Static<typeof Problem>;
