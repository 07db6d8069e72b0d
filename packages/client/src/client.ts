/** Requests to the agent's REST API over node:http, and its answers as values or errors. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Problem } from '@tortie/agent/api';
import { describeEndpoint, type Endpoint } from './endpoint.js';
import { ClientError, ProblemError, UnreachableError } from './errors.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface CallOptions {
  /** Parameters behind the path; undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Only when the resource still has this ETag. */
  readonly ifMatch?: string | undefined;
  readonly timeoutMs?: number;
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly etag?: string;
}

export interface Client {
  readonly endpoint: Endpoint;
  /** Throws UnreachableError, ProblemError, or ClientError `ERR_CLIENT_ANSWER` for an answer that is not JSON. */
  call<T>(method: Method, path: string, options?: CallOptions): Promise<Answer<T>>;
  get<T>(path: string, query?: CallOptions['query']): Promise<T>;
  /** All pages of a list, item by item. */
  pages<T>(path: string, key: string, query?: CallOptions['query']): AsyncGenerator<T, void>;
}

export function createClient(endpoint: Endpoint): Client {
  const call = async <T>(method: Method, path: string, options: CallOptions = {}): Promise<Answer<T>> => {
    const { status, headers, text } = await exchange(endpoint, method, path, options);
    const body = parseBody(text, headers['content-type'], method, path);
    if (status >= 400) throw new ProblemError(asProblem(body, status));
    return { status, body: body as T, ...(headers.etag ? { etag: headers.etag } : {}) };
  };
  const get = async <T>(path: string, query?: CallOptions['query']): Promise<T> =>
    (await call<T>('GET', path, query ? { query } : {})).body;
  return {
    endpoint,
    call,
    get,
    async *pages<T>(path: string, key: string, query: CallOptions['query'] = {}) {
      let cursor: string | undefined;
      do {
        const page: Record<string, unknown> = await get(path, cursor === undefined ? query : { ...query, cursor });
        yield* page[key] as T[];
        cursor = page.nextCursor as string | undefined;
      } while (cursor !== undefined);
    },
  };
}

interface Exchange {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function exchange(endpoint: Endpoint, method: Method, path: string, options: CallOptions): Promise<Exchange> {
  // TLS takes its time to load, and hardly anybody needs it.
  const isHttps = endpoint.type === 'url' && endpoint.url.protocol === 'https:';
  const send = isHttps ? (await import('node:https')).request : httpRequest;
  const { body, query, ifMatch, timeoutMs = 30_000 } = options;
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const requestOptions: RequestOptions = {
    method,
    path: path + queryText(query),
    headers: {
      accept: 'application/json',
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      ...(endpoint.type === 'url' && endpoint.token ? { authorization: `Bearer ${endpoint.token}` } : {}),
    },
    timeout: timeoutMs,
  };
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', (error) => reject(unreachable(endpoint, error)));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
    };
    const request =
      endpoint.type === 'socket'
        ? httpRequest({ ...requestOptions, socketPath: endpoint.path }, onAnswer)
        : send(endpoint.url, requestOptions, onAnswer);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on('error', (error) => reject(unreachable(endpoint, error)));
    request.end(payload);
  });
}

function queryText(query: CallOptions['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size > 0 ? `?${parameters}` : '';
}

function parseBody(text: string, contentType: string | undefined, method: Method, path: string): unknown {
  if (text === '' || !/\bjson\b/.test(contentType ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClientError('ERR_CLIENT_ANSWER', `${method} ${path}: the answer is no JSON`, { cause });
  }
}

function asProblem(body: unknown, status: number): Problem {
  if (typeof body === 'object' && body !== null && 'detail' in body) {
    return { type: 'about:blank', title: '', code: 'ERR_UNKNOWN', ...(body as Partial<Problem>), status } as Problem;
  }
  const detail = typeof body === 'string' && body !== '' ? body.slice(0, 500) : `HTTP status ${status}`;
  return { type: 'about:blank', title: `HTTP ${status}`, status, code: 'ERR_UNKNOWN', detail };
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'No agent has made this socket. Start one with "tortie agent -c FILE", or name another with --socket PATH.',
  ECONNREFUSED: 'Nothing listens there any more; the agent has ended. Start it with "tortie agent -c FILE".',
  EACCES: 'You may not open this socket. Join its group (ls -l shows it), or use sudo.',
  EPERM: 'You may not open this socket. Join its group (ls -l shows it), or use sudo.',
};

function unreachable(endpoint: Endpoint, error: Error): UnreachableError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const hint = HINTS[code] ?? 'Is the agent running, and is this its address?';
  return new UnreachableError(
    `no answer from the agent at ${describeEndpoint(endpoint)} (${code || error.message})`,
    hint,
    {
      cause: error,
    },
  );
}
