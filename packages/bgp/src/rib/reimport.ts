/** Makes routes anew of what was received: another import policy, other settings, or a peer that stays away. */
import { WELL_KNOWN_COMMUNITY } from '../iana.js';
import type { CompiledPolicy } from '../route-policy/compile.js';
import { ATTRIBUTE_FACT, type OwnIdentity } from './attribute-keys.js';
import { ATTRIBUTE, type AttributeTable, CANONICAL } from './attribute-table.js';
import { addedCommunities, editBlock } from './block-edit.js';
import type { FamilyRib } from './family-rib.js';
import { ownAsFlags } from './own-as.js';
import type { PeerTable } from './peer-table.js';
import type { PrefixKey } from './prefix-table.js';
import { OWN_AS_FLAGS, ROUTE, ROUTE_FLAG, RULE_FLAGS } from './route-row.js';

export class Reimport {
  readonly #peers: PeerTable;
  readonly #attributes: AttributeTable;
  readonly #own: OwnIdentity;
  readonly #key: PrefixKey = { a: 0, b: 0, c: 0, d: 0, length: 0 };
  /** Import policies asked since forget(). */
  readonly #asked: CompiledPolicy[] = [];

  constructor(peers: PeerTable, attributes: AttributeTable, own: OwnIdentity) {
    this.#peers = peers;
    this.#attributes = attributes;
    this.#own = own;
  }

  route(rib: FamilyRib, route: number): void {
    this.#again(rib, route, 0);
  }

  /** A stale route becomes long-lived stale, or goes where its sender does not want that. RFC 9494 section 4.2. */
  longLived(rib: FamilyRib, route: number): void {
    const received = this.#attributes.word(rib.word(route, ROUTE.received), ATTRIBUTE.alias);
    if ((this.#attributes.word(received, ATTRIBUTE.facts) & ATTRIBUTE_FACT.noLlgr) !== 0) rib.remove(route);
    else this.#again(rib, route, ROUTE_FLAG.leastPreferred);
  }

  /** The policies know attribute sets of one family alone, and only until this. */
  forget(): void {
    for (const policy of this.#asked) policy.forget();
    this.#asked.length = 0;
  }

  #again(rib: FamilyRib, route: number, added: number): void {
    const attributes = this.#attributes;
    const peer = this.#peers.peers[rib.word(route, ROUTE.peer) & 0xffff]!;
    const canonical = attributes.word(rib.word(route, ROUTE.received), ATTRIBUTE.alias);
    let flags = rib.word(route, ROUTE.flags) | added;
    if (peer.session) {
      const ownAs = ownAsFlags(peer.session, this.#own.asn, attributes, canonical);
      flags = (flags & ~OWN_AS_FLAGS) | ownAs;
    }
    const rules = peer.importRules;
    flags = (flags & ~RULE_FLAGS) | (rules === undefined ? 0 : rules.flags(canonical));
    let effective = canonical;
    if (rules === undefined) attributes.retain(canonical);
    else effective = rules.apply(canonical);
    if (peer.importPolicy) {
      const offered = effective;
      const key = rib.prefixes.readKey(rib.word(route, ROUTE.prefix), this.#key);
      effective = peer.importPolicy.apply(key, rib.family.version, offered, peer.index);
      attributes.release(offered);
      if (this.#asked.at(-1) !== peer.importPolicy) this.#asked.push(peer.importPolicy);
    }
    if ((flags & ROUTE_FLAG.leastPreferred) !== 0) effective = this.#withStale(effective);
    rib.setEffective(route, effective, flags);
    if (effective !== 0) attributes.release(effective);
  }

  /** The attributes with LLGR_STALE; the reference moves along. */
  #withStale(id: number): number {
    const table = this.#attributes;
    if (id === 0 || (table.word(id, ATTRIBUTE.facts) & ATTRIBUTE_FACT.llgrStale) !== 0) return id;
    const present = table.block(id);
    const block = editBlock(present, new Map([addedCommunities(present, [WELL_KNOWN_COMMUNITY.llgrStale])]));
    const marked = table.internCanonical(block, 0, block.length, CANONICAL);
    table.release(id);
    return marked;
  }
}
