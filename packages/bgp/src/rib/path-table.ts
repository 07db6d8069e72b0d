/**
 * The paths of one family that ADD-PATH groups (RFC 7911) have told somebody, as dense ids. A path is a prefix with the
 * identifier sent with it, which is the number of the route's row: that is not 0, no other route of the prefix has it, and
 * it stays while the source keeps the route, whatever becomes of its attributes. All groups share the ids, so a peer that
 * changes its group keeps its identifiers. A row lives while it has holds, and holds its prefix.
 */
import type { NlriTable } from './nlri-table.js';
import type { PrefixTable } from './prefix-table.js';
import { ROW_BITS, ROW_MASK, RowTable } from './row-table.js';

/** Words of a row: the next path of the prefix, and so on. */
const NEXT = 0;
const PREFIX = 1;
const PATH_ID = 2;
const HOLDS = 3;
const SHIFT = 2;

const PATH_ID_OCTETS = 4;

export class PathTable implements NlriTable {
  readonly rows = new RowTable(SHIFT);
  readonly #prefixes: PrefixTable;
  /** The first path by prefix, in segments made when needed. */
  readonly #heads: (Int32Array | undefined)[] = [];

  constructor(prefixes: PrefixTable) {
    this.#prefixes = prefixes;
  }

  /** The first path of a prefix, or 0. */
  head(prefix: number): number {
    return this.#heads[prefix >>> ROW_BITS]?.[prefix & ROW_MASK] ?? 0;
  }

  nextOf(id: number): number {
    return this.#word(id, NEXT);
  }

  prefixOf(id: number): number {
    return this.#word(id, PREFIX);
  }

  pathId(id: number): number {
    return this.#word(id, PATH_ID);
  }

  /** The id of a path; a new one is without holds, and the caller puts one to it. */
  intern(prefix: number, pathId: number): number {
    const head = this.head(prefix);
    for (let id = head; id !== 0; id = this.nextOf(id)) if (this.pathId(id) === pathId) return id;
    const id = this.rows.allocate();
    this.#set(id, NEXT, head);
    this.#set(id, PREFIX, prefix);
    this.#set(id, PATH_ID, pathId);
    this.#setHead(prefix, id);
    this.#prefixes.hold(prefix);
    return id;
  }

  hold(id: number): void {
    this.#set(id, HOLDS, this.#word(id, HOLDS) + 1);
  }

  release(id: number): void {
    const holds = this.#word(id, HOLDS) - 1;
    this.#set(id, HOLDS, holds);
    if (holds === 0) this.#remove(id);
  }

  releaseAll(ids: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.release(ids[i]!);
  }

  #remove(id: number): void {
    const prefix = this.prefixOf(id);
    const next = this.nextOf(id);
    const head = this.head(prefix);
    if (head === id) {
      this.#setHead(prefix, next);
    } else {
      let before = head;
      while (this.nextOf(before) !== id) before = this.nextOf(before);
      this.#set(before, NEXT, next);
    }
    this.rows.release(id);
    this.#prefixes.release(prefix);
  }

  nlriOctets(id: number): number {
    return PATH_ID_OCTETS + this.#prefixes.nlriOctets(this.prefixOf(id));
  }

  /** RFC 7911 section 3: the identifier, then the prefix. */
  writeNlri(id: number, target: Uint8Array, offset: number): number {
    const pathId = this.pathId(id);
    target[offset] = pathId >>> 24;
    target[offset + 1] = pathId >>> 16;
    target[offset + 2] = pathId >>> 8;
    target[offset + 3] = pathId;
    return this.#prefixes.writeNlri(this.prefixOf(id), target, offset + PATH_ID_OCTETS);
  }

  #word(id: number, word: number): number {
    return this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << SHIFT) + word]!;
  }

  #set(id: number, word: number, value: number): void {
    this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << SHIFT) + word] = value;
  }

  #setHead(prefix: number, id: number): void {
    const number = prefix >>> ROW_BITS;
    while (this.#heads.length <= number) this.#heads.push(undefined);
    this.#heads[number] ??= new Int32Array(1 << ROW_BITS);
    this.#heads[number]![prefix & ROW_MASK] = id;
  }
}
