/** The per-peer header. RFC 7854 section 4.2, RFC 8671 section 5, RFC 9069 section 4. */
import { type Address, addressFromBytes, writeAddress } from '@tortie/ip';
import { u32At } from '../wire/reader.js';
import { putU32 } from '../wire/writer.js';
import type { BmpPeer } from './message.js';
import { BMP_PEER_FLAG, BMP_PEER_TYPE, PEER_HEADER_OCTETS } from './registry.js';

const TIMESTAMP_AT = 34;

export function encodePeerHeader(peer: BmpPeer): Uint8Array {
  const header = new Uint8Array(PEER_HEADER_OCTETS);
  header[0] = peer.peerType;
  header[1] = flagsOf(peer);
  new DataView(header.buffer).setBigUint64(2, peer.distinguisher);
  if (peer.address) putPeerAddress(peer.address, header, 10);
  putU32(header, 26, peer.asn);
  putU32(header, 30, peer.routerId);
  putTimestamp(header, 0, peer.timestampMs);
  return header;
}

const flagsOf = ({ peerType, address, postPolicy, twoOctetAs, adjRibOut, filtered }: BmpPeer): number =>
  peerType === BMP_PEER_TYPE.locRib
    ? filtered
      ? BMP_PEER_FLAG.filtered
      : 0
    : (address?.version === 6 ? BMP_PEER_FLAG.ipv6 : 0) |
      (postPolicy ? BMP_PEER_FLAG.postPolicy : 0) |
      (twoOctetAs ? BMP_PEER_FLAG.twoOctetAs : 0) |
      (adjRibOut ? BMP_PEER_FLAG.adjRibOut : 0);

/** Sixteen octets; an IPv4 address lies in the last four. */
export function putPeerAddress(address: Address, target: Uint8Array, at: number): void {
  writeAddress(address, target, address.version === 4 ? at + 12 : at);
}

/** Puts another time into a header that begins at `at`. */
export function putTimestamp(target: Uint8Array, at: number, timestampMs: number): void {
  const seconds = Math.floor(timestampMs / 1000);
  putU32(target, at + TIMESTAMP_AT, seconds);
  putU32(target, at + TIMESTAMP_AT + 4, Math.round((timestampMs - seconds * 1000) * 1000));
}

export function decodePeerHeader(bytes: Uint8Array, at: number): BmpPeer {
  const peerType = bytes[at]!;
  const flags = bytes[at + 1]!;
  const locRib = peerType === BMP_PEER_TYPE.locRib;
  const has = (flag: number): boolean => !locRib && (flags & flag) !== 0;
  return {
    peerType,
    postPolicy: has(BMP_PEER_FLAG.postPolicy),
    adjRibOut: has(BMP_PEER_FLAG.adjRibOut),
    twoOctetAs: has(BMP_PEER_FLAG.twoOctetAs),
    filtered: locRib && (flags & BMP_PEER_FLAG.filtered) !== 0,
    distinguisher: (BigInt(u32At(bytes, at + 2)) << 32n) | BigInt(u32At(bytes, at + 6)),
    address: locRib ? undefined : peerAddress(bytes, at + 10, has(BMP_PEER_FLAG.ipv6)),
    asn: u32At(bytes, at + 26),
    routerId: u32At(bytes, at + 30),
    timestampMs: u32At(bytes, at + TIMESTAMP_AT) * 1000 + u32At(bytes, at + TIMESTAMP_AT + 4) / 1000,
  };
}

export const peerAddress = (bytes: Uint8Array, at: number, six: boolean): Address =>
  six ? addressFromBytes(bytes, 6, at) : addressFromBytes(bytes, 4, at + 12);
