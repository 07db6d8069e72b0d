/**
 * A store as text, to keep or to carry to another backend: a line of JSON for the head, one per entry in key order, and one that counts
 * them, so that a file that was cut off is noticed. Revisions are not in it: a store that takes it over begins its own.
 */
import { StoreError } from './errors.js';
import { assertKey, encodeValue } from './operation.js';
import type { Entry, Operation, Store } from './store.js';

export const DUMP_FORMAT = 1;

/** Etcd takes 128 operations in a commit. */
const BATCH = 100;

export interface DumpedEntry {
  readonly key: string;
  readonly value: unknown;
}

export interface Dump {
  /** Revision of the store it was made of. */
  readonly revision: number;
  /** When it was made, ISO 8601. */
  readonly at: string;
  readonly entries: readonly DumpedEntry[];
}

/** Lines without their ends. */
export function* dumpLines({ revision, at, entries }: Dump): Generator<string> {
  yield JSON.stringify({ tortieStore: DUMP_FORMAT, revision, at });
  for (const { key, value } of entries) yield JSON.stringify({ key, value });
  yield JSON.stringify({ entries: entries.length });
}

/** Throws StoreError `ERR_STORE_FORMAT` with the line that is wrong. */
export function parseDump(text: string): Dump {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const fail = (line: number, detail: string): never => {
    throw new StoreError('ERR_STORE_FORMAT', `line ${line + 1}: ${detail}`);
  };
  const read = (line: number): Readonly<Record<string, unknown>> => {
    try {
      const value = JSON.parse(lines[line] ?? '') as unknown;
      if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
    } catch {}
    return fail(line, 'no line of an exported store: each is a JSON object');
  };
  const { tortieStore, revision, at } = read(0);
  if (tortieStore === undefined) fail(0, 'no exported store: it begins with {"tortieStore":…}');
  if (tortieStore !== DUMP_FORMAT) {
    fail(
      0,
      `format ${String(tortieStore)}; this version reads format ${DUMP_FORMAT}: import it with the one that wrote it`,
    );
  }
  if (typeof revision !== 'number' || typeof at !== 'string') fail(0, '"revision" or "at" is missing');
  const entries: DumpedEntry[] = [];
  const last = lines.length - 1;
  const keys = new Set<string>();
  for (let line = 1; line < last; line++) {
    const { key, value } = read(line);
    if (typeof key !== 'string' || value === undefined) fail(line, 'an entry has "key" and "value"');
    const name = key as string;
    try {
      assertKey(name);
    } catch (error) {
      fail(line, (error as Error).message);
    }
    if (keys.has(name)) fail(line, `${name} is there twice`);
    keys.add(name);
    entries.push({ key: name, value });
  }
  const { entries: count } = last > 0 ? read(last) : {};
  if (count !== entries.length)
    fail(Math.max(last, 0), `the file was cut off: it does not end with {"entries":${entries.length}}`);
  return { revision: revision as number, at: at as string, entries };
}

export interface Imported {
  readonly created: number;
  /** There already, with the same value: of an import that was interrupted. */
  readonly present: number;
}

/**
 * Puts entries into a store that holds nothing else, but for keys that `ignores` knows. Done again after an interruption it goes on.
 * Throws `ERR_STORE_EXISTS`, before anything is written, where there is something else.
 */
export async function importEntries(
  store: Store,
  entries: readonly DumpedEntry[],
  ignores: (key: string) => boolean = () => false,
): Promise<Imported> {
  const present = new Map<string, Entry>();
  for (const entry of (await store.list('/')).entries) if (!ignores(entry.key)) present.set(entry.key, entry);
  const missing: Operation[] = [];
  for (const { key, value } of entries) {
    const there = present.get(key);
    present.delete(key);
    if (there === undefined) missing.push({ type: 'create', key, value });
    else if (canonical(key, there.value) !== canonical(key, value)) {
      throw new StoreError('ERR_STORE_EXISTS', `the store has another ${key}; import into an empty store`, { key });
    }
  }
  const [other] = present.keys();
  if (other !== undefined) {
    const more = present.size > 1 ? ` and ${present.size - 1} more` : '';
    throw new StoreError('ERR_STORE_EXISTS', `the store has ${other}${more}; import into an empty store`, {
      key: other,
    });
  }
  const size = store.multiKey ? BATCH : 1;
  for (let at = 0; at < missing.length; at += size) await store.commit(missing.slice(at, at + size));
  return { created: missing.length, present: entries.length - missing.length };
}

/** The value as text that does not depend on the order of its members. */
const canonical = (key: string, value: unknown): string => encodeValue(key, sorted(value));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
