/** Every vector both ways, and cut at every octet. */
import t from 'tap';
import { NotificationError } from '../../src/errors.js';
import { ATTRIBUTES } from '../../src/wire/attribute/attribute.js';
import { decodeAttributes, encodeAttributes } from '../../src/wire/attribute/attribute-set.js';
import { CAPABILITIES } from '../../src/wire/capability/capability-list.js';
import { decodeMessage, encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import type { OpenMessage } from '../../src/wire/message.js';
import { hexOf, octets } from '../corpus/hex.js';
import { ATTRIBUTE_VECTORS } from '../vectors/attributes.js';
import { MESSAGE_VECTORS } from '../vectors/messages.js';

const PLAIN = wireContext();

t.test('attributes decode to their values and encode to their octets', (t) => {
  for (const { name, hex, value, context = PLAIN, oneWay } of ATTRIBUTE_VECTORS) {
    const bytes = octets(hex);
    const { attributes, faults } = decodeAttributes(bytes, 0, bytes.length, context, { nlri: false });
    // Some blocks lack what a route must have; that is not what they are for.
    const others = faults.filter(({ reason }) => !reason.endsWith('is missing'));
    t.same(others, [], `${name}: no faults`);
    t.strictSame(attributes, value, `${name}: decodes`);
    if (oneWay === undefined) t.equal(hexOf(encodeAttributes(value, context)), hexOf(bytes), `${name}: encodes`);
  }
  t.end();
});

t.test('messages decode to their values and encode to their octets', (t) => {
  for (const { name, hex, value, context = PLAIN, oneWay } of MESSAGE_VECTORS) {
    const bytes = octets(hex);
    t.strictSame(decodeMessage(bytes, context), value, `${name}: decodes`);
    if (oneWay === undefined) t.equal(hexOf(encodeMessage(value, context)), hexOf(bytes), `${name}: encodes`);
  }
  t.end();
});

t.test('there is a vector for every row of the tables', (t) => {
  const types = new Set(ATTRIBUTE_VECTORS.flatMap(({ hex }) => attributeTypes(octets(hex))));
  for (const { type, name } of ATTRIBUTES) t.ok(types.has(type), name);
  const opens = MESSAGE_VECTORS.map(({ value }) => value).filter(
    (value): value is OpenMessage => value.type === 'open',
  );
  const capabilities = new Set(opens.flatMap((open) => open.capabilities.map(({ type }) => type)));
  for (const { type } of CAPABILITIES) t.ok(capabilities.has(type), type);
  t.end();
});

function attributeTypes(bytes: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    types.push(bytes[at + 1]!);
    at += bytes[at]! & 0x10 ? 4 + bytes[at + 2]! * 256 + bytes[at + 3]! : 3 + bytes[at + 2]!;
  }
  return types;
}

t.test('an attribute block cut within an attribute has a fault, and throws nothing', (t) => {
  for (const { name, hex, context = PLAIN } of ATTRIBUTE_VECTORS) {
    const bytes = octets(hex);
    let silent = 0;
    for (let end = 1; end < bytes.length; end++) {
      const { faults } = decodeAttributes(bytes.slice(0, end), 0, end, context, { nlri: true });
      // With NLRI a route must have ORIGIN, AS_PATH and NEXT_HOP, so only an overrun is proof.
      if (!faults.some(({ reason }) => reason.includes('overruns')) && !isBoundary(bytes, end)) silent++;
    }
    t.equal(silent, 0, name);
  }
  t.end();
});

function isBoundary(bytes: Uint8Array, end: number): boolean {
  try {
    return attributeTypes(bytes.subarray(0, end)).length > 0 && boundaries(bytes).includes(end);
  } catch {
    return false;
  }
}

function boundaries(bytes: Uint8Array): number[] {
  const list: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    at += bytes[at]! & 0x10 ? 4 + bytes[at + 2]! * 256 + bytes[at + 3]! : 3 + bytes[at + 2]!;
    list.push(at);
  }
  return list;
}

t.test('a message cut anywhere, its header corrected, throws NotificationError or decodes', (t) => {
  for (const { name, hex, context = PLAIN, value } of MESSAGE_VECTORS) {
    const bytes = octets(hex);
    let decoded = 0;
    for (let end = 0; end < bytes.length; end++) {
      const cut = bytes.slice(0, end);
      if (end >= 18) {
        cut[16] = end >>> 8;
        cut[17] = end;
      }
      try {
        decodeMessage(cut, context);
        decoded++;
      } catch (error) {
        if (!(error instanceof NotificationError)) throw error;
      }
    }
    if (value.type === 'open' || value.type === 'keepalive') t.equal(decoded, 0, `${name}: no part of it is whole`);
    else t.pass(name);
  }
  t.end();
});

const WRONG_LENGTH = Object.assign(new Error(), { name: 'NotificationError', errorCode: 1, errorSubcode: 2 });

t.test('a message with its last octet missing or one too many is 1/2', (t) => {
  for (const { name, hex, context = PLAIN } of MESSAGE_VECTORS) {
    const bytes = octets(hex);
    for (const wrong of [bytes.slice(0, -1), Uint8Array.of(...bytes, 0)]) {
      t.throws(() => decodeMessage(wrong, context), WRONG_LENGTH, name);
    }
  }
  t.end();
});
