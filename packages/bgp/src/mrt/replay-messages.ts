/**
 * The UPDATEs by which we announce as our own what a peer of a file told its collector: our AS in front, our next hop or
 * the recorded one, everything else as it was. Routes with equal attributes go together while the order stays free.
 */
import type { Address, Prefix } from '@tortie/ip';
import { NotificationError } from '../errors.js';
import { prepend } from '../rib/block-edit.js';
import { encodeAttributes } from '../wire/attribute/attribute-set.js';
import { strongestFault } from '../wire/attribute/faults.js';
import type { AsPathSegment, PathAttributes } from '../wire/attribute/path-attributes.js';
import { encodeMessage } from '../wire/codec.js';
import { maxMessageOctets, type WireContext } from '../wire/context.js';
import { FAMILIES, type Family, familyOf } from '../wire/family/family.js';
import { type Nlri, nlriOctets } from '../wire/nlri.js';
import { decodeMrtMessage } from './bgp4mp.js';
import type { MrtAttributes, MrtRecord } from './record.js';

export interface MrtReplayTarget {
  readonly localAsn: number;
  readonly remoteAsn: number;
  /** What the session agreed on for what we send; families that it has not are left out. */
  readonly context: WireContext;
  /** Our next hop for a family; undefined: as recorded. */
  nextHop(family: Family): Address | undefined;
}

export interface MrtReplayCounts {
  announced: number;
  withdrawn: number;
  messages: number;
  /** Malformed beyond use, of a family the session has not, or with attributes that fit into no message. */
  skipped: number;
}

/** A whole message, and how many routes it announces and withdraws. */
export interface MrtReplayUpdate {
  readonly octets: Uint8Array;
  readonly routes: number;
}

/** Routes that wait to be joined by others with the same attributes. */
const BATCH_ROUTES = 8192;
const HEAD_OCTETS = 19 + 2 + 2;
/** MP_REACH_NLRI and MP_UNREACH_NLRI around their prefixes, a next hop of 16 octets included. */
const MP_OCTETS = 4 + 2 + 1 + 1 + 16 + 1;

interface Group {
  readonly attributes: PathAttributes;
  readonly nlri: Nlri[];
}

export class MrtReplayMessages {
  readonly #target: MrtReplayTarget;
  readonly counts: MrtReplayCounts = { announced: 0, withdrawn: 0, messages: 0, skipped: 0 };
  /** Of table dumps, by family and attributes. */
  #groups = new Map<string, Group>();
  #grouped = 0;

  constructor(target: MrtReplayTarget) {
    this.#target = target;
  }

