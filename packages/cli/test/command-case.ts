import type { StubAnswer } from './stub.js';

/** A command, what the agent answers to it, and what must come of it. */
export interface CommandCase {
  readonly args: readonly string[];
  readonly answers?: Record<string, StubAnswer>;
  /** `METHOD url` of the last request, and its body. */
  readonly asks?: string;
  readonly body?: unknown;
  readonly shows?: readonly RegExp[];
  readonly code?: number;
}
