/**
 * Attribute blocks interned by their octets: one id per distinct block, counted references, decision keys read once.
 *
 * A block is known under the contexts it was checked for: sixteen kinds of session (2- or 4-octet AS numbers, eBGP or iBGP,
 * NLRI field or MP_REACH_NLRI, global or link-local next hops) and the canonical form. What a modern peer sends usually is canonical already, and then
 * received and canonical block are one entry; else the received one is an alias that holds on to its canonical one.
 * So a block is checked once, however many UPDATEs carry it (bench `pipeline`).
 */
import type { Address } from '@tortie/ip';
import { ATTRIBUTE_FACT, AttributeKeys, type OwnIdentity } from './attribute-keys.js';
import { BlockArena } from './block-arena.js';
import type { NextHopTable } from './next-hops.js';
import { ROW_BITS, ROW_MASK, RowTable } from './row-table.js';
import type { SeededHash } from './seeded-hash.js';
import { SHARD_SHIFT, ShardedIndex } from './sharded-index.js';

/** Words of a row: 16, one cache line. */
export const ATTRIBUTE = {
  hash: 0,
  offset: 1,
  length: 2,
  references: 3,
  contexts: 4,
  alias: 5,
  localPref: 6,
  med: 7,
  asPathLength: 8,
  origin: 9,
  neighbourAs: 10,
  originator: 11,
  clusterListLength: 12,
  nextHop: 13,
  facts: 14,
  originAs: 15,
} as const;

const SHIFT = 4;

/** Context bits: 1 << (0..7) and 1 << (16..23) for sessions, this one, and seven behind it: see canonicalContext. */
export const CANONICAL = 1 << 8;

/** Facts that the octets do not show, but how they came about: three bits next to each other. */
export const KEPT_FACTS = ATTRIBUTE_FACT.keepMed | ATTRIBUTE_FACT.keepNextHop | ATTRIBUTE_FACT.ownAsPrepended;
const KEPT_SHIFT = 12;

/** The context of a canonical block with some of KEPT_FACTS: equal octets with other facts are another entry. */
export const canonicalContext = (kept: number): number => CANONICAL << (kept >>> KEPT_SHIFT);

const keptFacts = (context: number): number => (31 - Math.clz32(context / CANONICAL)) << KEPT_SHIFT;

/** What the octets say and what is known beside them. */
const allFacts = (read: number, kept: number): number =>
  (kept & ATTRIBUTE_FACT.ownAsPrepended) !== 0 ? (read & ~ATTRIBUTE_FACT.ownAs) | kept : read | kept;
/** Added to the shift of a session's contexts where its next hops are link-local ones: they are canonicalized otherwise. */
export const LINK_LOCAL_SHIFT = 16;

export class AttributeTable {
  readonly rows = new RowTable(SHIFT);
  readonly arena = new BlockArena();
  readonly #index = new ShardedIndex();
  readonly #hash: SeededHash;
  readonly #nextHops: NextHopTable;
  readonly #own: OwnIdentity;
  readonly #keys = new AttributeKeys();

  constructor(hash: SeededHash, nextHops: NextHopTable, own: OwnIdentity) {
    this.#hash = hash;
    this.#nextHops = nextHops;
    this.#own = own;
  }

  get size(): number {
    return this.rows.used;
  }

