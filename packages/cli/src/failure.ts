/** One table: what went wrong -> what to print, and the exit status. */
import { ClientError, ProblemError, UnreachableError } from '@tortie/client';
import type { ManifestFault } from '@tortie/cluster/manifest';
import { EXIT, type ExitCode } from './exit-codes.js';

export interface Failure {
  readonly exitCode: ExitCode;
  /** Printed on stderr, a line each. */
  readonly lines: readonly string[];
  /** The same for `--json`. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** A wrong command line that commander itself could not see. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'ERR_CLI_USAGE';
}

/** Files of resources that cannot be used: every fault, each with its place. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code = 'ERR_CLI_MANIFEST';
  readonly faults: readonly ManifestFault[];

  constructor(faults: readonly ManifestFault[]) {
    super(faults.map(formatManifestFault).join('\n'));
    this.faults = faults;
  }
}

/** `FILE:LINE: POINTER: what is wrong, what would be right`. */
const formatManifestFault = ({ file, line, pointer, detail }: ManifestFault): string =>
  `${file}:${line}: ${pointer === '' ? '' : `${pointer}: `}${detail}`;

/** The answer to the question is no, or nothing was found; what there is to say was printed already. */
export class NegativeAnswer extends Error {
  override readonly name = 'NegativeAnswer';
  readonly code = 'ERR_CLI_NEGATIVE';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode = EXIT.failed) {
    super('no');
    this.exitCode = exitCode;
  }
}

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.forbidden,
  403: EXIT.forbidden,
  404: EXIT.notFound,
  409: EXIT.conflict,
  412: EXIT.conflict,
  415: EXIT.usage,
  422: EXIT.usage,
};

/** Of the HTTP status of an answer. */
export const exitCodeOf = (status: number): ExitCode => BY_STATUS[status] ?? EXIT.failed;

/** Errors of the agent and the lab, which are loaded only by the commands that need them: known by their code. */
const BY_CODE: Readonly<Record<string, ExitCode>> = {
  ERR_AGENT_CONFIG: EXIT.usage,
  ERR_AGENT_RUNNING: EXIT.conflict,
  ERR_STORE_EXISTS: EXIT.conflict,
  ERR_STORE_FORMAT: EXIT.usage,
  ERR_AGENT_ADDRESS_IN_USE: EXIT.conflict,
  ERR_LAB_TOPOLOGY: EXIT.usage,
  ERR_LAB_PRIVILEGE: EXIT.forbidden,
  ERR_BGP_CONFIG: EXIT.usage,
  ERR_BGP_MRT_FILE: EXIT.usage,
  ERR_CLI_USAGE: EXIT.usage,
  ERR_CLIENT_ENDPOINT: EXIT.usage,
  EACCES: EXIT.forbidden,
  EPERM: EXIT.forbidden,
};

export function describeFailure(error: unknown): Failure {
  if (error instanceof NegativeAnswer) return { exitCode: error.exitCode, lines: [], json: {} };
  if (error instanceof ProblemError) return describeProblem(error);
  if (error instanceof ManifestError) {
    const { code, faults, message } = error;
    return { exitCode: EXIT.usage, lines: message.split('\n'), json: { code, errors: faults } };
  }
  if (error instanceof UnreachableError) {
    const { code, message, hint } = error;
    return { exitCode: EXIT.unreachable, lines: [`tortie: ${message}`, hint], json: { code, detail: message, hint } };
  }
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof ClientError || code !== undefined;
  return {
    exitCode: BY_CODE[code ?? ''] ?? EXIT.failed,
    // Something nobody foresaw: the stack is the only thing that helps whoever has to find it.
    lines: [`tortie: ${known || !(error instanceof Error) ? message : (error.stack ?? message)}`],
    json: { code: code ?? 'ERR_CLI_INTERNAL', detail: message },
  };
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** What, where, and what is right, as the agent says it. */
function describeProblem({ problem }: ProblemError): Failure {
  const parts = (problem.errors ?? []).map(({ pointer, detail }) => `  ${pointer || '/'}: ${detail}`);
  const told = parts.length === 1 && problem.detail.includes(problem.errors![0]!.detail);
  return {
    exitCode: exitCodeOf(problem.status),
    lines: [`tortie: ${problem.detail} (${problem.code})`, ...(told ? [] : parts)],
    json: { ...problem },
  };
}
