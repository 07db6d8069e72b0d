/**
 * How the store lies in etcd, below a prefix of its own:
 *
 *     PREFIX data KEY   the entry, as JSON text; its revision is etcd's mod_revision
 *     PREFIX quiet KEY  the same of keys that no watch tells of; commits of them alone do not write the head
 *     PREFIX head       written by every commit: who has seen its last write has seen every commit. {"format":1,"commit":ID}
 */
import { StoreError } from '../src/index.js';

/** Raised when a reader of the former layout would misread the new one. */
export const FORMAT = 1;

export class Layout {
  /** The key that every commit writes. */
  readonly head: Buffer;
  /** Bounds of what is watched: entries and the head. */
  readonly first: Buffer;
  readonly end: Buffer;
  readonly #data: string;
  readonly #quiet: string;
  readonly #unwatched: readonly string[];

  constructor(prefix: string, unwatched: readonly string[] = []) {
    this.#data = `${prefix}data`;
    this.#quiet = `${prefix}quiet`;
    this.#unwatched = unwatched;
    this.head = Buffer.from(`${prefix}head`);
    this.first = Buffer.from(this.#data);
    this.end = Buffer.from(`${prefix}head\0`);
  }

  /** No watch tells of the key, or of any below the prefix. */
  isUnwatched(key: string): boolean {
    return this.#unwatched.some((prefix) => key.startsWith(prefix));
  }

  /** Prefixes below this one that no watch tells of. */
  unwatchedBelow(prefix: string): readonly string[] {
    return this.isUnwatched(prefix) ? [] : this.#unwatched.filter((one) => one.startsWith(prefix));
  }

  keyInEtcd(key: string): Buffer {
    return Buffer.from(this.#place(key) + key);
  }

  #place(key: string): string {
    return this.isUnwatched(key) ? this.#quiet : this.#data;
  }

  /** Bounds of the keys that begin with `prefix`. */
  range(prefix: string): { readonly key: Buffer; readonly rangeEnd: Buffer } {
    return { key: this.keyInEtcd(prefix), rangeEnd: rangeEnd(this.#place(prefix) + prefix) };
  }

  /** The store's name of a key in etcd; undefined for what is no entry. */
  keyOf(inEtcd: Buffer): string | undefined {
    const text = inEtcd.toString('latin1');
    const place = [this.#data, this.#quiet].find((one) => text.startsWith(one));
    return place === undefined ? undefined : text.slice(place.length);
  }
}

/** The first key behind all that begin with `prefix`. Keys are ASCII, so the last octet can always be raised. */
function rangeEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]!++;
  return end;
}

/** Throws ERR_STORE_FORMAT or ERR_STORE_CORRUPT unless the head's text names this layout. */
export function assertHead(key: string, text: string): void {
  const { format } = (parseValue(key, text) ?? {}) as { format?: unknown };
  if (format === FORMAT) return;
  throw new StoreError(
    'ERR_STORE_FORMAT',
    `the store in etcd at ${key} has format ${String(format)}, this program knows format ${FORMAT}; use the program that wrote it`,
  );
}

export function parseValue(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StoreError('ERR_STORE_CORRUPT', `the value of ${key} in etcd is no JSON; somebody else wrote it`, {
      key,
      cause,
    });
  }
}
