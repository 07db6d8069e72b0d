/**
 * A whole speaker: one peer sends what the input says, with time, configuration and connections changing in between; another
 * one behaves and must notice nothing but routes. Head: octet 0 and 1 are what both
 * sides of the first are configured to, octet 2 the speaker and the other peer; then records, of which
 * those of kind 0x80 and above are things that happen.
 */
import fc from 'fast-check';
import { encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import type { Message } from '../../src/wire/message.js';
import { message } from '../arbitraries.js';
import { KIND, readRecords, recordsOf, wireOctets, writeRecords } from '../records.js';
import type { Target } from '../target.js';
import { FUZZED, openOf, PREFIXES } from './session-config.js';
import { SessionRun } from './session-run.js';

const HEAD_OCTETS = 3;

function run(input: Uint8Array): void {
  const whole = new SessionRun(input[0] ?? 0, input[1] ?? 0, input[2] ?? 0);
  for (const record of readRecords(input, HEAD_OCTETS).slice(0, 64)) {
    if (record.kind >= 0x80) whole.happen(record.kind, record.arg);
    else whole.write(wireOctets(record));
  }
  whole.finish();
}

/** One route with so many AS numbers in its path, and communities. */
function longUpdate(head: Uint8Array, fourOctetAs: boolean, asns: number, communities: number): Uint8Array {
  const asPath = Array.from({ length: Math.ceil(asns / 250) }, (_, index) => ({
    type: 'sequence' as const,
    asns: Array.from({ length: Math.min(250, asns - 250 * index) }, (_, place) => place + 1),
  }));
  const attributes = {
    origin: 'igp' as const,
    asPath,
    nextHop: FUZZED,
    ...(communities > 0 && { communities: Array.from({ length: communities }, (_, index) => index) }),
  };
  const nlri = [{ prefix: PREFIXES[0]! }];
  const update: Message = { type: 'update', withdrawn: [], attributes, nlri, faults: [] };
  return writeRecords(head, recordsOf(encodeMessage(update, wireContext({ extendedMessages: true, fourOctetAs }))));
}

export const session: Target = {
  name: 'session',
  headOctets: HEAD_OCTETS,
  maxOctets: 66_000,
  *seeds() {
    for (let kind = 0x80; kind < 0x90; kind++) {
      const event = { kind, arg: 41, body: new Uint8Array() };
      yield writeRecords(Uint8Array.of(0, kind & 15, 0), [event, event]);
    }
    // Both sides dial: the first connection is ours, the second the peer's.
    const none = new Uint8Array();
    const [open] = recordsOf(encodeMessage(openOf(0, 0), wireContext()));
    const keepalive = { kind: KIND.keepalive, arg: 0, body: none };
    const answer = { kind: 0x8b, arg: 1, body: none };
    const connect = { kind: 0x82, arg: 0, body: none };
    const other = { kind: 0x83, arg: 0, body: none };
    for (const rest of [
      [connect, open!],
      [open!, connect, open!],
      [open!, keepalive, connect, open!, keepalive],
    ]) {
      for (const theirs of [0, 4, 36]) {
        yield writeRecords(Uint8Array.of(0x41, theirs, 0), [answer, ...rest, other, open!, keepalive]);
      }
    }
    // The longest attributes there are: of a 4-octet session, and of a 2-octet one, where the path doubles in size.
    for (const rest of [0, 4, 128]) {
      yield longUpdate(Uint8Array.of(0, 0, rest), true, 16_338, 0);
      yield longUpdate(Uint8Array.of(2, 64, rest), true, 16_338, 0);
      yield longUpdate(Uint8Array.of(2, 1, rest), false, 8000, 8000);
      yield longUpdate(Uint8Array.of(2, 1, rest), false, 8000, 10_000);
    }
    let head = 0;
    for (const { message: each, context } of fc.sample(message, { numRuns: 150, seed: 7606 })) {
      const ours =
        (context.peerType === 'ibgp' ? 2 : 0) | (context.addPath[0] ? 8 : 0) | (context.extendedNextHop[0] ? 16 : 0);
      yield writeRecords(
        Uint8Array.of(ours, (context.fourOctetAs ? 0 : 1) | ((head & 63) << 1), (head & 7) | ((head++ & 1) << 7)),
        recordsOf(encodeMessage(each, context)),
      );
    }
  },
  run,
  workLimit: (length) => 400_000 + 4000 * length,
};
