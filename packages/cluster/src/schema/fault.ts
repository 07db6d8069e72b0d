/** What is wrong in a value: where, what, and what would be right. */
export interface Fault {
  /** JSON pointer (RFC 6901) into the value; empty for the value itself. */
  readonly pointer: string;
  /** `is "ten"`, `unknown field "perIP"`, or a whole sentence. */
  readonly message: string;
  /** What would be right: `a whole number 1 to 65535`. Absent where the message says it. */
  readonly expected?: string;
  /** A known word that was probably meant. */
  readonly suggestion?: string;
  /** The fault is about the member's name, not its value. */
  readonly atKey?: true;
}

/** The pointer of a member. */
export const pointerTo = (parent: string, member: string | number): string =>
  `${parent}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** `is "ten", expected a whole number 1 to 65535`. */
export function formatFault({ message, expected, suggestion, atKey }: Fault): string {
  if (atKey && suggestion !== undefined) return `${message}, did you mean "${suggestion}"?`;
  const right = expected === undefined ? '' : `, expected ${expected}`;
  return `${message}${right}${suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`}`;
}

/** `a, b or c`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
