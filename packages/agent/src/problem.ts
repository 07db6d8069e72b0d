/** The one table from error codes to HTTP: what every error of ours, or of the packages below, becomes as a problem. */
import type { Problem } from './api/problem.js';
import { ValidationError } from './errors.js';

interface Row {
  readonly status: number;
  readonly title: string;
  /** The code shown, where it differs from the error's own. */
  readonly code?: string;
  /** What to do about it, where the error itself does not tell. */
  readonly detail?: string;
}

const INVALID: Row = { status: 400, title: 'The request is not valid' };
const MISSING: Row = { status: 404, title: 'There is no such resource' };
const CONFLICT: Row = { status: 409, title: 'The request does not fit the present state' };
const UNAVAILABLE: Row = { status: 503, title: 'Not possible at the moment' };

/** Codes that are not here are our own mistakes: 500. Rows ending in `*` stand for all codes that begin so. */
const ROWS: Readonly<Record<string, Row>> = {
  ERR_AGENT_VALIDATION: INVALID,
  ERR_AGENT_NOT_FOUND: MISSING,
  ERR_AGENT_EXISTS: { status: 409, title: 'The resource exists already' },
  ERR_AGENT_FILE_ORIGIN: { status: 409, title: 'The resource belongs to the configuration file' },
  ERR_AGENT_RANGE_ORIGIN: { status: 409, title: 'The peer belongs to a peer range' },
  ERR_AGENT_CLUSTER_ORIGIN: { status: 409, title: 'It follows from resources of the cluster' },
  ERR_AGENT_REVISION: { status: 412, title: 'The resource has changed' },
  ERR_AGENT_RECORD: { status: 409, title: 'The record in the store cannot be read' },
  ERR_AGENT_READ_ONLY: { status: 405, title: 'The resource is made by nodes' },
  ERR_AGENT_SESSION: CONFLICT,
  ERR_AGENT_OTHER_STORE: { status: 409, title: 'This is about another store' },
  ERR_AGENT_UNAVAILABLE: UNAVAILABLE,
  ERR_AGENT_NOT_READY: { status: 503, title: 'Not ready' },
  ERR_AGENT_TOKEN: { status: 401, title: 'A valid token is needed' },
  ERR_AGENT_NO_ROUTE: { status: 404, title: 'There is no such path' },
  ERR_AGENT_METHOD: { status: 405, title: 'The path does not know this method' },
  ERR_AGENT_BODY: { status: 400, title: 'The body is no JSON' },
  ERR_AGENT_BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  ERR_AGENT_MEDIA_TYPE: { status: 415, title: 'The body must be JSON' },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, title: 'The body is no JSON', code: 'ERR_AGENT_BODY' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, title: 'The body is no JSON', code: 'ERR_AGENT_BODY' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, title: 'The body is no JSON', code: 'ERR_AGENT_BODY' },
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, title: 'The body is too large', code: 'ERR_AGENT_BODY_TOO_LARGE' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    title: 'The body must be JSON',
    code: 'ERR_AGENT_MEDIA_TYPE',
    detail: "send the header content-type: application/json; curl's -d says that the body is a form",
  },
  FST_ERR_BAD_URL: { ...INVALID, code: 'ERR_AGENT_VALIDATION' },
  ERR_IP_ADDRESS: { ...INVALID, code: 'ERR_AGENT_VALIDATION' },
  ERR_IP_PREFIX: { ...INVALID, code: 'ERR_AGENT_VALIDATION' },
  ERR_BGP_CONFIG: { ...INVALID, code: 'ERR_AGENT_VALIDATION' },
  ERR_STORE_CONFLICT: { status: 412, title: 'The resource has changed', code: 'ERR_AGENT_REVISION' },
  ERR_STORE_EXISTS: { status: 409, title: 'The resource exists already', code: 'ERR_AGENT_EXISTS' },
  ERR_STORE_NOT_FOUND: { ...MISSING, code: 'ERR_AGENT_NOT_FOUND' },
  ERR_STORE_UNAVAILABLE: { status: 503, title: 'The store does not answer: this node is read-only until it does' },
  'ERR_STORE_*': UNAVAILABLE,
  ERR_IPAM_INVALID: INVALID,
  ERR_IPAM_POOL_INVALID: INVALID,
  ERR_IPAM_SELECTOR: INVALID,
  ERR_IPAM_ADDRESS_OUTSIDE: INVALID,
  ERR_IPAM_POOL_NOT_FOUND: MISSING,
  ERR_IPAM_CONFLICT: { status: 412, title: 'The resource has changed', code: 'ERR_AGENT_REVISION' },
  ERR_IPAM_CONTENTION: UNAVAILABLE,
  ERR_IPAM_RECORD: UNAVAILABLE,
  ERR_IPAM_VERSION: UNAVAILABLE,
  'ERR_IPAM_*': CONFLICT,
};

const rowOf = (code: string): Row | undefined => ROWS[code] ?? ROWS[code.replace(/^(ERR_[A-Z]+_).*$/, '$1*')];

/** `unexpected` asks for the log: the cause is ours, and the body does not tell it. */
export function problemOf(error: unknown, instance: string): { problem: Problem; unexpected: boolean } {
  const code = codeOf(error);
  const row = rowOf(code);
  const shown = row?.code ?? (row ? code : 'ERR_AGENT_INTERNAL');
  const problem: Problem = {
    type: `urn:tortie:problem:${shown}`,
    title: row?.title ?? 'Something inside the agent failed',
    status: row?.status ?? 500,
    code: shown,
    detail: row && error instanceof Error ? (row.detail ?? error.message) : "see the agent's log",
    instance,
    ...(error instanceof ValidationError && {
      errors: error.issues.map(({ pointer, detail }) => ({ pointer, detail })),
    }),
  };
  return { problem, unexpected: row === undefined };
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
