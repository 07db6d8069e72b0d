/** Where etcd is and how it lets us in. */
import { readFileSync } from 'node:fs';
import { StoreError } from '../src/index.js';

export interface EtcdStoreOptions {
  /** `https://HOST:PORT` or `http://HOST:PORT`, one or more members of one cluster. IPv6 in brackets. */
  readonly endpoints: readonly string[];
  /** What all keys in etcd begin with; ends in a slash. Default `/tortie/`. */
  readonly prefix?: string;
  /** PEM file of the authorities that may vouch for the servers. Default: those Node knows. */
  readonly caFile?: string;
  /** PEM files of the certificate we show, and its key. Both or none. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** A user of etcd's own, with the file that holds the password. Both or none. */
  readonly username?: string;
  readonly passwordFile?: string;
  /** How long a request may take, over all endpoints. Default 5,000. */
  readonly timeoutMs?: number;
  /** How much of what happened is remembered for readers that are behind, in changes. Default 10,000. */
  readonly keepChanges?: number;
  /**
   * Prefixes of keys that no watch tells of: what every client writes and few read would else go to all of them. All clients
   * of a store name the same ones.
   */
  readonly unwatched?: readonly string[];
  /** Entries of a listing that are read at once: blocks full of pods have 15 kB each. Default 100. */
  readonly pageSize?: number;
  /** `position` of an earlier process: whether etcd went back since is then noticed too. */
  readonly formerPosition?: string;
  /** Called when etcd turns out to be an older copy of itself: from which of its revisions to which it went back. */
  readonly onSetBack?: (from: number, to: number) => void;
  /** Called once when requests begin to fail for want of an answer, with what was tried. */
  readonly onAway?: (error: StoreError) => void;
  /** Called once when etcd answers again, with how long it was away. */
  readonly onBack?: (awayMs: number) => void;
}

const invalid = (detail: string): StoreError => new StoreError('ERR_STORE_INVALID', detail);

/** Host and port of an endpoint, and whether it speaks TLS. Throws ERR_STORE_INVALID. */
export function parseEndpoint(text: string): { readonly address: string; readonly tls: boolean } {
  const match = /^(https?):\/\/((?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):[0-9]{1,5})\/?$/i.exec(text);
  if (!match) throw invalid(`"${text}" is no endpoint of etcd; write https://HOST:PORT or http://HOST:PORT`);
  return { address: match[2]!, tls: match[1]!.toLowerCase() === 'https' };
}

/** Throws ERR_STORE_INVALID for what cannot work whatever etcd says. */
export function assertOptions(options: EtcdStoreOptions): void {
  const { endpoints, prefix = '/', certFile, keyFile, username, passwordFile } = options;
  if (endpoints.length === 0)
    throw invalid('the store in etcd needs at least one endpoint, like https://10.0.0.1:2379');
  for (const endpoint of endpoints) parseEndpoint(endpoint);
  if (!/^[\x21-\x7e]*\/$/.test(prefix)) {
    throw invalid(`"${prefix}" is no prefix for keys; printable ASCII without spaces that ends in "/", like /tortie/`);
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw invalid('a client certificate is two files: name both the certificate and the key');
  }
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw invalid('a user of etcd needs both the name and the file with the password');
  }
}

/** What is in a file that a user named. Throws ERR_STORE_PERMISSION. */
export function readSecretFile(path: string, what: string, { pem = false } = {}): Buffer {
  const refuse = (why: string, cause?: unknown): StoreError =>
    new StoreError('ERR_STORE_PERMISSION', `cannot use ${what} ${path}: ${why}`, { cause });
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : message;
    throw refuse(why, cause);
  }
  if (pem && !content.includes('-----BEGIN ')) throw refuse('it is no PEM file');
  return content;
}
