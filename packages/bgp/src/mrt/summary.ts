/** What an MRT file holds, in numbers: kinds of records, the time they span, peers and their routes. */
import { addressFromBytes, formatAddress } from '@tortie/ip';
import type { MrtFrame } from './mrt-framer.js';
import { type MrtRoute, MrtRouteWalk } from './route-walk.js';

export interface MrtPeerSummary {
  readonly address: string;
  readonly asn: number;
  rib: number;
  announce: number;
  withdraw: number;
  state: number;
}

export interface MrtSummaryView {
  readonly records: readonly { readonly type: string; readonly count: number }[];
  /** Seconds of the epoch, of the first and last point in time; absent in an empty file. */
  readonly fromS?: number;
  readonly toS?: number;
  /** Of table dumps: each once for a run of records. */
  readonly prefixes: { readonly ipv4: number; readonly ipv6: number };
  readonly routes: {
    readonly rib: number;
    readonly announce: number;
    readonly withdraw: number;
    readonly state: number;
  };
  /** Those that the file has anything of, and those of its peer index. */
  readonly peers: readonly MrtPeerSummary[];
}

const TYPES: Readonly<Record<number, string>> = {
  11: 'OSPFv2',
  12: 'TABLE_DUMP',
  13: 'TABLE_DUMP_V2',
  16: 'BGP4MP',
  17: 'BGP4MP_ET',
  32: 'ISIS',
  33: 'ISIS_ET',
  48: 'OSPFv3',
  49: 'OSPFv3_ET',
};

const MESSAGES: Readonly<Record<number, string>> = {
  0: 'STATE_CHANGE',
  1: 'MESSAGE',
  4: 'MESSAGE_AS4',
  5: 'STATE_CHANGE_AS4',
  6: 'MESSAGE_LOCAL',
  7: 'MESSAGE_AS4_LOCAL',
  8: 'MESSAGE_ADDPATH',
  9: 'MESSAGE_AS4_ADDPATH',
  10: 'MESSAGE_LOCAL_ADDPATH',
  11: 'MESSAGE_AS4_LOCAL_ADDPATH',
};

/** RFC 6396 section 4, RFC 8050. */
const SUBTYPES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  12: { 1: 'AFI_IPv4', 2: 'AFI_IPv6' },
  13: {
    1: 'PEER_INDEX_TABLE',
    2: 'RIB_IPV4_UNICAST',
    3: 'RIB_IPV4_MULTICAST',
    4: 'RIB_IPV6_UNICAST',
    5: 'RIB_IPV6_MULTICAST',
    6: 'RIB_GENERIC',
    8: 'RIB_IPV4_UNICAST_ADDPATH',
    9: 'RIB_IPV4_MULTICAST_ADDPATH',
    10: 'RIB_IPV6_UNICAST_ADDPATH',
    11: 'RIB_IPV6_MULTICAST_ADDPATH',
    12: 'RIB_GENERIC_ADDPATH',
  },
  16: MESSAGES,
  17: MESSAGES,
};

/** `TABLE_DUMP_V2/RIB_IPV4_UNICAST`; numbers where there is no name. */
export const mrtTypeName = (mrtType: number, subtype: number): string =>
  `${TYPES[mrtType] ?? mrtType}/${SUBTYPES[mrtType]?.[subtype] ?? subtype}`;

export class MrtSummary {
  readonly #walk = new MrtRouteWalk();
  /** By type and subtype. */
  readonly #records = new Map<number, number>();
  readonly #peers = new Map<string, MrtPeerSummary>();
  /** Peers of the index by their octets, which are one object each: no text is made per route. */
  #indexed = new Map<Uint8Array, MrtPeerSummary>();
  readonly #prefixes = { ipv4: 0, ipv6: 0 };
  #fromS = Number.POSITIVE_INFINITY;
  #toS = Number.NEGATIVE_INFINITY;
  readonly #lastPrefix = new Uint8Array(17);
  #frame: MrtFrame | undefined;
  #framePeer: MrtPeerSummary | undefined;

  /** Throws MrtError for a damaged record, which counts all the same. */
  add(frame: MrtFrame): void {
    const key = frame.mrtType * 65536 + frame.subtype;
    this.#records.set(key, (this.#records.get(key) ?? 0) + 1);
    const timeS = frame.timestampS + (frame.microseconds ?? 0) / 1e6;
    this.#fromS = Math.min(this.#fromS, timeS);
    this.#toS = Math.max(this.#toS, timeS);
    if (frame.mrtType === 13 && frame.subtype === 1) this.#indexed = new Map();
    this.#walk.walk(frame, (route) => this.#route(route));
    for (const { bytes, version, asn } of frame.subtype === 1 && frame.mrtType === 13 ? this.#walk.peers : []) {
      this.#indexed.set(bytes, this.#peer(formatAddress(addressFromBytes(bytes, version)), asn));
    }
  }

  #route(route: MrtRoute): void {
    if (route.field === 'table-dump-v2') {
      this.#indexed.get(route.bytes)![route.kind]++;
      if (this.#frame !== route.frame) this.#prefixes[route.version === 4 ? 'ipv4' : 'ipv6']++;
      this.#frame = route.frame;
      return;
    }
    if (route.field === 'table-dump' && this.#isNewPrefix(route)) {
      this.#prefixes[route.version === 4 ? 'ipv4' : 'ipv6']++;
    }
    if (this.#frame !== route.frame || !this.#framePeer) {
      const { bytes, peerVersion, peerAt, peerAsn } = route;
      this.#framePeer = this.#peer(formatAddress(addressFromBytes(bytes, peerVersion, peerAt)), peerAsn);
      this.#frame = route.frame;
    }
    this.#framePeer[route.kind]++;
  }

  #isNewPrefix({ octets, length }: MrtRoute): boolean {
    const last = this.#lastPrefix;
    let same = last[16] === length;
    for (let i = 0; i < 16 && same; i++) same = last[i] === octets[i];
    last.set(octets);
    last[16] = length;
    return !same;
  }

  #peer(address: string, asn: number): MrtPeerSummary {
    const key = `${address} ${asn}`;
    let peer = this.#peers.get(key);
    if (!peer) {
      peer = { address, asn, rib: 0, announce: 0, withdraw: 0, state: 0 };
      this.#peers.set(key, peer);
    }
    return peer;
  }

  view(): MrtSummaryView {
    const peers = [...this.#peers.values()];
    const sum = (kind: MrtRoute['kind']): number => peers.reduce((total, peer) => total + peer[kind], 0);
    const records = [...this.#records].sort(([x], [y]) => x - y);
    return {
      records: records.map(([key, count]) => ({ type: mrtTypeName(key >>> 16, key & 0xffff), count })),
      ...(records.length > 0 && { fromS: this.#fromS, toS: this.#toS }),
      prefixes: this.#prefixes,
      routes: { rib: sum('rib'), announce: sum('announce'), withdraw: sum('withdraw'), state: sum('state') },
      peers,
    };
  }
}
