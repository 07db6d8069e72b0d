/** Why the agent's API gave no answer that can be used. */
import type { Problem } from '@tortie/agent/api';

export type ClientErrorCode =
  | 'ERR_CLIENT_UNREACHABLE'
  | 'ERR_CLIENT_PROBLEM'
  | 'ERR_CLIENT_ANSWER'
  | 'ERR_CLIENT_ENDPOINT';

export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** No agent answers at this endpoint; `hint` says what to look at. */
export class UnreachableError extends ClientError {
  override readonly name = 'UnreachableError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super('ERR_CLIENT_UNREACHABLE', message, options);
    this.hint = hint;
  }
}

/** The agent refused: RFC 9457 problem details. Branch on `problem.code` or `problem.status`. */
export class ProblemError extends ClientError {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super('ERR_CLIENT_PROBLEM', problem.detail || problem.title);
    this.problem = problem;
  }
}
