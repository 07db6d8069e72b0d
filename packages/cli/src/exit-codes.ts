/** What the command's exit status means. A script may rely on these. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  conflict: 5,
  forbidden: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done, or the answer is yes'],
  [EXIT.failed, 'failed, or the answer is no: a check found something, a lab did not converge'],
  [EXIT.usage, 'the command line, a file or a value is wrong; nothing was done'],
  [EXIT.unreachable, 'no agent answers'],
  [EXIT.notFound, 'there is no such peer, pool, handle, prefix, resource'],
  [EXIT.conflict, 'it exists already, or somebody else has changed it meanwhile, or is using it'],
  [EXIT.forbidden, 'not allowed: wrong or missing token, missing rights'],
];

export const exitCodesText = (): string =>
  `Exit codes:\n${EXIT_MEANINGS.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}\n`;
