/** Routes that went after a collector was told of them, until it is told that too. */
import type { PrefixTable } from '../rib/prefix-table.js';

/** Words of an entry: prefix, peer, path identifier, views. */
const WORDS = 4;

export interface GoneRoute {
  prefix: number;
  peer: number;
  pathId: number;
  views: number;
}

export class GoneRoutes {
  readonly #prefixes: PrefixTable;
  #entries = new Int32Array(64 * WORDS);
  #head = 0;
  #tail = 0;

  constructor(prefixes: PrefixTable) {
    this.#prefixes = prefixes;
  }

  get size(): number {
    return (this.#tail - this.#head) / WORDS;
  }

  /** Holds the prefix. */
  push(prefix: number, peer: number, pathId: number, views: number): void {
    if (this.#tail === this.#entries.length) this.#makeRoom();
    this.#entries[this.#tail] = prefix;
    this.#entries[this.#tail + 1] = peer;
    this.#entries[this.#tail + 2] = pathId;
    this.#entries[this.#tail + 3] = views;
    this.#tail += WORDS;
    this.#prefixes.hold(prefix);
  }

  /** Takes the oldest; false where there is none. The caller releases the prefix. */
  shift(into: GoneRoute): boolean {
    if (this.#head === this.#tail) return false;
    into.prefix = this.#entries[this.#head]!;
    into.peer = this.#entries[this.#head + 1]!;
    into.pathId = this.#entries[this.#head + 2]!;
    into.views = this.#entries[this.#head + 3]!;
    this.#head += WORDS;
    return true;
  }

  #makeRoom(): void {
    const used = this.#entries.subarray(this.#head, this.#tail);
    const entries =
      used.length * 2 > this.#entries.length
        ? new Int32Array(this.#entries.length * 2)
        : new Int32Array(this.#entries.length);
    entries.set(used);
    this.#entries = entries;
    this.#tail -= this.#head;
    this.#head = 0;
  }
}
