/** Octets to BMP messages, for who receives them: collectors and tests. RFC 7854 section 4. */
import { BmpError } from '../errors.js';
import { HEADER_OCTETS } from '../wire/framer.js';
import { Reader, u16At, u32At } from '../wire/reader.js';
import type { BmpMessage, BmpPeer, BmpPeerUp, BmpStatistic, BmpTlv } from './message.js';
import { decodePeerHeader, peerAddress } from './peer-header.js';
import {
  BMP_PEER_FLAG,
  BMP_PEER_TYPE,
  BMP_TYPE,
  BMP_VERSION,
  COMMON_HEADER_OCTETS,
  FAMILY_STATISTICS,
  PEER_HEADER_OCTETS,
} from './registry.js';

/** Longer messages are refused: the longest that RFCs allow is a Route Monitoring with an extended UPDATE. */
const MAX_OCTETS = 1 << 20;

/** The length that the common header at `at` tells of. Throws BmpError. */
function messageOctets(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== BMP_VERSION) throw new BmpError(`BMP version ${bytes[at]} is not ${BMP_VERSION}`);
  const octets = u32At(bytes, at + 1);
  if (octets >= COMMON_HEADER_OCTETS && octets <= MAX_OCTETS) return octets;
  throw new BmpError(`a BMP message of ${octets} octets; ${COMMON_HEADER_OCTETS} to ${MAX_OCTETS} are possible`);
}

/** Decodes one whole message. Throws BmpError where it is cut short or malformed. */
export function decodeBmp(bytes: Uint8Array): BmpMessage {
  if (bytes.length < COMMON_HEADER_OCTETS || messageOctets(bytes, 0) !== bytes.length) {
    throw new BmpError(`${bytes.length} octets are not the BMP message their header tells of`);
  }
  const type = bytes[5]!;
  const reader = new Reader(
    bytes,
    COMMON_HEADER_OCTETS,
    bytes.length,
    () => new BmpError('a BMP message is cut short'),
  );
  switch (type) {
    case BMP_TYPE.routeMonitoring:
      return { type: 'route-monitoring', peer: peerOf(reader), update: bgpMessage(reader) };
    case BMP_TYPE.statisticsReport:
      return { type: 'statistics-report', peer: peerOf(reader), statistics: statistics(reader) };
    case BMP_TYPE.peerDown: {
      const peer = peerOf(reader);
      return { type: 'peer-down', peer, reason: reader.u8(), data: reader.octets(reader.left) };
    }
    case BMP_TYPE.peerUp:
      return peerUp(reader);
    case BMP_TYPE.initiation:
      return { type: 'initiation', information: decodeTlvs(reader) };
    case BMP_TYPE.termination:
      return { type: 'termination', information: decodeTlvs(reader) };
    default:
      return { type: 'other', messageType: type, body: reader.octets(reader.left) };
  }
}

const peerOf = (reader: Reader): BmpPeer => decodePeerHeader(reader.bytes, reader.skip(PEER_HEADER_OCTETS));

/** A whole BGP message with its header. */
function bgpMessage(reader: Reader): Uint8Array {
  const at = reader.skip(HEADER_OCTETS);
  const octets = u16At(reader.bytes, at + 16);
  if (octets < HEADER_OCTETS) throw new BmpError(`a BGP message of ${octets} octets`);
  reader.skip(octets - HEADER_OCTETS);
  return reader.bytes.slice(at, at + octets);
}

function peerUp(reader: Reader): BmpPeerUp {
  const flags = reader.bytes[reader.at + 1]!;
  const peer = peerOf(reader);
  const at = reader.skip(16);
  const locRib = peer.peerType === BMP_PEER_TYPE.locRib;
  return {
    type: 'peer-up',
    peer,
    localAddress: locRib ? undefined : peerAddress(reader.bytes, at, (flags & BMP_PEER_FLAG.ipv6) !== 0),
    localPort: reader.u16(),
    remotePort: reader.u16(),
    sentOpen: bgpMessage(reader),
    receivedOpen: bgpMessage(reader),
    information: decodeTlvs(reader),
  };
}

function statistics(reader: Reader): readonly BmpStatistic[] {
  const count = reader.u32();
  const list: BmpStatistic[] = [];
  for (let index = 0; index < count; index++) {
    const type = reader.u16();
    const value = reader.within(reader.u16());
    const family = FAMILY_STATISTICS.has(type) ? { afi: value.u16(), safi: value.u8() } : {};
    // Counters have 32 bits and gauges 64: what is longer is no number, and no statistic that anybody defined.
    if (value.left > 8) continue;
    let number = 0n;
    while (value.left > 0) number = (number << 8n) | BigInt(value.u8());
    list.push({ type, ...family, value: number });
  }
  return list;
}

function decodeTlvs(reader: Reader): readonly BmpTlv[] {
  const list: BmpTlv[] = [];
  while (reader.left > 0) list.push({ type: reader.u16(), value: reader.octets(reader.u16()) });
  return list;
}

/** Cuts a stream of octets into whole BMP messages. Holds at most one started message. */
export class BmpFramer {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** The messages that the chunk completes. Throws BmpError on a bad header; the stream cannot be read on then. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#append(chunk);
    const messages: Uint8Array[] = [];
    let at = 0;
    while (this.#length - at >= COMMON_HEADER_OCTETS) {
      const octets = messageOctets(this.#bytes, at);
      if (this.#length - at < octets) break;
      messages.push(this.#bytes.slice(at, at + octets));
      at += octets;
    }
    // Only what is left of this chunk moves, so each octet does so once, however small the chunks are.
    if (at > 0) this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
    return messages;
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }
}
