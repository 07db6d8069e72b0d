/** The framer: cut anywhere it gives the same messages, and what RFC 4271 section 6.1 forbids it refuses. */
import t from 'tap';
import { NotificationError } from '../../src/errors.js';
import { decodeFrame, decodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { Framer, writeHeader } from '../../src/wire/framer.js';
import type { Message } from '../../src/wire/message.js';
import { hexOf, octets } from '../corpus/hex.js';
import { MESSAGE_VECTORS } from '../vectors/messages.js';

const MARKER = 'ff'.repeat(16);
const STREAM = Uint8Array.from(MESSAGE_VECTORS.flatMap(({ hex }) => [...octets(hex)]));
const MESSAGES = MESSAGE_VECTORS.map(({ hex }) => hexOf(octets(hex)));

/** The messages of a stream given in these chunks, as hex. */
function frames(framer: Framer, chunks: readonly Uint8Array[]): string[] {
  const list: string[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let frame = framer.next(); frame; frame = framer.next()) {
      const { bytes, start, end, type } = frame;
      list.push(hexOf(bytes.subarray(start - 19, end)));
      if (bytes[start - 1] !== type) throw new Error('the type is not the header’s');
    }
  }
  return list;
}

t.test('cut once at every octet', (t) => {
  let wrong = 0;
  for (let at = 0; at <= STREAM.length; at++) {
    const chunks = [STREAM.subarray(0, at), STREAM.subarray(at)];
    if (frames(new Framer(), chunks).join() !== MESSAGES.join()) wrong++;
  }
  t.equal(wrong, 0);
  t.end();
});

t.test('cut into pieces of every size from one octet on', (t) => {
  for (let size = 1; size < 100; size++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < STREAM.length; at += size) chunks.push(STREAM.subarray(at, at + size));
    if (frames(new Framer(), chunks).join() !== MESSAGES.join()) t.fail(`pieces of ${size}`);
  }
  t.pass('all sizes');
  t.end();
});

t.test('several chunks before the first message is asked for', (t) => {
  const framer = new Framer();
  for (let at = 0; at < STREAM.length; at += 7) framer.push(STREAM.subarray(at, at + 7));
  t.strictSame(frames(framer, [new Uint8Array(0)]), MESSAGES);
  t.end();
});

t.test('a message whole in a chunk is a view of it', (t) => {
  const framer = new Framer();
  framer.push(STREAM);
  for (let frame = framer.next(); frame; frame = framer.next()) t.equal(frame.bytes, STREAM);
  t.end();
});

t.test('a split message does not hold on to its chunks', (t) => {
  const framer = new Framer();
  const bytes = octets(MESSAGE_VECTORS[2]!.hex);
  const first = bytes.slice(0, 40);
  framer.push(first);
  t.equal(framer.next(), undefined);
  first.fill(0);
  framer.push(bytes.subarray(40));
  const frame = framer.next();
  t.equal(hexOf(frame!.bytes), hexOf(bytes));
  t.end();
});

const REFUSED: readonly { name: string; hex: string; code: readonly [number, number]; data: string; max?: number }[] = [
  { name: 'a marker with a zero bit', hex: `${'ff'.repeat(15)}fe 0013 04`, code: [1, 1], data: '' },
  { name: 'a length of 18', hex: `${MARKER} 0012 04`, code: [1, 2], data: '0012' },
  { name: 'a length of 4097', hex: `${MARKER} 1001 02`, code: [1, 2], data: '1001' },
  { name: 'a KEEPALIVE of 20', hex: `${MARKER} 0014 04`, code: [1, 2], data: '0014' },
  { name: 'an OPEN of 28', hex: `${MARKER} 001c 01`, code: [1, 2], data: '001c' },
  { name: 'an UPDATE of 22', hex: `${MARKER} 0016 02`, code: [1, 2], data: '0016' },
  { name: 'a NOTIFICATION of 20', hex: `${MARKER} 0014 03`, code: [1, 2], data: '0014' },
  { name: 'a ROUTE-REFRESH of 22', hex: `${MARKER} 0016 05`, code: [1, 2], data: '0016' },
  { name: 'type 0', hex: `${MARKER} 0013 00`, code: [1, 3], data: '00' },
  { name: 'type 6', hex: `${MARKER} 0013 06`, code: [1, 3], data: '06' },
  { name: 'an OPEN of 4097 with extended messages', hex: `${MARKER} 1001 01`, code: [1, 2], data: '1001', max: 65535 },
];

for (const { name, hex, code, data, max = 4096 } of REFUSED) {
  t.test(`refuses ${name}`, (t) => {
    for (const chunks of [[octets(hex)], [...octets(hex)].map((octet) => Uint8Array.of(octet))]) {
      try {
        frames(new Framer(max), chunks);
        t.fail('it was taken');
      } catch (error) {
        if (!(error instanceof NotificationError)) throw error;
        t.strictSame([error.errorCode, error.errorSubcode], code);
        t.equal(hexOf(error.data), data);
      }
    }
    t.end();
  });
}

t.test('the limit can be raised in the middle of a stream', (t) => {
  const long = new Uint8Array(65535);
  writeHeader(long, 0, long.length, 2);
  const framer = new Framer();
  t.equal(frames(framer, [octets(MESSAGE_VECTORS[0]!.hex)]).length, 1);
  framer.setMaxOctets(65535);
  t.equal(frames(framer, [long.subarray(0, 1000), long.subarray(1000)]).length, 1);
  framer.setMaxOctets(4096);
  t.throws(() => frames(framer, [long]), NotificationError);
  t.end();
});

/** The message, or with which code it is refused. */
function outcome(decode: () => Message): unknown {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof NotificationError)) throw error;
    return [error.errorCode, error.errorSubcode];
  }
}

t.test('what it gives decodes to what the whole message does', (t) => {
  const framer = new Framer();
  framer.push(STREAM);
  for (const { hex } of MESSAGE_VECTORS) {
    const frame = framer.next()!;
    t.strictSame(
      outcome(() => decodeFrame(frame, wireContext())),
      outcome(() => decodeMessage(octets(hex), wireContext())),
    );
  }
  t.equal(framer.next(), undefined);
  t.end();
});