  /** UPDATEs that can go now; routes of table dumps may stay until flush(). `entries`: which ones of a RIB record. */
  add(record: MrtRecord, isPeer: (peerIndex: number) => boolean): readonly MrtReplayUpdate[] {
    switch (record.type) {
      case 'table-dump':
        return this.#collect(familyFor(record.prefix), record.prefix, record);
      case 'rib':
        return record.entries
          .filter(({ peerIndex }) => isPeer(peerIndex))
          .flatMap((entry) => this.#collect(record.family, record.prefix, entry));
      case 'message':
        return [...this.flush(), ...this.#message(record)];
      default:
        return [];
    }
  }

  /** What was collected. */
  flush(): readonly MrtReplayUpdate[] {
    if (this.#grouped === 0) return [];
    const groups = this.#groups;
    this.#groups = new Map();
    this.#grouped = 0;
    return [...groups.values()].flatMap(({ attributes, nlri }) => this.#announce(attributes, nlri));
  }

  #collect(family: Family, prefix: Prefix, { attributes, faults }: MrtAttributes): readonly MrtReplayUpdate[] {
    const action = strongestFault(faults)?.action;
    const ours =
      action === 'treat-as-withdraw' || action === 'session-reset' ? undefined : this.#ours(attributes, family);
    if (!ours) {
      this.counts.skipped++;
      return [];
    }
    const key = JSON.stringify([family.index, ours], (_, value) => (typeof value === 'bigint' ? String(value) : value));
    let group = this.#groups.get(key);
    if (!group) {
      group = { attributes: ours, nlri: [] };
      this.#groups.set(key, group);
    }
    group.nlri.push({ prefix });
    return ++this.#grouped < BATCH_ROUTES ? [] : this.flush();
  }

  #message(record: Extract<MrtRecord, { type: 'message' }>): readonly MrtReplayUpdate[] {
    const update = this.#decode(record);
    if (!update) return [];
    const { attributes, withdrawn, nlri, faults } = update;
    const { mpReach, mpUnreach } = attributes;
    const messages: MrtReplayUpdate[] = [];
    const lost = strongestFault(faults)?.action === 'treat-as-withdraw';
    const body = FAMILIES.find(({ version }) => version === 4)!;
    const mp = (of: { readonly afi: number; readonly safi: number } | undefined) => of && familyOf(of.afi, of.safi);
    const gone: [Family, readonly Nlri[]][] = [[body, withdrawn]];
    const unreachFamily = mp(mpUnreach);
    if (unreachFamily) gone.push([unreachFamily, mpUnreach!.nlri]);
    const come: [Family, readonly Nlri[]][] = [[body, nlri]];
    const reachFamily = mp(mpReach);
    if (reachFamily) come.push([reachFamily, mpReach!.nlri]);
    // RFC 7606: what cannot be used is withdrawn.
    for (const [family, list] of lost ? [...gone, ...come] : gone) messages.push(...this.#withdraw(family, list));
    for (const [family, list] of lost ? [] : come) {
      if (list.length === 0) continue;
      const ours = this.#ours(attributes, family);
      if (ours) messages.push(...this.#announce(ours, list));
      else this.counts.skipped += list.length;
    }
    return messages;
  }

  #decode(record: Extract<MrtRecord, { type: 'message' }>) {
    try {
      const message = record.local ? undefined : decodeMrtMessage(record);
      return message?.type === 'update' ? message : undefined;
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      this.counts.skipped++;
      return undefined;
    }
  }

  /** The attributes as we send them; undefined where the session cannot take the route. */
  #ours(attributes: Partial<PathAttributes>, family: Family): PathAttributes | undefined {
    const { localAsn, remoteAsn, context } = this.#target;
    const { mpReach, mpUnreach, nextHop, localPref, originatorId, clusterList, origin, asPath, ...others } = attributes;
    const recorded = family.version === 4 ? (nextHop ?? mpReach?.nextHop) : mpReach?.nextHop;
    const hop = this.#target.nextHop(family) ?? recorded;
    if (!origin || !asPath || !hop || !context.families[family.index]) return undefined;
    if (hop.version !== family.version && !context.extendedNextHop[family.index]) return undefined;
    const internal = localAsn === remoteAsn;
    return {
      ...others,
      origin,
      asPath: internal || startsWith(asPath, localAsn) ? asPath : prepend(asPath, [localAsn]),
      ...(internal && { localPref: localPref ?? 100 }),
      ...(family.version === 4 && hop.version === 4
        ? { nextHop: hop }
        : { mpReach: { afi: family.afi, safi: family.safi, nextHop: hop, nlri: [] } }),
    };
  }

  #announce(attributes: PathAttributes, list: readonly Nlri[]): MrtReplayUpdate[] {
    const { context } = this.#target;
    const { mpReach, ...others } = attributes;
    const room =
      maxMessageOctets(context) - HEAD_OCTETS - encodeAttributes(others, context).length - (mpReach ? MP_OCTETS : 0);
    const messages: MrtReplayUpdate[] = [];
    for (const nlri of pieces(list, room)) {
      if (nlri.length === 0) {
        this.counts.skipped += list.length;
        return messages;
      }
      const update = mpReach
        ? { attributes: { ...others, mpReach: { ...mpReach, nlri } }, nlri: [] }
        : { attributes: others, nlri };
      messages.push(this.#encode(update, nlri.length));
      this.counts.announced += nlri.length;
    }
    return messages;
  }

  #withdraw(family: Family, list: readonly Nlri[]): MrtReplayUpdate[] {
    const { context } = this.#target;
    if (list.length === 0 || !context.families[family.index]) return [];
    const room = maxMessageOctets(context) - HEAD_OCTETS - MP_OCTETS;
    return pieces(list, room).map((nlri) => {
      this.counts.withdrawn += nlri.length;
      if (family.version === 4) return this.#encode({ withdrawn: nlri }, nlri.length);
      return this.#encode({ attributes: { mpUnreach: { afi: family.afi, safi: family.safi, nlri } } }, nlri.length);
    });
  }

  #encode(
    update: {
      readonly withdrawn?: readonly Nlri[];
      readonly nlri?: readonly Nlri[];
      readonly attributes?: Partial<PathAttributes>;
    },
    routes: number,
  ): MrtReplayUpdate {
    this.counts.messages++;
    const { withdrawn = [], nlri = [], attributes = {} } = update;
    const message = { type: 'update', withdrawn, nlri, attributes, faults: [] } as const;
    return { octets: encodeMessage(message, this.#target.context), routes };
  }
}

const familyFor = ({ version }: Prefix): Family => FAMILIES.find((family) => family.version === version)!;

const startsWith = (path: readonly AsPathSegment[], asn: number): boolean =>
  path[0]?.type === 'sequence' && path[0].asns[0] === asn;

/** The list in pieces that fit `room` octets; an empty one where nothing would. Path identifiers are left out. */
function pieces(list: readonly Nlri[], room: number): Nlri[][] {
  const all: Nlri[][] = [];
  let piece: Nlri[] = [];
  let left = room;
  for (const { prefix } of list) {
    const octets = nlriOctets(prefix.length, false);
    if (octets > room) return [[]];
    if (octets > left) {
      all.push(piece);
      piece = [];
      left = room;
    }
    piece.push({ prefix });
    left -= octets;
  }
  if (piece.length > 0) all.push(piece);
  return all;
}
