/** Laws: what is encoded decodes to itself, what is damaged gives faults or NotificationError and nothing else. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { attributes, CONTEXTS, context, message, u8 } from '../../fuzz/arbitraries.js';
import { NotificationError } from '../../src/errors.js';
import { ATTRIBUTES } from '../../src/wire/attribute/attribute.js';
import { decodeAttributes, encodeAttributes } from '../../src/wire/attribute/attribute-set.js';
import { canonicalBlock, canonicalizeAttributes } from '../../src/wire/attribute/canonical.js';
import { strongestFault } from '../../src/wire/attribute/faults.js';
import { decodeMessage, encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { Framer } from '../../src/wire/framer.js';
import { scanUpdate, updateScan } from '../../src/wire/update-scan.js';
import { hexOf } from '../corpus/hex.js';

t.test('every message decodes to what was encoded', (t) => {
  fc.assert(
    fc.property(message, ({ message, context }) => {
      assert.deepEqual(decodeMessage(encodeMessage(message, context), context), message);
    }),
    { numRuns: 500 },
  );
  t.pass('the law holds');
  t.end();
});

t.test('a stream of messages in pieces of any size comes out whole', (t) => {
  const property = fc.property(
    fc.array(message, { minLength: 1, maxLength: 5 }),
    fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
    (messages, sizes) => {
      const encoded = messages.map(({ message, context }) => encodeMessage(message, context));
      const stream = Uint8Array.from(encoded.flatMap((bytes) => [...bytes]));
      const framer = new Framer(65535);
      const found: string[] = [];
      for (let at = 0, piece = 0; at < stream.length; piece++) {
        const size = sizes[piece % sizes.length]!;
        framer.push(stream.subarray(at, at + size));
        at += size;
        for (let frame = framer.next(); frame; frame = framer.next()) {
          found.push(hexOf(frame.bytes.subarray(frame.start - 19, frame.end)));
        }
      }
      return found.join() === encoded.map(hexOf).join();
    },
  );
  fc.assert(property, { numRuns: 200 });
  t.pass('the law holds');
  t.end();
});

/** A message with some octets changed, its header left alone. */
const damaged = fc
  .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }))
  .map(([{ message, context }, changes]) => {
    const bytes = encodeMessage(message, context);
    for (const [at, octet] of changes) if (bytes.length > 19) bytes[19 + (at % (bytes.length - 19))] = octet;
    return { bytes, context };
  });

t.test('a damaged message gives a message, faults or NotificationError', (t) => {
  fc.assert(
    fc.property(damaged, ({ bytes, context }) => {
      try {
        const message = decodeMessage(bytes, context);
        // What survives can be sent on, once its faults are dealt with.
        if (message.type === 'update' && strongestFault(message.faults)?.action === 'session-reset') return false;
      } catch (error) {
        if (!(error instanceof NotificationError)) throw error;
      }
      return true;
    }),
    { numRuns: 2000 },
  );
  t.pass('the law holds');
  t.end();
});

/** Attributes with sound heads, mostly of known types and flags, and any value. */
const area = fc
  .array(
    fc.record({
      row: fc.constantFrom(...ATTRIBUTES),
      type: fc.option(u8, { freq: 5 }),
      flags: fc.option(u8, { freq: 9 }),
      value: fc.oneof(
        fc.uint8Array({ maxLength: 24 }),
        fc.constantFrom(
          [0],
          [1],
          [],
          [2, 1, 0, 0, 0, 9],
          [192, 0, 2, 1],
          [0, 2, 1],
          [0, 1, 1, 4, 192, 0, 2, 1, 0, 8, 10],
        ),
      ),
    }),
    { maxLength: 8 },
  )
  .map((list) =>
    list.flatMap(({ row, type, flags, value }) => [
      (flags ?? row.flags) & 0xef,
      type ?? row.type,
      value.length,
      ...value,
    ]),
  );

t.test('whatever the attributes, scan and canonical form throw nothing and judge as the object form does', (t) => {
  const into = canonicalBlock();
  const scan = updateScan();
  let compared = 0;
  fc.assert(
    fc.property(area, fc.nat({ max: 3 }), fc.constantFrom(...CONTEXTS), (attributes, cut, context) => {
      const octets = attributes.slice(0, attributes.length - (cut === 3 ? 1 : 0));
      const body = Uint8Array.of(0, 0, octets.length >>> 8, octets.length & 255, ...octets, 8, 10);
      const broken = scanUpdate(body, 0, body.length, context, scan);
      if (broken?.action === 'session-reset') return;
      if (scan.mpReach.family >= 0) canonicalizeAttributes(body, scan, context, 'mp-reach', into);
      canonicalizeAttributes(body, scan, context, 'none', into);
      canonicalizeAttributes(body, scan, context, 'nlri', into);
      if (scan.mpReach.present || scan.mpUnreach.present) return;
      const { faults } = decodeAttributes(body, scan.attributesStart, scan.attributesEnd, context, { nlri: true });
      assert.deepEqual(into.faults, faults);
      compared++;
    }),
    { numRuns: 3000 },
  );
  t.ok(compared > 300, `${compared} of them compared`);
  t.end();
});

t.test('the canonical block of a route is what the object form gives, without its MP attributes', (t) => {
  const into = canonicalBlock();
  const scan = updateScan();
  const KEPT = wireContext({ peerType: 'ibgp' });
  fc.assert(
    fc.property(
      context.chain((context) => fc.tuple(fc.constant(context), attributes(context))),
      ([context, attributes]) => {
        const area = encodeAttributes(attributes, context);
        const body = Uint8Array.of(0, 0, area.length >>> 8, area.length & 255, ...area, 8, 10);
        assert.equal(scanUpdate(body, 0, body.length, context, scan), undefined);
        canonicalizeAttributes(body, scan, context, 'nlri', into);
        const { mpReach: _reach, mpUnreach: _unreach, unknown = [], ...rest } = attributes;
        const kept = unknown.filter(({ flags }) => (flags & 0x40) !== 0);
        const expected = kept.length > 0 ? { ...rest, unknown: kept } : rest;
        const decoded = decodeAttributes(into.bytes, 0, into.length, KEPT, { nlri: true });
        assert.deepEqual(decoded, { attributes: expected, faults: [] });
        assert.equal(hexOf(into.bytes.subarray(0, into.length)), hexOf(encodeAttributes(expected, KEPT)));
      },
    ),
    { numRuns: 300 },
  );
  t.pass('the law holds');
  t.end();
});