  word(id: number, word: number): number {
    return this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << SHIFT) + word]!;
  }

  hashOf(bytes: Uint8Array, start: number, end: number): number {
    return this.#hash.octets(bytes, start, end, 0);
  }

  /** The entry of a block known under this context, or 0. Adds no reference. */
  find(bytes: Uint8Array, start: number, end: number, hash: number, context: number): number {
    const shard = this.#index.shards[hash >>> SHARD_SHIFT]!;
    const mask = (shard.length >>> 1) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = shard[2 * slot + 1]!;
      if (id === 0) return 0;
      if (shard[2 * slot] === hash && this.#equals(id, bytes, start, end, context)) return id;
    }
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number, context: number): boolean {
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << SHIFT;
    const length = end - start;
    if (row[at + ATTRIBUTE.length] !== length || (row[at + ATTRIBUTE.contexts]! & context) === 0) return false;
    const offset = row[at + ATTRIBUTE.offset]!;
    const page = this.arena.pages[offset >>> 16]!;
    const place = offset & 0xffff;
    for (let i = 0; i < length; i++) if (page[place + i] !== bytes[start + i]) return false;
    return true;
  }

  /** The id of a canonical block, with one more reference. `context` is CANONICAL, or of canonicalContext. */
  internCanonical(bytes: Uint8Array, start: number, end: number, context: number): number {
    const hash = this.hashOf(bytes, start, end);
    const known = this.find(bytes, start, end, hash, context);
    if (known !== 0) {
      this.retain(known);
      return known;
    }
    const id = this.#add(bytes, start, end, hash, context);
    const keys = this.#keys;
    keys.read(bytes, start, end, this.#own);
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << SHIFT;
    row[at + ATTRIBUTE.alias] = id;
    row[at + ATTRIBUTE.localPref] = keys.localPref;
    row[at + ATTRIBUTE.med] = keys.med;
    row[at + ATTRIBUTE.asPathLength] = keys.asPathLength;
    row[at + ATTRIBUTE.origin] = keys.origin;
    row[at + ATTRIBUTE.neighbourAs] = keys.neighbourAs;
    row[at + ATTRIBUTE.originator] = keys.originator;
    row[at + ATTRIBUTE.clusterListLength] = keys.clusterListLength;
    row[at + ATTRIBUTE.originAs] = keys.originAs;
    row[at + ATTRIBUTE.facts] = context === CANONICAL ? keys.facts : allFacts(keys.facts, keptFacts(context));
    row[at + ATTRIBUTE.nextHop] = this.#nextHops.retain(keys.nextHop(bytes));
    return id;
  }

  /** Notes that the canonical block is also what a session of this context sends for itself. */
  addContext(id: number, context: number): void {
    const at = ((id & ROW_MASK) << SHIFT) + ATTRIBUTE.contexts;
    const row = this.rows.segments[id >>> ROW_BITS]!;
    row[at] = row[at]! | context;
  }

  /** Adds a received block that stands for `canonical`, whose reference of the caller it takes over; one reference. */
  addAlias(bytes: Uint8Array, start: number, end: number, hash: number, context: number, canonical: number): number {
    const id = this.#add(bytes, start, end, hash, context);
    this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << SHIFT) + ATTRIBUTE.alias] = canonical;
    return id;
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, context: number): number {
    const length = end - start;
    const offset = this.arena.allocate(length);
    const page = this.arena.pages[offset >>> 16]!;
    const place = offset & 0xffff;
    for (let i = 0; i < length; i++) page[place + i] = bytes[start + i]!;
    const id = this.rows.allocate();
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << SHIFT;
    row[at + ATTRIBUTE.hash] = hash;
    row[at + ATTRIBUTE.offset] = offset;
    row[at + ATTRIBUTE.length] = length;
    row[at + ATTRIBUTE.references] = 1;
    row[at + ATTRIBUTE.contexts] = context;
    this.#index.insert(hash, id);
    return id;
  }

  retain(id: number): void {
    const at = ((id & ROW_MASK) << SHIFT) + ATTRIBUTE.references;
    const row = this.rows.segments[id >>> ROW_BITS]!;
    row[at] = row[at]! + 1;
  }

  release(id: number): void {
    const at = ((id & ROW_MASK) << SHIFT) + ATTRIBUTE.references;
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const references = row[at]! - 1;
    row[at] = references;
    if (references === 0) this.#remove(id);
  }

  #remove(id: number): void {
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << SHIFT;
    const alias = row[at + ATTRIBUTE.alias]!;
    const nextHop = row[at + ATTRIBUTE.nextHop]!;
    this.#index.remove(row[at + ATTRIBUTE.hash]!, id);
    this.arena.release(row[at + ATTRIBUTE.offset]!);
    this.rows.release(id);
    if (alias !== id) this.release(alias);
    else this.#nextHops.release(nextHop);
  }

  /** Reads the facts anew that depend on our own identity, of ids from `from` on, at most `count`; gives the next id or 0. */
  rereadOwn(from: number, count: number): number {
    const end = Math.min(this.rows.limit, from + count);
    for (let id = from; id < end; id++) {
      if (this.word(id, ATTRIBUTE.references) === 0 || this.word(id, ATTRIBUTE.alias) !== id) continue;
      const offset = this.word(id, ATTRIBUTE.offset);
      const place = offset & 0xffff;
      const kept = this.word(id, ATTRIBUTE.facts) & KEPT_FACTS;
      this.#keys.read(this.arena.pages[offset >>> 16]!, place, place + this.word(id, ATTRIBUTE.length), this.#own);
      this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << SHIFT) + ATTRIBUTE.facts] = allFacts(
        this.#keys.facts,
        kept,
      );
    }
    return end < this.rows.limit ? end : 0;
  }

  nextHop(id: number): Address {
    return this.#nextHops.address(this.word(id, ATTRIBUTE.nextHop));
  }

  /** The octets of a block; a view that is valid until the block is released. */
  block(id: number): Uint8Array {
    const offset = this.word(id, ATTRIBUTE.offset);
    const place = offset & 0xffff;
    return this.arena.pages[offset >>> 16]!.subarray(place, place + this.word(id, ATTRIBUTE.length));
  }
}
