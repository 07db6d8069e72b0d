/** The matches of a policy's terms, compiled: what looks at the attributes apart from what looks at prefix and source. */
import { prefixContains } from '@tortie/ip';
import { ATTRIBUTE_TYPE } from '../iana.js';
import { ATTRIBUTE, type AttributeTable } from '../rib/attribute-table.js';
import { PEER_KIND, type PeerTable } from '../rib/peer-table.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import { attributeCursor, findAttribute } from '../wire/attribute/walk.js';
import { familyByName } from '../wire/family/family.js';
import { AsPathAutomaton } from './as-path-automaton.js';
import { CommunityList } from './community-list.js';
import type { NumberRange, PolicyMatch, RouteSource } from './policy.js';
import { PrefixList } from './prefix-list.js';

const cursor = attributeCursor();

/** A question about an attribute set alone, so that its answer holds for all routes with it. */
export type AttributeTest = (table: AttributeTable, id: number) => boolean;

const SOURCE: { readonly [source in RouteSource]: number } = { own: 1, ebgp: 2, ibgp: 4 };
const EVERY_SOURCE = 7;

/** The part of a match that concerns prefix and source; cheap, and asked for every route. */
export class RouteMatch {
  readonly #prefixes: PrefixList | undefined;
  readonly #notPrefixes: PrefixList | undefined;
  readonly #ipv4: boolean;
  readonly #ipv6: boolean;
  readonly #sources: number;
  readonly #peers: ReadonlySet<string> | undefined;

  constructor({ prefixes, notPrefixes, families, sources, peers }: PolicyMatch) {
    this.#prefixes = prefixes && new PrefixList(prefixes);
    this.#notPrefixes = notPrefixes && new PrefixList(notPrefixes);
    const versions = families?.map((name) => familyByName(name).version);
    this.#ipv4 = versions?.includes(4) ?? true;
    this.#ipv6 = versions?.includes(6) ?? true;
    this.#sources = sources?.reduce((sum, source) => sum | SOURCE[source], 0) ?? EVERY_SOURCE;
    this.#peers = peers && new Set(peers);
  }

  matches(key: PrefixKey, version: 4 | 6, source: number, peers: PeerTable): boolean {
    if (!(version === 4 ? this.#ipv4 : this.#ipv6)) return false;
    if (this.#sources !== EVERY_SOURCE && (this.#sources & sourceBit(peers.kind[source]!)) === 0) return false;
    // Number 0 is ourselves, whatever name the table has for that.
    if (this.#peers !== undefined && (source === 0 || !this.#peers.has(peers.peers[source]?.name ?? ''))) return false;
    if (this.#notPrefixes?.matches(key, version)) return false;
    return this.#prefixes === undefined || this.#prefixes.matches(key, version);
  }
}

const sourceBit = (kind: number): number =>
  (kind & PEER_KIND.local) !== 0 ? SOURCE.own : (kind & PEER_KIND.ebgp) !== 0 ? SOURCE.ebgp : SOURCE.ibgp;

/** The part that concerns attributes; undefined where there is none. Numbers first, then lists, then the path. */
export function attributeTest(match: PolicyMatch): AttributeTest | undefined {
  const { originAsns, neighbourAsns, asPathLength, med, localPref, nextHops, communities, asPaths } = match;
  const tests: AttributeTest[] = [];
  if (originAsns) tests.push(oneOf(ATTRIBUTE.originAs, originAsns));
  if (neighbourAsns) tests.push(oneOf(ATTRIBUTE.neighbourAs, neighbourAsns));
  if (asPathLength) tests.push(within(ATTRIBUTE.asPathLength, asPathLength));
  if (med) tests.push(within(ATTRIBUTE.med, med));
  if (localPref) tests.push(within(ATTRIBUTE.localPref, localPref));
  if (nextHops) tests.push((table, id) => nextHops.some((prefix) => prefixContains(prefix, table.nextHop(id))));
  if (communities) {
    const list = new CommunityList(communities);
    tests.push((table, id) => list.isIn(table.block(id)));
  }
  if (asPaths) {
    const automaton = new AsPathAutomaton(asPaths);
    tests.push((table, id) => {
      const block = table.block(id);
      const found = findAttribute(block, 0, block.length, ATTRIBUTE_TYPE.asPath, cursor);
      return found ? automaton.matches(block, cursor.valueStart, cursor.valueEnd) : automaton.matches(block, 0, 0);
    });
  }
  if (tests.length < 2) return tests[0];
  return (table, id) => tests.every((test) => test(table, id));
}

function oneOf(word: number, values: readonly number[]): AttributeTest {
  const set = new Set(values);
  return (table, id) => set.has(table.word(id, word) >>> 0);
}

function within(word: number, { min = 0, max = 0xffffffff }: NumberRange): AttributeTest {
  return (table, id) => {
    const value = table.word(id, word) >>> 0;
    return value >= min && value <= max;
  };
}
