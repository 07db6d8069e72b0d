/** The lines that `bgpdump -vm` prints for a record. */
import { addressFromBytes, formatAddress, formatPrefix, type Prefix } from '@tortie/ip';
import { decodeMrtMessage } from '../../src/mrt/bgp4mp.js';
import type { MessageRecord, MrtPeer, MrtRecord } from '../../src/mrt/record.js';
import type { AsPathSegment, PathAttributes, UnknownAttribute } from '../../src/wire/attribute/path-attributes.js';
import type { UpdateMessage } from '../../src/wire/message.js';
import { decodeNlri, type Nlri } from '../../src/wire/nlri.js';

export interface BgpdumpLine {
  /** Up to the prefix and its path identifier. */
  readonly head: string;
  /** From the AS path on, with the bar before it; nothing in a withdrawal. */
  readonly tail: string;
  /** The attributes had no faults, so that the tail must agree. */
  readonly sound: boolean;
}

const ORIGINS = { igp: 'IGP', egp: 'EGP', incomplete: 'INCOMPLETE' } as const;
const NO_EXPORT = 0xffffff01;

const communityText = (word: number): string => (word === NO_EXPORT ? 'no-export' : `${word >>> 16}:${word & 0xffff}`);

function segmentText({ type, asns }: AsPathSegment): string {
  if (type === 'set') return `{${asns.join(',')}}`;
  return asns.join(' ');
}

/** `nextHop` is the one of the route's own family. */
function tailOf(attributes: Partial<PathAttributes>, nextHop: string): string {
  const { aggregator, communities = [] } = attributes;
  const fields = [
    (attributes.asPath ?? []).map(segmentText).join(' '),
    attributes.origin ? ORIGINS[attributes.origin] : '',
    nextHop,
    attributes.localPref ?? 0,
    attributes.med ?? 0,
    communities.map(communityText).join(' '),
    attributes.atomicAggregate ? 'AG' : 'NAG',
    aggregator ? `${aggregator.asn} ${formatAddress(aggregator.address)}` : '',
  ];
  return `|${fields.join('|')}|`;
}

function nextHopText({ nextHop, mpReach }: Partial<PathAttributes>, version: 4 | 6): string {
  const address = version === 6 ? mpReach?.nextHop : nextHop;
  return address ? formatAddress(address) : '';
}

/** The routes of an MP attribute for multicast, which bgpdump prints like unicast ones and we keep opaque. */
function multicastOf(unknown: readonly UnknownAttribute[] | undefined, type: 14 | 15) {
  const value = unknown?.find((attribute) => attribute.type === type)?.value;
  if (!value) return { nlri: [], nextHop: '' };
  const version = value[1] === 1 ? 4 : 6;
  const start = type === 15 ? 3 : 5 + value[3]!;
  const nlri = decodeNlri(value, start, value.length, version, false) ?? [];
  return { nlri, nextHop: type === 15 ? '' : formatAddress(addressFromBytes(value, version, 4)) };
}

function messageLines(record: MessageRecord, update: UpdateMessage, time: string, kind: string): BgpdumpLine[] {
  const peer = `${formatAddress(record.peerAddress)}|${record.peerAsn}`;
  const { attributes } = update;
  const sound = update.faults.length === 0;
  const head = (letter: string, prefix: Prefix): string => `${kind}|${time}|${letter}|${peer}|${formatPrefix(prefix)}`;
  const withdrawn = [
    ...update.withdrawn,
    ...(attributes.mpUnreach?.nlri ?? []),
    ...multicastOf(attributes.unknown, 15).nlri,
  ];
  const lines = withdrawn.map(({ prefix }) => ({ head: head('W', prefix), tail: '', sound: true }));
  const announce = (nlri: readonly Nlri[], nextHop: string): void => {
    const tail = tailOf(attributes, nextHop);
    for (const { prefix } of nlri) lines.push({ head: head('A', prefix), tail, sound });
  };
  announce(update.nlri, nextHopText(attributes, 4));
  announce(attributes.mpReach?.nlri ?? [], nextHopText(attributes, 6));
  const multicast = multicastOf(attributes.unknown, 14);
  announce(multicast.nlri, multicast.nextHop);
  return lines;
}

/** `peers` are those of the last PEER_INDEX_TABLE. Throws NotificationError where a message cannot be decoded. */
export function bgpdumpLines(record: MrtRecord, peers: readonly MrtPeer[]): BgpdumpLine[] {
  const et = record.microseconds === undefined ? '' : '_ET';
  const fraction = record.microseconds === undefined ? '' : `.${String(record.microseconds).padStart(6, '0')}`;
  const time = `${record.timestampS}${fraction}`;
  switch (record.type) {
    case 'table-dump': {
      const { prefix, peerAddress, peerAsn, attributes, faults } = record;
      const head = `TABLE_DUMP|${time}|B|${formatAddress(peerAddress)}|${peerAsn}|${formatPrefix(prefix)}`;
      const tail = tailOf(attributes, nextHopText(attributes, prefix.version));
      return [{ head, tail, sound: faults.length === 0 }];
    }
    case 'rib':
      return record.entries.map(({ peerIndex, pathId, attributes, faults }) => {
        const { address, asn } = peers[peerIndex]!;
        const kind = record.addPath ? 'TABLE_DUMP2_AP' : 'TABLE_DUMP2';
        const path = record.addPath ? `|${pathId}` : '';
        const head = `${kind}|${time}|B|${formatAddress(address)}|${asn}|${formatPrefix(record.prefix)}${path}`;
        const tail = tailOf(attributes, nextHopText(attributes, record.family.version));
        return { head, tail, sound: faults.length === 0 };
      });
    case 'state-change': {
      const { peerAddress, peerAsn, oldState, newState } = record;
      const head = `BGP4MP${et}|${time}|STATE|${formatAddress(peerAddress)}|${peerAsn}|${oldState}|${newState}`;
      return [{ head, tail: '', sound: true }];
    }
    case 'message': {
      const message = decodeMrtMessage(record);
      return message.type === 'update' ? messageLines(record, message, time, `BGP4MP${et}`) : [];
    }
    default:
      return [];
  }
}
