/** What etcd and gRPC answer, as StoreErrors that say what to do. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { StoreError, type StoreErrorCode } from '../src/index.js';

/**
 * What a failed call means.
 *
 * - `refused`: another try, or another server, would say the same.
 * - `away`: this server does not answer, or not any more. Whether it did what was asked is not known, unless `undone`.
 * - `token`: what we authenticated with has expired, or nothing was asked for when we connected; nothing was done.
 */
export type Fault =
  | { readonly type: 'refused'; readonly code: StoreErrorCode; readonly detail: string }
  | { readonly type: 'away'; readonly undone: boolean; readonly detail: string }
  | { readonly type: 'token'; readonly detail: string };

interface Row {
  readonly text: RegExp;
  readonly fault: (detail: string) => Fault;
}

const refused =
  (code: StoreErrorCode, advice?: string) =>
  (detail: string): Fault => ({
    type: 'refused',
    code,
    detail: advice === undefined ? detail : `${detail}; ${advice}`,
  });
const undone = (detail: string): Fault => ({ type: 'away', undone: true, detail });
const token = (detail: string): Fault => ({ type: 'token', detail });

/** By the words of etcd's `rpctypes`; the first row that matches counts. */
const ROWS: readonly Row[] = [
  { text: /invalid auth token|revision of auth store is old/, fault: token },
  { text: /user name is empty/, fault: () => token('it asks for a user: configure one with its password') },
  { text: /no leader|too many requests|learner/, fault: undone },
  {
    text: /database space exceeded/,
    fault: refused(
      'ERR_STORE_FULL',
      'compact and defragment etcd, then clear the alarm (etcdctl compact, defrag, alarm disarm)',
    ),
  },
  {
    text: /authentication failed/,
    fault: refused('ERR_STORE_PERMISSION', 'check the user name and the password file'),
  },
  {
    text: /permission denied/,
    fault: refused('ERR_STORE_PERMISSION', 'the user needs a role that reads and writes everything below the prefix'),
  },
  {
    text: /too many operations/,
    fault: refused('ERR_STORE_INVALID', 'start etcd with a larger --max-txn-ops'),
  },
  {
    text: /request is too large/,
    fault: refused('ERR_STORE_INVALID', 'start etcd with a larger --max-request-bytes'),
  },
  { text: /required revision has been compacted/, fault: refused('ERR_STORE_COMPACTED') },
];

const AWAY: readonly number[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
  status.UNKNOWN,
];

export function faultOf(error: ServiceError): Fault {
  const detail = error.details.replace(/^etcdserver: /, '');
  const row = ROWS.find(({ text }) => text.test(detail));
  if (row) return row.fault(detail);
  if (AWAY.includes(error.code)) return { type: 'away', undone: false, detail: plain(error) };
  if (error.code === status.UNIMPLEMENTED) {
    return { type: 'refused', code: 'ERR_STORE_FORMAT', detail: 'is no etcd with the v3 API' };
  }
  return { type: 'refused', code: 'ERR_STORE_IO', detail };
}

/** What gRPC, Node and OpenSSL say of a connection that failed, and what it means; the first row that matches counts. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'the connection is refused'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no route to it'],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/, 'its name is unknown'],
  [
    /alert (bad certificate|certificate|unknown ca|handshake failure)/,
    'it does not accept the client certificate, or asks for one: check certFile and keyFile',
  ],
  [/unable to verify|self.signed|unable to get (local )?issuer/, 'its certificate is not trusted: check caFile'],
  [/certificate has expired/, 'its certificate has expired'],
  [/does not match certificate/, 'its certificate is for another name'],
  [/wrong version number|packet length too long/, 'it does not speak TLS'],
  [/Failed to connect|ECONNRESET|Connection dropped|Socket closed/, 'it ends the connection'],
];

function plain({ code, details }: ServiceError): string {
  if (code === status.DEADLINE_EXCEEDED) return 'no answer in time';
  return WORDS.find(([text]) => text.test(details))?.[1] ?? details.replace(/^etcdserver: /, '');
}

/** The error a caller gets for a call to one server that failed for good. */
export const refusedError = (url: string, fault: Exclude<Fault, { type: 'away' }>): StoreError =>
  new StoreError(fault.type === 'token' ? 'ERR_STORE_PERMISSION' : fault.code, `etcd at ${url}: ${fault.detail}`);
