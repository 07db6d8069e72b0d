/**
 * Writes the attributes of a route as the members of a treatment get them, straight from the canonical block: one pass,
 * no objects (bench `pipeline`). MP_REACH_NLRI is the message writer's, as it holds the NLRI and comes first.
 */
import { type Address, writeAddress } from '@tortie/ip';
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import { ATTRIBUTE_FACT, type OwnIdentity } from '../rib/attribute-keys.js';
import { ATTRIBUTE, type AttributeTable } from '../rib/attribute-table.js';
import { CANONICAL_CONTEXT } from '../rib/block-edit.js';
import { PEER_KIND, type PeerTable } from '../rib/peer-table.js';
import { attributeByType } from '../wire/attribute/attribute.js';
import { decodeAttributes, encodeAttributes } from '../wire/attribute/attribute-set.js';
import { exportPath } from './prepend-as.js';
import { copy, putHead } from './put-octets.js';
import type { Treatment } from './treatment.js';

/** No block grows by more than this when written for a 4-octet session. */
export const MAX_GROWTH = 64;

const KNOWN = new Uint8Array(256);
for (let type = 0; type < 256; type++) KNOWN[type] = attributeByType(type) ? 1 : 0;

export class AttributeExport {
  readonly #attributes: AttributeTable;
  readonly #peers: PeerTable;
  readonly #own: OwnIdentity;

  constructor(attributes: AttributeTable, peers: PeerTable, own: OwnIdentity) {
    this.#attributes = attributes;
    this.#peers = peers;
    this.#own = own;
  }

  /** The most octets `write` can need. */
  bound(treatment: Treatment, id: number): number {
    const length = this.#attributes.word(id, ATTRIBUTE.length) + MAX_GROWTH;
    return treatment.session.send.fourOctetAs ? length : 2 * length;
  }

  /**
   * Writes all but MP_REACH_NLRI by ascending type and gives the offset behind. `nextHop` is written as NEXT_HOP where it
   * is an IPv4 one; the caller puts an IPv6 one into MP_REACH_NLRI.
   */
  write(treatment: Treatment, id: number, peer: number, nextHop: Address, target: Uint8Array, start: number): number {
    const end = this.#write4(treatment, id, peer, nextHop, target, start);
    if (treatment.session.send.fourOctetAs) return end;
    // Sessions without 4-octet AS numbers are rare: theirs go through objects. RFC 6793 section 4.2.2.
    const { attributes } = decodeAttributes(target, start, end, CANONICAL_CONTEXT, { nlri: false });
    const octets = encodeAttributes(attributes, treatment.session.send);
    target.set(octets, start);
    return start + octets.length;
  }

  #write4(treatment: Treatment, id: number, peer: number, nextHop: Address, target: Uint8Array, start: number): number {
    const table = this.#attributes;
    const offset = table.word(id, ATTRIBUTE.offset);
    const bytes = table.arena.pages[offset >>> 16]!;
    const end = (offset & 0xffff) + table.word(id, ATTRIBUTE.length);
    const facts = table.word(id, ATTRIBUTE.facts);
    const ebgp = treatment.ebgp;
    const reflects = treatment.reflects(peer);
    let to = start;
    /** The next attribute that we write whether or not it is in the block; types above 255 end it. */
    let due = ebgp ? dueToEbgp(treatment, facts) : ATTRIBUTE_TYPE.localPref;
    for (let at = offset & 0xffff; at < end; ) {
      const flags = bytes[at]!;
      const type = bytes[at + 1]!;
      const extended = (flags & ATTRIBUTE_FLAG.extendedLength) !== 0;
      const from = extended ? at + 4 : at + 3;
      const next = from + (extended ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!);
      if (due <= type) {
        to = this.#due(due, type, id, peer, treatment, target, to);
        due = dueAfter(type, due, reflects);
      }
      switch (type) {
        case ATTRIBUTE_TYPE.asPath:
          to = ebgp ? exportPath(facts, bytes, from, next, treatment, target, to) : copy(bytes, at, next, target, to);
          if (nextHop.version === 4) {
            target[to] = ATTRIBUTE_FLAG.transitive;
            target[to + 1] = ATTRIBUTE_TYPE.nextHop;
            target[to + 2] = 4;
            to = writeAddress(nextHop, target, to + 3);
          }
          break;
        case ATTRIBUTE_TYPE.nextHop:
        case ATTRIBUTE_TYPE.localPref:
        case ATTRIBUTE_TYPE.mpReach:
          break;
        case ATTRIBUTE_TYPE.originatorId:
          if (reflects) to = copy(bytes, at, next, target, to);
          break;
        case ATTRIBUTE_TYPE.clusterList:
          if (reflects) to = prependCluster(bytes, from, next, this.#own.clusterId, target, to);
          break;
        case ATTRIBUTE_TYPE.med:
          // RFC 4271 section 5.1.4: a MED received from one neighbouring AS is not passed to another.
          if (!ebgp || (facts & ATTRIBUTE_FACT.keepMed) !== 0 || this.#peers.kind[peer] === PEER_KIND.local) {
            to = copy(bytes, at, next, target, to);
          }
          break;
        case ATTRIBUTE_TYPE.extendedCommunities:
          to = ebgp ? transitiveOnly(bytes, from, next, flags, target, to) : copy(bytes, at, next, target, to);
          break;
        default: {
          const begin = to;
          to = copy(bytes, at, next, target, to);
          // RFC 4271 section 5: whoever passes on what it does not know says so.
          if (KNOWN[type] === 0) target[begin] = flags | ATTRIBUTE_FLAG.partial;
        }
      }
      at = next;
    }
    return due > 255 ? to : this.#due(due, 256, id, peer, treatment, target, to);
  }

