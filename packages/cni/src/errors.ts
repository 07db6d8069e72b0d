/** What a CNI call can fail with, and the numbers that runtimes see. */
import type { CniVersion } from './version.js';

/**
 * Below 100 the specification's own (CNI 1.1.0, section "Error"), from 100 on ours, 999 as the reference plugins use it.
 */
const NUMBERS = {
  /** The version asked for is none of ours, or has no such command. */
  ERR_CNI_VERSION: 1,
  /** A field of the network configuration that nobody here acts on. */
  ERR_CNI_FIELD: 2,
  /** The container is unknown or gone; the runtime need not clean up. */
  ERR_CNI_CONTAINER: 3,
  /** CNI_COMMAND, CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME or CNI_ARGS. */
  ERR_CNI_ENVIRONMENT: 4,
  /** Octets that are no JSON. */
  ERR_CNI_DECODE: 6,
  /** A network configuration that cannot be carried out. */
  ERR_CNI_CONFIG: 7,
  /** Passes by itself. */
  ERR_CNI_TRY_AGAIN: 11,
  /** STATUS: no ADD can succeed. */
  ERR_CNI_NOT_AVAILABLE: 50,
  /** No address is free. */
  ERR_CNI_NO_ADDRESS: 100,
  /** The fixed address has another owner. */
  ERR_CNI_ADDRESS_IN_USE: 101,
  /** The kernel refused. */
  ERR_CNI_KERNEL: 102,
  /** CHECK: something of the attachment is missing. */
  ERR_CNI_BROKEN: 103,
  /** A mistake of ours; the agent's log has it. */
  ERR_CNI_INTERNAL: 999,
} as const;

export type CniErrorCode = keyof typeof NUMBERS;

/** What is wrong may be as long as the question, 1 MiB; what is said of it is for people, and kept among the events. */
const MAX_MESSAGE = 1000;

/** A CNI call that failed. `code` is stable; `details` says more than the one line of the message. */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly code: CniErrorCode;
  readonly details: string | undefined;

  constructor(code: CniErrorCode, message: string, options: { details?: string; cause?: unknown } = {}) {
    super(shortened(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details === undefined ? undefined : shortened(options.details);
  }

  /** The number that goes out. */
  get number(): number {
    return NUMBERS[this.code];
  }
}

const shortened = (text: string): string => (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text);

/** The error result (section "Error"): what is printed where a call fails. */
export const errorResult = (version: CniVersion, { number, message, details }: CniError): unknown => ({
  cniVersion: version,
  code: number,
  msg: message,
  ...(details !== undefined && { details }),
});
