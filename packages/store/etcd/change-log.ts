/** What happened lately below the store's prefix, oldest first, in bounded memory. Values stay text until somebody reads. */
import { type Changes, StoreError, type WatchEvent } from '../src/index.js';
import { parseValue } from './keys.js';

export interface Change {
  readonly key: string;
  readonly revision: number;
  /** Undefined: deleted. */
  readonly text: string | undefined;
}

/** The most text that is kept, in characters. */
const MAX_TEXT = 8 * 1024 * 1024;

export class ChangeLog {
  readonly #keepChanges: number;
  #changes: Change[] = [];
  /** Dropped ones at the head of `#changes`. */
  #head = 0;
  #textLength = 0;
  /** Everything after this revision is known. */
  #floor: number;
  #last: number;

  /** Knows everything that happens after `revision`. */
  constructor(revision: number, keepChanges: number) {
    this.#floor = revision;
    this.#last = revision;
    this.#keepChanges = keepChanges;
  }

  /** Everything up to this revision is known. */
  get last(): number {
    return this.#last;
  }

  /** All changes of a revision come in one call. */
  add(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.#textLength += change.text?.length ?? 0;
      this.#last = Math.max(this.#last, change.revision);
    }
    while (this.#changes.length - this.#head > this.#keepChanges || this.#textLength > MAX_TEXT) this.#dropOldest();
    if (this.#head > this.#keepChanges) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Nothing else happened up to this revision. */
  advance(revision: number): void {
    this.#last = Math.max(this.#last, revision);
  }

  /** The newest change per key below `prefix`, behind `revision`. Throws ERR_STORE_COMPACTED. */
  since(prefix: string, revision: number): Changes {
    if (revision < this.#floor) {
      throw new StoreError('ERR_STORE_COMPACTED', `changes behind revision ${revision} are not known; list again`);
    }
    const newest = new Map<string, Change>();
    for (let at = this.#indexBehind(revision); at < this.#changes.length; at++) {
      const change = this.#changes[at]!;
      if (!change.key.startsWith(prefix)) continue;
      newest.delete(change.key);
      newest.set(change.key, change);
    }
    return { events: [...newest.values()].map(eventOf), revision: Math.max(revision, this.#last) };
  }

  #dropOldest(): void {
    const { revision, text } = this.#changes[this.#head++]!;
    this.#textLength -= text?.length ?? 0;
    this.#floor = revision;
  }

  /** The first index whose revision is above `revision`. */
  #indexBehind(revision: number): number {
    let [low, high] = [this.#head, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#changes[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const eventOf = ({ key, revision, text }: Change): WatchEvent =>
  text === undefined ? { type: 'delete', key, revision } : { type: 'put', key, value: parseValue(key, text), revision };
