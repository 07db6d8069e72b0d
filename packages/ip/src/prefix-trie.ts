/**
 * A path-compressed binary trie from prefixes of one IP version to values: longest match, covering and covered walks.
 * At most 2n - 1 nodes for n prefixes; every step costs at most one node per distinct branching bit.
 */
import { type Address, addressBits, type IpVersion } from './address.js';
import { IpError } from './errors.js';
import { bitAt, commonBits, type Prefix, prefixContains, prefixCovers, prefixesEqual, prefixOf } from './prefix.js';

interface Node<T> {
  readonly prefix: Prefix;
  /** Absent on a node that only branches. */
  entry: { value: T } | undefined;
  zero: Node<T> | undefined;
  one: Node<T> | undefined;
}

export class PrefixTrie<T> {
  readonly version: IpVersion;
  #root: Node<T> | undefined;
  #size = 0;

  constructor(version: IpVersion) {
    this.version = version;
  }

  get size(): number {
    return this.#size;
  }

  /** Sets the value of a prefix, replacing an earlier one. */
  set(prefix: Prefix, value: T): void {
    this.#check(prefix);
    this.#root = this.#insert(this.#root, prefix, value);
  }

  get(prefix: Prefix): T | undefined {
    this.#check(prefix);
    let node = this.#root;
    while (node && prefixCovers(node.prefix, prefix)) {
      if (node.prefix.length === prefix.length) return node.entry?.value;
      node = bitAt(prefix, node.prefix.length) ? node.one : node.zero;
    }
    return undefined;
  }

  /** Removes a prefix; false where it was not there. */
  delete(prefix: Prefix): boolean {
    this.#check(prefix);
    const before = this.#size;
    this.#root = this.#remove(this.#root, prefix);
    return this.#size < before;
  }

  /** The most specific prefix that contains the address (or covers the prefix). */
  longestMatch(target: Address | Prefix): { prefix: Prefix; value: T } | undefined {
    let best: { prefix: Prefix; value: T } | undefined;
    for (const match of this.covering(target)) best = match;
    return best;
  }

  /** Every prefix that contains the address (or covers the prefix), shortest first. */
  *covering(target: Address | Prefix): Generator<{ prefix: Prefix; value: T }> {
    this.#check(target);
    const limit = 'length' in target ? target.length : addressBits(this.version);
    let node = this.#root;
    while (node && node.prefix.length <= limit && prefixContains(node.prefix, target)) {
      if (node.entry) yield { prefix: node.prefix, value: node.entry.value };
      if (node.prefix.length === limit) return;
      node = bitAt(target, node.prefix.length) ? node.one : node.zero;
    }
  }

  /** Every prefix inside `outer`, itself included, in address order, shorter first. */
  *within(outer: Prefix): Generator<{ prefix: Prefix; value: T }> {
    this.#check(outer);
    let node = this.#root;
    while (node && node.prefix.length < outer.length && prefixCovers(node.prefix, outer)) {
      node = bitAt(outer, node.prefix.length) ? node.one : node.zero;
    }
    if (node && prefixCovers(outer, node.prefix)) yield* this.#walk(node);
  }

  /** Every entry in address order, shorter first. */
  *[Symbol.iterator](): Generator<{ prefix: Prefix; value: T }> {
    if (this.#root) yield* this.#walk(this.#root);
  }

  *#walk(node: Node<T>): Generator<{ prefix: Prefix; value: T }> {
    if (node.entry) yield { prefix: node.prefix, value: node.entry.value };
    if (node.zero) yield* this.#walk(node.zero);
    if (node.one) yield* this.#walk(node.one);
  }

  #insert(node: Node<T> | undefined, prefix: Prefix, value: T): Node<T> {
    if (!node) {
      this.#size++;
      return { prefix, entry: { value }, zero: undefined, one: undefined };
    }
    if (prefixesEqual(node.prefix, prefix)) {
      if (!node.entry) this.#size++;
      node.entry = { value };
      return node;
    }
    if (prefixCovers(node.prefix, prefix)) {
      if (bitAt(prefix, node.prefix.length)) node.one = this.#insert(node.one, prefix, value);
      else node.zero = this.#insert(node.zero, prefix, value);
      return node;
    }
    this.#size++;
    const length = commonBits(node.prefix, prefix, Math.min(node.prefix.length, prefix.length));
    const added: Node<T> = { prefix, entry: { value }, zero: undefined, one: undefined };
    const parent: Node<T> =
      length === prefix.length
        ? added
        : { prefix: prefixOf(prefix, length), entry: undefined, zero: undefined, one: undefined };
    for (const child of parent === added ? [node] : [node, added]) {
      if (bitAt(child.prefix, length)) parent.one = child;
      else parent.zero = child;
    }
    return parent;
  }

  #remove(node: Node<T> | undefined, prefix: Prefix): Node<T> | undefined {
    if (!node || !prefixCovers(node.prefix, prefix)) return node;
    if (node.prefix.length === prefix.length) {
      if (node.entry) this.#size--;
      node.entry = undefined;
    } else if (bitAt(prefix, node.prefix.length)) {
      node.one = this.#remove(node.one, prefix);
    } else {
      node.zero = this.#remove(node.zero, prefix);
    }
    if (node.entry || (node.zero && node.one)) return node;
    return node.zero ?? node.one;
  }

  #check(target: Address): void {
    if (target.version !== this.version) {
      throw new IpError(
        'ERR_IP_PREFIX',
        `an IPv${target.version} prefix does not belong into an IPv${this.version} trie`,
      );
    }
  }
}