  /**
   * Writes LOCAL_PREF or ONLY_TO_CUSTOMER, and ORIGINATOR_ID and CLUSTER_LIST where the block has none, as far as their turn
   * comes before `type`.
   */
  #due(
    due: number,
    type: number,
    id: number,
    peer: number,
    treatment: Treatment,
    target: Uint8Array,
    at: number,
  ): number {
    let to = at;
    if (due === ATTRIBUTE_TYPE.onlyToCustomer) {
      const flags = ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.transitive;
      return putWord(flags, ATTRIBUTE_TYPE.onlyToCustomer, treatment.role!.adds!, target, to);
    }
    if (due === ATTRIBUTE_TYPE.localPref) {
      const pref = this.#attributes.word(id, ATTRIBUTE.localPref);
      to = putWord(ATTRIBUTE_FLAG.transitive, ATTRIBUTE_TYPE.localPref, pref, target, to);
    }
    if (!treatment.reflects(peer)) return to;
    if (due <= ATTRIBUTE_TYPE.originatorId && type > ATTRIBUTE_TYPE.originatorId) {
      to = putWord(ATTRIBUTE_FLAG.optional, ATTRIBUTE_TYPE.originatorId, this.#peers.routerId[peer]!, target, to);
    }
    if (due <= ATTRIBUTE_TYPE.clusterList && type > ATTRIBUTE_TYPE.clusterList) {
      to = putWord(ATTRIBUTE_FLAG.optional, ATTRIBUTE_TYPE.clusterList, this.#own.clusterId, target, to);
    }
    return to;
  }
}

/** What another AS gets that the block may not have: ONLY_TO_CUSTOMER. RFC 9234 section 5. */
const dueToEbgp = ({ role }: Treatment, facts: number): number =>
  role?.adds === undefined || (facts & ATTRIBUTE_FACT.onlyToCustomer) !== 0 ? 256 : ATTRIBUTE_TYPE.onlyToCustomer;

/** What is due once an attribute of this type has had its turn. */
function dueAfter(type: number, due: number, reflects: boolean): number {
  if (!reflects || type >= ATTRIBUTE_TYPE.clusterList) return 256;
  if (type >= ATTRIBUTE_TYPE.originatorId) return ATTRIBUTE_TYPE.clusterList;
  return due <= ATTRIBUTE_TYPE.localPref ? ATTRIBUTE_TYPE.originatorId : due;
}

function putWord(flags: number, type: number, word: number, target: Uint8Array, at: number): number {
  target[at] = flags;
  target[at + 1] = type;
  target[at + 2] = 4;
  target[at + 3] = word >>> 24;
  target[at + 4] = word >>> 16;
  target[at + 5] = word >>> 8;
  target[at + 6] = word;
  return at + 7;
}

/** RFC 4456 section 8. */
function prependCluster(
  bytes: Uint8Array,
  from: number,
  end: number,
  id: number,
  target: Uint8Array,
  at: number,
): number {
  const to = putHead(ATTRIBUTE_FLAG.optional, ATTRIBUTE_TYPE.clusterList, end - from + 4, target, at);
  target[to] = id >>> 24;
  target[to + 1] = id >>> 16;
  target[to + 2] = id >>> 8;
  target[to + 3] = id;
  return copy(bytes, from, end, target, to + 4);
}

/** RFC 4360 section 6: what is not transitive across ASes stays in ours. */
function transitiveOnly(
  bytes: Uint8Array,
  from: number,
  end: number,
  flags: number,
  target: Uint8Array,
  at: number,
): number {
  let length = 0;
  for (let each = from; each < end; each += 8) if ((bytes[each]! & 0x40) === 0) length += 8;
  if (length === 0) return at;
  let to = putHead(flags & ~ATTRIBUTE_FLAG.extendedLength, ATTRIBUTE_TYPE.extendedCommunities, length, target, at);
  for (let each = from; each < end; each += 8) {
    if ((bytes[each]! & 0x40) === 0) to = copy(bytes, each, each + 8, target, to);
  }
  return to;
}
