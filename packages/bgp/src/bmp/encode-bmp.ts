/** BMP messages to octets. RFC 7854 section 4. */

import { encodeUtf8 } from '../wire/utf8.js';
import { Writer } from '../wire/writer.js';
import type { BmpMessage, BmpPeerUp, BmpStatistic, BmpTlv } from './message.js';
import { encodePeerHeader, putPeerAddress } from './peer-header.js';
import { BMP_TYPE, BMP_VERSION, COMMON_HEADER_OCTETS } from './registry.js';

/** The whole message with its headers. Throws EncodeError for a number that does not fit its field. */
export function encodeBmp(message: BmpMessage): Uint8Array {
  switch (message.type) {
    case 'route-monitoring':
      return framed(BMP_TYPE.routeMonitoring, encodePeerHeader(message.peer), message.update);
    case 'statistics-report':
      return framed(BMP_TYPE.statisticsReport, encodePeerHeader(message.peer), statistics(message.statistics));
    case 'peer-down':
      return framed(BMP_TYPE.peerDown, encodePeerHeader(message.peer), Uint8Array.of(message.reason), message.data);
    case 'peer-up':
      return framed(BMP_TYPE.peerUp, encodePeerHeader(message.peer), peerUp(message));
    case 'initiation':
      return framed(BMP_TYPE.initiation, encodeTlvs(message.information));
    case 'termination':
      return framed(BMP_TYPE.termination, encodeTlvs(message.information));
    case 'other':
      return framed(message.messageType, message.body);
  }
}

function framed(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let octets = COMMON_HEADER_OCTETS;
  for (const part of parts) octets += part.length;
  const writer = new Writer().u8(BMP_VERSION).u32(octets).u8(type);
  for (const part of parts) writer.octets(part);
  return writer.finish();
}

function peerUp({ localAddress, localPort, remotePort, sentOpen, receivedOpen, information }: BmpPeerUp): Uint8Array {
  const address = new Uint8Array(16);
  if (localAddress) putPeerAddress(localAddress, address, 0);
  const writer = new Writer().octets(address).u16(localPort).u16(remotePort);
  return writer.octets(sentOpen).octets(receivedOpen).octets(encodeTlvs(information)).finish();
}

/** Counters have 32 bits, gauges 64; each type says which it is. Section 4.8, RFC 8671 section 6.2. */
function statistics(list: readonly BmpStatistic[]): Uint8Array {
  const writer = new Writer().u32(list.length);
  for (const { type, afi, safi, value } of list) {
    const family = afi !== undefined && safi !== undefined;
    const wide = isGauge(type);
    writer.u16(type).u16((family ? 3 : 0) + (wide ? 8 : 4));
    if (family) writer.u16(afi).u8(safi);
    if (wide) writer.u32(Number(value >> 32n));
    writer.u32(Number(value & 0xffffffffn));
  }
  return writer.finish();
}

/** Types 7 to 10 and those of adj-ribs-out. */
const isGauge = (type: number): boolean => (type >= 7 && type <= 10) || (type >= 14 && type <= 17);

export function encodeTlvs(list: readonly BmpTlv[]): Uint8Array {
  const writer = new Writer();
  for (const { type, value } of list) writer.u16(type).u16(value.length).octets(value);
  return writer.finish();
}

export const textTlv = (type: number, text: string): BmpTlv => ({ type, value: encodeUtf8(text) });
