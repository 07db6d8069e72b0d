/**
 * The file of a copy of the store, and a second one behind it with what changed since: a change costs what it has, however large the
 * copy is. Once the changes are as large as the copy it is written anew, and they begin anew.
 *
 *     FILE           {"format":1,"id":ID,"savedAt":…,"position":…,"entries":[…]}
 *     FILE.changes   {"of":ID}, then a line each: {"savedAt":…,"position":…,"puts":[…],"gone":[KEY,…]}
 *
 * A line that was cut off, and what is behind it, never happened; changes of another copy are none of this one.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Entry } from '@tortie/store';

/** Raised when a reader of the former layout would misread the new one. */
const FORMAT = 1;

/** Changes below this are never worth another copy, in octets. */
const FEW = 64 * 1024;

/** Peers have passwords: the files are their owner's alone, as the embedded store is. */
const MODE = { mode: 0o600 };

export interface SavedCopy {
  readonly format: number;
  readonly savedAt: string;
  /** Of the store, then. */
  readonly position?: string;
  readonly entries: readonly Entry[];
}

interface ChangeLine {
  readonly savedAt: string;
  readonly position?: string;
  readonly puts: readonly Entry[];
  readonly gone: readonly string[];
}

const changesOf = (file: string): string => `${file}.changes`;

export const savedCopy = (entries: Iterable<Entry>, position?: string): SavedCopy => ({
  format: FORMAT,
  savedAt: new Date().toISOString(),
  ...(position !== undefined && { position }),
  entries: [...entries],
});

/** Throws where it cannot be read; its changes that cannot are left out. */
export function readCopyFile(file: string): SavedCopy {
  const copy = JSON.parse(readFileSync(file, 'utf8')) as SavedCopy & { readonly id?: string };
  if (copy.format !== FORMAT) throw new Error(`it has format ${copy.format}, this program knows format ${FORMAT}`);
  const { id, ...whole } = copy;
  const lines = id === undefined ? [] : readChanges(file, id);
  const last = lines.at(-1);
  if (!last) return whole;
  const entries = new Map(whole.entries.map((entry) => [entry.key, entry]));
  for (const { puts, gone } of lines) {
    for (const key of gone) entries.delete(key);
    for (const entry of puts) entries.set(entry.key, entry);
  }
  const { savedAt, position } = last;
  return { format: FORMAT, savedAt, ...(position !== undefined && { position }), entries: [...entries.values()] };
}

function readChanges(file: string, id: string): readonly ChangeLine[] {
  const lines: ChangeLine[] = [];
  try {
    const [first, ...rest] = readFileSync(changesOf(file), 'utf8').split('\n');
    if ((JSON.parse(first!) as { readonly of?: unknown }).of !== id) return [];
    for (const line of rest) lines.push(JSON.parse(line) as ChangeLine);
  } catch {
    // Absent, or cut off here.
  }
  return lines;
}

export class CopyFile {
  readonly #path: string;
  /** Of the copy that is there; undefined: it has to be written. */
  #id: string | undefined;
  #wholeOctets = 0;
  #changedOctets = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** `changed`: those since the last time, undefined being gone. Throws what the file system says; the next one then writes everything. */
  save(copy: SavedCopy, changed: ReadonlyMap<string, Entry | undefined>): void {
    const id = this.#id;
    this.#id = undefined;
    if (id === undefined || this.#changedOctets > Math.max(FEW, this.#wholeOctets)) this.#id = this.#saveWhole(copy);
    else {
      this.#saveChanges(copy, changed);
      this.#id = id;
    }
  }

  #saveWhole(copy: SavedCopy): string {
    const id = randomUUID();
    const text = JSON.stringify({ ...copy, id });
    writeFileSync(`${this.#path}.new`, text, MODE);
    renameSync(`${this.#path}.new`, this.#path);
    // Those that are there are not of this copy: it makes no difference when they go.
    writeFileSync(changesOf(this.#path), JSON.stringify({ of: id }), MODE);
    this.#wholeOctets = text.length;
    this.#changedOctets = 0;
    return id;
  }

  #saveChanges({ savedAt, position }: SavedCopy, changed: ReadonlyMap<string, Entry | undefined>): void {
    const puts: Entry[] = [];
    const gone: string[] = [];
    for (const [key, entry] of changed) {
      if (entry) puts.push(entry);
      else gone.push(key);
    }
    const line: ChangeLine = { savedAt, ...(position !== undefined && { position }), puts, gone };
    const text = `\n${JSON.stringify(line)}`;
    appendFileSync(changesOf(this.#path), text, MODE);
    this.#changedOctets += text.length;
  }
}
