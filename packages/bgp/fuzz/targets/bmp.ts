/** BMP as a collector reads it: each record is a message, its kind the type and one more; kind 0 is raw octets. */
import { isDeepStrictEqual } from 'node:util';
import { BmpFramer, decodeBmp } from '../../src/bmp/decode-bmp.js';
import { encodeBmp } from '../../src/bmp/encode-bmp.js';
import type { BmpMessage, BmpPeer } from '../../src/bmp/message.js';
import { BmpError } from '../../src/errors.js';
import { encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { u32At } from '../../src/wire/reader.js';
import { type Rec, readRecords, writeRecords } from '../records.js';
import type { Target } from '../target.js';
import { check, checkEqual } from './check.js';

const HEAD_OCTETS = 1;
const MICROSECONDS_AT = 6 + 38;

function bmpOctets({ kind, body }: Rec): Uint8Array {
  if (kind === 0) return body;
  const octets = body.length + 6;
  return Buffer.concat([Uint8Array.of(3, 0, octets >>> 16, octets >>> 8, octets, kind - 1), body]);
}

/** The messages of a stream in pieces of this size (0: whole), and whether it could be read to its end. */
function read(stream: Uint8Array, pieceOctets: number): { messages: Uint8Array[]; broken: boolean } {
  const framer = new BmpFramer();
  const messages: Uint8Array[] = [];
  const step = pieceOctets === 0 ? Math.max(1, stream.length) : pieceOctets;
  try {
    for (let at = 0; at < stream.length; at += step) messages.push(...framer.push(stream.subarray(at, at + step)));
  } catch (error) {
    if (!(error instanceof BmpError)) throw error;
    return { messages, broken: true };
  }
  return { messages, broken: false };
}

function decode(bytes: Uint8Array): BmpMessage | undefined {
  try {
    return decodeBmp(bytes);
  } catch (error) {
    if (!(error instanceof BmpError)) throw error;
    return undefined;
  }
}

/** More microseconds than a second has, and numbers that their type has no room for, are not written as they came. */
function isWhole(message: BmpMessage, bytes: Uint8Array): boolean {
  if ('peer' in message && u32At(bytes, MICROSECONDS_AT) >= 1_000_000) return false;
  return message.type !== 'statistics-report' || message.statistics.every(({ value }) => value <= 0xffff_ffffn);
}

function checkMessage(bytes: Uint8Array): void {
  const message = decode(bytes);
  const padded = new Uint8Array(bytes.length + 128).fill(0xff);
  padded.set(bytes, 64);
  check(isDeepStrictEqual(decode(padded.subarray(64, 64 + bytes.length)), message), 'a message between other octets');
  if (message && isWhole(message, bytes))
    checkEqual(decode(encodeBmp(message)), message, 'decoding what was encoded again');
}

function run(input: Uint8Array): void {
  const stream = Uint8Array.from(Buffer.concat(readRecords(input, HEAD_OCTETS).map(bmpOctets)));
  const whole = read(stream, 0);
  for (const each of whole.messages) checkMessage(each);
  const pieces = read(stream, 1 + (input[0] ?? 0));
  checkEqual(pieces.broken, whole.broken, 'a broken stream in pieces');
  if (!whole.broken) checkEqual(pieces.messages, whole.messages, 'a stream in pieces');
}

const PEER: BmpPeer = {
  peerType: 0,
  postPolicy: false,
  adjRibOut: false,
  twoOctetAs: false,
  filtered: false,
  distinguisher: 0n,
  address: { version: 4, a: 0x0a000002, b: 0, c: 0, d: 0 },
  asn: 65002,
  routerId: 2,
  timestampMs: 1000.5,
};

export const bmp: Target = {
  name: 'bmp',
  headOctets: HEAD_OCTETS,
  maxOctets: 20_000,
  *seeds() {
    const keepalive = encodeMessage({ type: 'keepalive' }, wireContext());
    const text = [{ type: 1, value: Uint8Array.of(65, 66) }];
    const ports = { localAddress: PEER.address, localPort: 179, remotePort: 30_000 };
    const messages: BmpMessage[] = [
      { type: 'initiation', information: text },
      { type: 'termination', information: text },
      { type: 'peer-up', peer: PEER, ...ports, sentOpen: keepalive, receivedOpen: keepalive, information: text },
      { type: 'peer-down', peer: PEER, reason: 1, data: keepalive },
      { type: 'route-monitoring', peer: { ...PEER, postPolicy: true }, update: keepalive },
      {
        type: 'statistics-report',
        peer: PEER,
        statistics: [
          { type: 7, value: 5n },
          { type: 9, afi: 1, safi: 1, value: 2n },
        ],
      },
      {
        type: 'statistics-report',
        peer: { ...PEER, peerType: 3, address: undefined },
        statistics: [{ type: 0, value: 1n }],
      },
      { type: 'other', messageType: 6, body: text[0]!.value },
    ];
    for (const message of messages) {
      const bytes = encodeBmp(message);
      yield writeRecords(Uint8Array.of(5), [{ kind: bytes[5]! + 1, arg: 0, body: bytes.subarray(6) }]);
    }
  },
  run,
  workLimit: (octets) => 20_000 + 600 * octets,
};
