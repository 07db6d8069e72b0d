/** All blocks of the cluster by what one looks for: owner, guest, address, pool with room. */
import { type Address, type IpVersion, type Prefix, PrefixTrie, prefixOf } from '@tortie/ip';
import type { BlockSummary } from './block-summary.js';
import { PoolSpace } from './pool-space.js';
import { blockKey } from './record/keys.js';
import type { Pool } from './record/pool.js';

export class BlockIndex {
  readonly #blocks = new Map<string, BlockSummary>();
  /** Keys in their order. */
  readonly #byNode = new Map<string, string[]>();
  readonly #byGuest = new Map<string, string[]>();
  /** Prefix lengths in use per version, with the number of blocks. */
  readonly #lengths = { 4: new Map<number, number>(), 6: new Map<number, number>() };
  #spaces = new Map<string, PoolSpace>();
  #tries = { 4: new PrefixTrie<PoolSpace>(4), 6: new PrefixTrie<PoolSpace>(6) };

  /** Replaces the pools; blocks are sorted into them anew. */
  setPools(pools: readonly Pool[]): void {
    this.#spaces = new Map();
    this.#tries = { 4: new PrefixTrie<PoolSpace>(4), 6: new PrefixTrie<PoolSpace>(6) };
    for (const pool of pools) {
      const space = new PoolSpace(pool);
      this.#spaces.set(pool.name, space);
      this.#tries[pool.cidr.version].set(pool.cidr, space);
    }
    for (const summary of this.#blocks.values()) this.spaceOf(summary.cidr)?.add(summary);
  }

  get spaces(): Iterable<PoolSpace> {
    return this.#spaces.values();
  }

  space(name: string): PoolSpace | undefined {
    return this.#spaces.get(name);
  }

  /** The pool that covers an address or block. */
  spaceOf(target: Address | Prefix): PoolSpace | undefined {
    return this.#tries[target.version].longestMatch(target)?.value;
  }

  reset(): void {
    for (const key of [...this.#blocks.keys()]) this.delete(key);
  }

  put(summary: BlockSummary): void {
    const former = this.#blocks.get(summary.key);
    if (former && isSamePlace(former, summary)) {
      this.#blocks.set(summary.key, summary);
      this.spaceOf(summary.cidr)?.replace(former, summary);
      return;
    }
    this.delete(summary.key);
    this.#blocks.set(summary.key, summary);
    if (summary.node !== undefined) addTo(this.#byNode, summary.node, summary.key);
    for (const guest of summary.guests) addTo(this.#byGuest, guest, summary.key);
    const lengths = this.#lengths[summary.cidr.version];
    lengths.set(summary.cidr.length, (lengths.get(summary.cidr.length) ?? 0) + 1);
    this.spaceOf(summary.cidr)?.add(summary);
  }

  delete(key: string): void {
    const summary = this.#blocks.get(key);
    if (!summary) return;
    this.#blocks.delete(key);
    if (summary.node !== undefined) removeFrom(this.#byNode, summary.node, key);
    for (const guest of summary.guests) removeFrom(this.#byGuest, guest, key);
    const lengths = this.#lengths[summary.cidr.version];
    const count = lengths.get(summary.cidr.length)! - 1;
    if (count > 0) lengths.set(summary.cidr.length, count);
    else lengths.delete(summary.cidr.length);
    this.spaceOf(summary.cidr)?.remove(summary);
  }

  get(key: string): BlockSummary | undefined {
    return this.#blocks.get(key);
  }

  /** Every block, in no order. */
  all(): Iterable<BlockSummary> {
    return this.#blocks.values();
  }

  /** The node's own blocks, in order of their keys. */
  ownedBy(node: string, version?: IpVersion): readonly BlockSummary[] {
    return this.#of(this.#byNode.get(node)).filter(({ cidr }) => version === undefined || cidr.version === version);
  }

  /** Who owns blocks or has addresses in those of others. */
  owners(): readonly string[] {
    return [...new Set([...this.#byNode.keys(), ...this.#byGuest.keys()])].sort();
  }

  /** Foreign blocks in which the node has addresses. */
  visitedBy(node: string): readonly BlockSummary[] {
    return this.#of(this.#byGuest.get(node));
  }

  /** The block that contains the address. */
  containing(address: Address): BlockSummary | undefined {
    for (const length of this.#lengths[address.version].keys()) {
      const summary = this.#blocks.get(blockKey(prefixOf(address, length)));
      if (summary) return summary;
    }
    return undefined;
  }

  #of(keys: readonly string[] = []): readonly BlockSummary[] {
    return keys.map((key) => this.#blocks.get(key)!);
  }
}

/** Most changes of a block are an assignment in it: nothing is found elsewhere after it. */
const isSamePlace = (x: BlockSummary, y: BlockSummary): boolean =>
  x.node === y.node &&
  x.guests.length === y.guests.length &&
  x.guests.every((guest, at) => guest === y.guests[at]) &&
  x.cidr.length === y.cidr.length;

function addTo(map: Map<string, string[]>, name: string, key: string): void {
  const keys = map.get(name);
  if (!keys) map.set(name, [key]);
  else if (!keys.includes(key)) {
    const at = keys.findIndex((other) => other > key);
    keys.splice(at < 0 ? keys.length : at, 0, key);
  }
}

function removeFrom(map: Map<string, string[]>, name: string, key: string): void {
  const keys = map.get(name);
  const at = keys?.indexOf(key) ?? -1;
  if (at >= 0) keys!.splice(at, 1);
  if (keys?.length === 0) map.delete(name);
}
