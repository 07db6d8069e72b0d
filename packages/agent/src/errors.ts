/** Everything the agent itself refuses. `code` is stable; callers branch on it, never on the message. */
export type AgentErrorCode =
  | 'ERR_AGENT_CONFIG'
  | 'ERR_AGENT_VALIDATION'
  | 'ERR_AGENT_NOT_FOUND'
  | 'ERR_AGENT_EXISTS'
  | 'ERR_AGENT_FILE_ORIGIN'
  | 'ERR_AGENT_RANGE_ORIGIN'
  | 'ERR_AGENT_CLUSTER_ORIGIN'
  | 'ERR_AGENT_REVISION'
  | 'ERR_AGENT_RECORD'
  | 'ERR_AGENT_READ_ONLY'
  | 'ERR_AGENT_RUNNING'
  | 'ERR_AGENT_ADDRESS_IN_USE'
  | 'ERR_AGENT_SESSION'
  | 'ERR_AGENT_OTHER_STORE'
  | 'ERR_AGENT_UNAVAILABLE'
  | 'ERR_AGENT_TOKEN'
  | 'ERR_AGENT_NO_ROUTE'
  | 'ERR_AGENT_METHOD'
  | 'ERR_AGENT_BODY'
  | 'ERR_AGENT_BODY_TOO_LARGE'
  | 'ERR_AGENT_MEDIA_TYPE'
  | 'ERR_AGENT_NOT_READY'
  | 'ERR_AGENT_INTERNAL';

export class AgentError extends Error {
  override readonly name: string = 'AgentError';
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** One thing wrong in a document: where (a JSON pointer), what, and what would be right. */
export interface Issue {
  readonly pointer: string;
  readonly detail: string;
  /** The issue is about the member's name, not its value. */
  readonly atKey?: true;
}

/** A body or parameter that does not fit its schema, or cannot be true. */
export class ValidationError extends AgentError {
  override readonly name = 'ValidationError';
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(
      'ERR_AGENT_VALIDATION',
      issues.map(({ pointer, detail }) => (pointer ? `${pointer}: ${detail}` : detail)).join('; '),
    );
    this.issues = issues;
  }
}
