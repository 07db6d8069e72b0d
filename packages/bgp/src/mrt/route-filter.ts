/** Which routes of a file are wanted: every condition that is given must hold. */
import { type Address, addressToBytes, type Prefix } from '@tortie/ip';
import { ATTRIBUTE_TYPE } from '../iana.js';
import { AsPathAutomaton } from '../route-policy/as-path-automaton.js';
import { CommunityList } from '../route-policy/community-list.js';
import type { CommunityMatch } from '../route-policy/policy.js';
import type { MrtFrame } from './mrt-framer.js';
import type { MrtRoute, MrtRouteKind } from './route-walk.js';

export interface MrtPrefixMatch {
  readonly prefix: Prefix;
  /** `exact`: this one; `longer`: also all inside it; `covering`: also all that it lies in. */
  readonly match: 'exact' | 'longer' | 'covering';
}

/** Of each list one must hold. A withdrawal has no attributes, a change of state neither prefix nor attributes. */
export interface MrtFilterOptions {
  readonly prefixes?: readonly MrtPrefixMatch[] | undefined;
  /** Peers by address or AS number. */
  readonly peers?: readonly (Address | number)[] | undefined;
  /** The last AS of the path, or one of them where it ends with a set. */
  readonly originAsns?: readonly number[] | undefined;
  /** Expressions as in route policies. */
  readonly asPaths?: readonly string[] | undefined;
  readonly communities?: readonly CommunityMatch[] | undefined;
  readonly kinds?: readonly MrtRouteKind[] | undefined;
  /** Records from this second of the epoch on, and before that one. */
  readonly fromS?: number | undefined;
  readonly toS?: number | undefined;
}

interface OctetPrefix {
  readonly version: 4 | 6;
  readonly octets: Uint8Array;
  readonly length: number;
  readonly match: MrtPrefixMatch['match'];
}

export class MrtFilter {
  readonly #prefixes: readonly OctetPrefix[] | undefined;
  readonly #addresses: readonly { readonly version: 4 | 6; readonly octets: Uint8Array }[];
  readonly #asns: ReadonlySet<number>;
  readonly #anyPeer: boolean;
  readonly #originAsns: ReadonlySet<number> | undefined;
  readonly #asPaths: AsPathAutomaton | undefined;
  readonly #communities: CommunityList | undefined;
  readonly #kinds: ReadonlySet<MrtRouteKind> | undefined;
  readonly #fromS: number;
  readonly #toS: number;

  /** Throws BgpConfigError for an AS path expression that is none. */
  constructor(options: MrtFilterOptions = {}) {
    const { prefixes, peers, originAsns, asPaths, communities, kinds, fromS, toS } = options;
    this.#prefixes = prefixes?.map(({ prefix, match }) => {
      const { version, length } = prefix;
      return { version, octets: addressToBytes(prefix), length, match };
    });
    this.#anyPeer = peers === undefined;
    const addresses = (peers ?? []).filter((peer): peer is Address => typeof peer !== 'number');
    this.#addresses = addresses.map((peer) => ({ version: peer.version, octets: addressToBytes(peer) }));
    this.#asns = new Set((peers ?? []).filter((peer): peer is number => typeof peer === 'number'));
    this.#originAsns = originAsns && new Set(originAsns);
    this.#asPaths = asPaths && new AsPathAutomaton(asPaths);
    this.#communities = communities && new CommunityList(communities);
    this.#kinds = kinds && new Set(kinds);
    this.#fromS = fromS ?? Number.NEGATIVE_INFINITY;
    this.#toS = toS ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the time of the record is wanted. */
  admitsTime({ timestampS, microseconds = 0 }: Pick<MrtFrame, 'timestampS' | 'microseconds'>): boolean {
    const timeS = timestampS + microseconds / 1e6;
    return timeS >= this.#fromS && timeS < this.#toS;
  }

  /** Time aside, which is the record's. */
  admits(route: MrtRoute): boolean {
    if (this.#kinds !== undefined && !this.#kinds.has(route.kind)) return false;
    if (!this.#anyPeer && !this.#isPeer(route)) return false;
    if (this.#prefixes !== undefined && (route.kind === 'state' || !this.#prefixes.some((one) => holds(one, route)))) {
      return false;
    }
    return this.#admitsAttributes(route);
  }

  /** There are conditions that only routes with attributes can fulfil. */
  get wantsAttributes(): boolean {
    return this.#originAsns !== undefined || this.#asPaths !== undefined || this.#communities !== undefined;
  }

  #isPeer({ bytes, peerAt, peerVersion, peerAsn }: MrtRoute): boolean {
    if (this.#asns.has(peerAsn)) return true;
    return this.#addresses.some(({ version, octets }) => {
      if (version !== peerVersion) return false;
      for (let i = 0; i < octets.length; i++) if (octets[i] !== bytes[peerAt + i]) return false;
      return true;
    });
  }

  #admitsAttributes({ kind, attributes }: MrtRoute): boolean {
    if (!this.wantsAttributes) return true;
    if (kind !== 'rib' && kind !== 'announce') return false;
    if (this.#originAsns !== undefined && !attributes.originAsns.some((asn) => this.#originAsns!.has(asn))) {
      return false;
    }
    const automaton = this.#asPaths;
    if (automaton && !attributes.testPath((bytes, start, end) => automaton.matches(bytes, start, end))) return false;
    const communities = this.#communities;
    if (communities === undefined) return true;
    if (attributes.words(ATTRIBUTE_TYPE.communities).some((word) => communities.has(word))) return true;
    const large = attributes.words(ATTRIBUTE_TYPE.largeCommunities);
    for (let i = 0; i + 3 <= large.length; i += 3) {
      if (communities.hasLarge([large[i]!, large[i + 1]!, large[i + 2]!])) return true;
    }
    return false;
  }
}

function holds({ version, octets, length, match }: OctetPrefix, route: MrtRoute): boolean {
  if (version !== route.version) return false;
  if (
    match === 'exact' ? length !== route.length : match === 'longer' ? route.length < length : route.length > length
  ) {
    return false;
  }
  const bits = Math.min(length, route.length);
  const whole = bits >>> 3;
  for (let i = 0; i < whole; i++) if (octets[i] !== route.octets[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((octets[whole]! ^ route.octets[whole]!) & (0xff00 >>> rest) & 0xff) === 0;
}
