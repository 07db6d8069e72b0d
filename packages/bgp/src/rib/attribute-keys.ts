/** Reads from a canonical block what the decision process and the export rules ask for; the block is known to be sound. */

import { type Address, ipv4 } from '@tortie/ip';
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE, WELL_KNOWN_COMMUNITY } from '../iana.js';
import { decodeMpNextHop } from '../wire/attribute/mp-reach.js';

export const ATTRIBUTE_FACT = {
  hasMed: 1,
  hasLocalPref: 2,
  hasOriginator: 4,
  hasClusterList: 8,
  noExport: 16,
  noAdvertise: 32,
  noExportSubconfed: 64,
  gracefulShutdown: 128,
  blackhole: 256,
  ownAs: 512,
  ownOriginator: 1024,
  ownCluster: 2048,
  /** MED was set by an export policy, so it goes to other ASes too. */
  keepMed: 4096,
  /** The next hop was set by an export policy, so it stays towards everybody. */
  keepNextHop: 8192,
  /** Our AS number was put in by an import policy, and only by that: no loop. */
  ownAsPrepended: 16384,
  /** AS_PATH has confederation segments, which do not leave our AS. */
  confederation: 32768,
  /** ONLY_TO_CUSTOMER is there. RFC 9234. */
  onlyToCustomer: 65536,
  /** RFC 9494. */
  llgrStale: 131072,
  noLlgr: 262144,
} as const;

/** RFC 4271 leaves the value to the operator; every implementation takes 100. */
export const DEFAULT_LOCAL_PREF = 100;

export interface OwnIdentity {
  asn: number;
  routerId: number;
  clusterId: number;
}

/** Filled in place and reused. Words are signed: see PrefixKey. */
export class AttributeKeys {
  facts = 0;
  localPref = DEFAULT_LOCAL_PREF;
  med = 0;
  /** An AS_SET counts as one, confederation segments as nothing. RFC 4271 section 9.1.2.2 a, RFC 5065 section 5.3. */
  asPathLength = 0;
  origin = 0;
  /** The AS the route came from, for MED; 0 where the path is empty or begins with a set. */
  neighbourAs = 0;
  /** The last AS of the path; 0 where it is empty or ends with a set. */
  originAs = 0;
  originator = 0;
  clusterListLength = 0;
  /** Offset and length of the next hop's octets; length 4, 16 or 32. */
  nextHopAt = 0;
  nextHopLength = 0;

  read(bytes: Uint8Array, start: number, end: number, own: OwnIdentity): void {
    this.facts = 0;
    this.localPref = DEFAULT_LOCAL_PREF;
    this.med = 0;
    this.asPathLength = 0;
    this.origin = 0;
    this.neighbourAs = 0;
    this.originAs = 0;
    this.originator = 0;
    this.clusterListLength = 0;
    this.nextHopLength = 0;
    for (let at = start; at < end; ) {
      const type = bytes[at + 1]!;
      let from = at + 3;
      let length = bytes[at + 2]!;
      if ((bytes[at]! & ATTRIBUTE_FLAG.extendedLength) !== 0) {
        length = (length << 8) | bytes[at + 3]!;
        from++;
      }
      at = from + length;
      switch (type) {
        case ATTRIBUTE_TYPE.origin:
          this.origin = bytes[from]!;
          break;
        case ATTRIBUTE_TYPE.asPath:
          this.#asPath(bytes, from, at, own.asn | 0);
          break;
        case ATTRIBUTE_TYPE.nextHop:
          this.nextHopAt = from;
          this.nextHopLength = length;
          break;
        case ATTRIBUTE_TYPE.med:
          this.facts |= ATTRIBUTE_FACT.hasMed;
          this.med = wordAt(bytes, from);
          break;
        case ATTRIBUTE_TYPE.localPref:
          this.facts |= ATTRIBUTE_FACT.hasLocalPref;
          this.localPref = wordAt(bytes, from);
          break;
        case ATTRIBUTE_TYPE.communities:
          for (let each = from; each < at; each += 4) {
            if (bytes[each] === 0xff) this.#wellKnown(wordAt(bytes, each) >>> 0);
          }
          break;
        case ATTRIBUTE_TYPE.originatorId:
          this.facts |= ATTRIBUTE_FACT.hasOriginator;
          this.originator = wordAt(bytes, from);
          if (this.originator === (own.routerId | 0)) this.facts |= ATTRIBUTE_FACT.ownOriginator;
          break;
        case ATTRIBUTE_TYPE.clusterList:
          this.facts |= ATTRIBUTE_FACT.hasClusterList;
          this.clusterListLength = length >>> 2;
          for (let each = from; each < at; each += 4) {
            if (wordAt(bytes, each) === (own.clusterId | 0)) this.facts |= ATTRIBUTE_FACT.ownCluster;
          }
          break;
        case ATTRIBUTE_TYPE.onlyToCustomer:
          this.facts |= ATTRIBUTE_FACT.onlyToCustomer;
          break;
        case ATTRIBUTE_TYPE.mpReach:
          this.nextHopAt = from + 4;
          this.nextHopLength = bytes[from + 3]!;
          break;
      }
    }
  }

  #asPath(bytes: Uint8Array, start: number, end: number, ownAsn: number): void {
    for (let at = start; at < end; ) {
      const segment = bytes[at]!;
      const count = bytes[at + 1]!;
      if (segment === 2) this.asPathLength += count;
      else if (segment === 1) this.asPathLength++;
      else this.facts |= ATTRIBUTE_FACT.confederation;
      if (segment === 2 && this.neighbourAs === 0 && at === start) this.neighbourAs = wordAt(bytes, at + 2);
      at += 2;
      for (let each = 0; each < count; each++, at += 4) {
        if (wordAt(bytes, at) === ownAsn) this.facts |= ATTRIBUTE_FACT.ownAs;
      }
      this.originAs = segment === 2 && count > 0 ? wordAt(bytes, at - 4) : 0;
    }
  }

  #wellKnown(community: number): void {
    if (community === WELL_KNOWN_COMMUNITY.noExport) this.facts |= ATTRIBUTE_FACT.noExport;
    else if (community === WELL_KNOWN_COMMUNITY.noAdvertise) this.facts |= ATTRIBUTE_FACT.noAdvertise;
    else if (community === WELL_KNOWN_COMMUNITY.noExportSubconfed) this.facts |= ATTRIBUTE_FACT.noExportSubconfed;
    else if (community === WELL_KNOWN_COMMUNITY.gracefulShutdown) this.facts |= ATTRIBUTE_FACT.gracefulShutdown;
    else if (community === WELL_KNOWN_COMMUNITY.blackhole) this.facts |= ATTRIBUTE_FACT.blackhole;
    else if (community === WELL_KNOWN_COMMUNITY.llgrStale) this.facts |= ATTRIBUTE_FACT.llgrStale;
    else if (community === WELL_KNOWN_COMMUNITY.noLlgr) this.facts |= ATTRIBUTE_FACT.noLlgr;
  }

  nextHop(bytes: Uint8Array): Address {
    return this.nextHopLength === 0 ? ipv4(0) : decodeMpNextHop(bytes, this.nextHopAt, this.nextHopLength).nextHop;
  }
}

export const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
