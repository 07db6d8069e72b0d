/** Where an agent's API is: a unix socket, or a URL with a bearer token. */
import { readFileSync } from 'node:fs';
import { ClientError } from './errors.js';

export const DEFAULT_SOCKET = '/run/tortie/agent.sock';

export type Endpoint =
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'url'; readonly url: URL; readonly token?: string };

export interface EndpointChoice {
  readonly socket?: string | undefined;
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/**
 * Picks the endpoint: what is given, else TORTIE_SOCKET, else TORTIE_URL with TORTIE_TOKEN_FILE, else the default socket.
 * Throws ClientError `ERR_CLIENT_ENDPOINT` where the choice makes no sense.
 */
export function chooseEndpoint(choice: EndpointChoice, env: Readonly<Record<string, string | undefined>>): Endpoint {
  if (choice.socket && choice.url) throw new ClientError('ERR_CLIENT_ENDPOINT', 'give --socket or --url, not both');
  if (choice.socket) return { type: 'socket', path: choice.socket };
  const given = choice.url ?? (env.TORTIE_SOCKET ? undefined : env.TORTIE_URL);
  if (!given) return { type: 'socket', path: env.TORTIE_SOCKET || DEFAULT_SOCKET };
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new ClientError('ERR_CLIENT_ENDPOINT', `"${given}" is no URL; write it like http://127.0.0.1:9179`);
  }
  const tokenFile = choice.tokenFile ?? env.TORTIE_TOKEN_FILE;
  return { type: 'url', url, ...(tokenFile ? { token: readToken(tokenFile) } : {}) };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new ClientError('ERR_CLIENT_ENDPOINT', `cannot read the token: ${(cause as Error).message}`, { cause });
  }
}

export const describeEndpoint = (endpoint: Endpoint): string =>
  endpoint.type === 'socket' ? `unix socket ${endpoint.path}` : endpoint.url.origin;
