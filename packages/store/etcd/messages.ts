/**
 * The messages and methods of etcd's v3 API that the store uses. Numbers are those of etcd's `rpc.proto` and `kv.proto` (3.4
 * and later); fields that nobody here reads are left out, which Protocol Buffers allow in both directions. Enumerations are
 * int32, which is how they travel.
 */
import protobuf from 'protobufjs/light.js';

/** Message -> field -> "[repeated ]TYPE NUMBER". */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ResponseHeader: { revision: 'int64 3' },
  KeyValue: { key: 'bytes 1', modRevision: 'int64 3', value: 'bytes 5' },
  RangeRequest: { key: 'bytes 1', rangeEnd: 'bytes 2', limit: 'int64 3', revision: 'int64 4', keysOnly: 'bool 8' },
  RangeResponse: { header: 'ResponseHeader 1', kvs: 'repeated KeyValue 2', more: 'bool 3' },
  PutRequest: { key: 'bytes 1', value: 'bytes 2', lease: 'int64 3' },
  DeleteRangeRequest: { key: 'bytes 1' },
  RequestOp: { range: 'RangeRequest 1', put: 'PutRequest 2', deleteRange: 'DeleteRangeRequest 3' },
  ResponseOp: { range: 'RangeResponse 1' },
  Compare: { result: 'int32 1', target: 'int32 2', key: 'bytes 3', modRevision: 'int64 6' },
  TxnRequest: { compare: 'repeated Compare 1', success: 'repeated RequestOp 2', failure: 'repeated RequestOp 3' },
  TxnResponse: { header: 'ResponseHeader 1', succeeded: 'bool 2', responses: 'repeated ResponseOp 3' },
  WatchCreateRequest: {
    key: 'bytes 1',
    rangeEnd: 'bytes 2',
    startRevision: 'int64 3',
    progressNotify: 'bool 4',
  },
  WatchRequest: { create: 'WatchCreateRequest 1' },
  Event: { type: 'int32 1', kv: 'KeyValue 2' },
  WatchResponse: {
    header: 'ResponseHeader 1',
    created: 'bool 3',
    canceled: 'bool 4',
    compactRevision: 'int64 5',
    cancelReason: 'string 6',
    events: 'repeated Event 11',
  },
  LeaseGrantRequest: { ttl: 'int64 1', id: 'int64 2' },
  LeaseGrantResponse: { id: 'int64 2', ttl: 'int64 3' },
  LeaseRevokeRequest: { id: 'int64 1' },
  LeaseRevokeResponse: {},
  LeaseKeepAliveRequest: { id: 'int64 1' },
  LeaseKeepAliveResponse: { id: 'int64 2', ttl: 'int64 3' },
  AuthenticateRequest: { name: 'string 1', password: 'string 2' },
  AuthenticateResponse: { token: 'string 2' },
};

export interface ResponseHeader {
  /** Of the whole etcd, when the request was answered. */
  readonly revision: number;
}

export interface KeyValue {
  readonly key: Buffer;
  /** When it was written last. */
  readonly modRevision: number;
  readonly value: Buffer;
}

export interface RangeRequest {
  readonly key: Buffer;
  /** Where the range ends, itself not in it. Absent: the one key. */
  readonly rangeEnd?: Buffer;
  readonly limit?: number;
  /** The moment to read at; absent: now. */
  readonly revision?: number;
  readonly keysOnly?: boolean;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  /** Whether the limit left some out. */
  readonly more: boolean;
}

/** `result` and `target` of a comparison: the revision of the last write is equal. */
export const MOD_REVISION_EQUALS = { result: 0, target: 2 } as const;

export interface Compare {
  readonly result: number;
  readonly target: number;
  readonly key: Buffer;
  /** 0: the key is absent. */
  readonly modRevision: number;
}

export type RequestOp =
  | { readonly range: RangeRequest }
  | { readonly put: { readonly key: Buffer; readonly value: Buffer; readonly lease?: number } }
  | { readonly deleteRange: { readonly key: Buffer } };

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  readonly responses: readonly { readonly range: RangeResponse | null }[];
}

export interface WatchRequest {
  readonly create: {
    readonly key: Buffer;
    readonly rangeEnd: Buffer;
    /** The first revision to tell of. */
    readonly startRevision: number;
    /** Whether to say now and then that nothing happened. */
    readonly progressNotify: boolean;
  };
}

/** `Event.type` of a deletion; 0 is a put. */
export const DELETED = 1;

export interface WatchResponse {
  readonly header: ResponseHeader;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Above 0: the start revision is no longer known; this one is. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly events: readonly { readonly type: number; readonly kv: KeyValue }[];
}

export interface LeaseGrantRequest {
  /** Seconds. */
  readonly ttl: number;
  readonly id: number;
}

export interface LeaseKeepAliveResponse {
  /** Seconds; 0: the lease is no more. */
  readonly ttl: number;
}

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [
      name,
      { fields: Object.fromEntries(Object.entries(fields).map(([field, text]) => [field, fieldOf(text)])) },
    ]),
  ),
});

function fieldOf(text: string): protobuf.IField {
  const [id, type, rule] = text.split(' ').reverse() as [string, string, string?];
  return { type, id: Number(id), ...(rule !== undefined && { rule }) } as protobuf.IField;
}

/** A method of etcd's API: where it is, and how its messages become octets. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly encode: (request: Request) => Buffer;
  readonly decode: (octets: Buffer) => Response;
}

function method<Request extends object, Response>(
  path: string,
  request: string,
  response: string,
): Method<Request, Response> {
  const [from, to] = [root.lookupType(request), root.lookupType(response)];
  return {
    path: `/etcdserverpb.${path}`,
    encode: (message) => Buffer.from(from.encode(message).finish()),
    decode: (octets) =>
      to.toObject(to.decode(octets), { longs: Number, bytes: Buffer, defaults: true, arrays: true }) as Response,
  };
}

export const RANGE = method<RangeRequest, RangeResponse>('KV/Range', 'RangeRequest', 'RangeResponse');
export const TXN = method<TxnRequest, TxnResponse>('KV/Txn', 'TxnRequest', 'TxnResponse');
export const WATCH = method<WatchRequest, WatchResponse>('Watch/Watch', 'WatchRequest', 'WatchResponse');
export const AUTHENTICATE = method<{ readonly name: string; readonly password: string }, { readonly token: string }>(
  'Auth/Authenticate',
  'AuthenticateRequest',
  'AuthenticateResponse',
);
export const LEASE_GRANT = method<LeaseGrantRequest, object>(
  'Lease/LeaseGrant',
  'LeaseGrantRequest',
  'LeaseGrantResponse',
);
export const LEASE_REVOKE = method<{ readonly id: number }, object>(
  'Lease/LeaseRevoke',
  'LeaseRevokeRequest',
  'LeaseRevokeResponse',
);
export const LEASE_KEEP_ALIVE = method<{ readonly id: number }, LeaseKeepAliveResponse>(
  'Lease/LeaseKeepAlive',
  'LeaseKeepAliveRequest',
  'LeaseKeepAliveResponse',
);
