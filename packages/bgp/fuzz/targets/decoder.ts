/**
 * Octets through the framer and the decoders of messages, in every kind of session. Head: octet 0 is the session, octet 1
 * the size of the pieces in which the stream arrives; then records.
 */
import fc from 'fast-check';
import { EncodeError, NotificationError } from '../../src/errors.js';
import { canonicalBlock, canonicalizeAttributes, type ReachableField } from '../../src/wire/attribute/canonical.js';
import { strongestFault } from '../../src/wire/attribute/faults.js';
import type { AsPathSegment, PathAttributes } from '../../src/wire/attribute/path-attributes.js';
import { decodeBody, encodeMessage } from '../../src/wire/codec.js';
import { maxMessageOctets, type WireContext, wireContext } from '../../src/wire/context.js';
import { Framer } from '../../src/wire/framer.js';
import type { Message, UpdateMessage } from '../../src/wire/message.js';
import { notificationOf, shutdownCommunication } from '../../src/wire/notification.js';
import { scanUpdate, updateScan } from '../../src/wire/update-scan.js';
import { message } from '../arbitraries.js';
import { readRecords, recordsOf, wireOctets, writeRecords } from '../records.js';
import type { Target } from '../target.js';
import { check, checkEqual } from './check.js';
import { checkFaults } from './fault-law.js';
import { checkNotification } from './notification-law.js';

const HEAD_OCTETS = 2;

export const contextOf = (bits: number): WireContext =>
  wireContext({
    fourOctetAs: (bits & 1) === 0,
    extendedMessages: (bits & 2) !== 0,
    peerType: bits & 4 ? 'ibgp' : 'ebgp',
    localAsn: 65001,
    addPath: [(bits & 8) !== 0, (bits & 16) !== 0],
    families: [(bits & 32) === 0, (bits & 64) === 0],
    extendedNextHop: [(bits & 128) !== 0, false],
  });

const bitsOf = ({ fourOctetAs, extendedMessages, peerType, addPath, extendedNextHop }: WireContext): number =>
  (fourOctetAs ? 0 : 1) |
  (extendedMessages ? 2 : 0) |
  (peerType === 'ibgp' ? 4 : 0) |
  (addPath[0] ? 8 : 0) |
  (addPath[1] ? 16 : 0) |
  (extendedNextHop[0] ? 128 : 0);

type Outcome = Message | NotificationError;

const scan = updateScan();
const block = canonicalBlock();

/** The messages of a stream in pieces of this size (0: whole); the error that ended it comes last. */
function outcomes(stream: Uint8Array, pieceOctets: number, context: WireContext): Outcome[] {
  const framer = new Framer(maxMessageOctets(context));
  const found: Outcome[] = [];
  const step = pieceOctets === 0 ? Math.max(1, stream.length) : pieceOctets;
  try {
    for (let at = 0; at < stream.length; at += step) {
      framer.push(stream.subarray(at, at + step));
      for (let frame = framer.next(); frame; frame = framer.next()) {
        const { type, bytes, start, end } = frame;
        check(start >= 19 && end <= bytes.length && end - start <= maxMessageOctets(context), 'a frame out of bounds');
        found.push(decodeBody(type, bytes, start, end, context));
      }
    }
  } catch (error) {
    if (!(error instanceof NotificationError)) throw error;
    found.push(error);
  }
  return found;
}

/** What an outcome says, as data. */
const plain = (outcome: Outcome): unknown =>
  outcome instanceof NotificationError
    ? [outcome.errorCode, outcome.errorSubcode, outcome.message, outcome.data]
    : outcome;

function checkOutcome(outcome: Outcome, context: WireContext): void {
  if (outcome instanceof NotificationError) {
    checkNotification(outcome);
    const { errorCode, errorSubcode, data } = outcome;
    // RFC 4271 section 6.1: the erroneous length, or type.
    if (errorCode === 1) checkEqual(data.length, [0, 0, 2, 1][errorSubcode], 'octets of data of a header error');
    // What we say of it can be said.
    encodeMessage(notificationOf(outcome), context);
    return;
  }
  if (outcome.type === 'update') checkUpdate(outcome, context);
  else if (outcome.type === 'route-refresh' || outcome.type === 'notification' || outcome.type === 'open') {
    if (outcome.type === 'notification') shutdownCommunication(outcome);
    const again = encoded(outcome, context);
    if (again) checkEqual(decode(again, context), outcome, 'decoding what was encoded again');
  }
}

function decode(bytes: Uint8Array, context: WireContext): unknown {
  return plain(outcomes(bytes, 0, context)[0]!);
}

/** Undefined where it does not fit a message: only what had to be written longer than it came. */
function encoded(message: Message, context: WireContext): Uint8Array | undefined {
  try {
    return encodeMessage(message, context);
  } catch (error) {
    if (error instanceof EncodeError && /octets/.test(error.message)) return undefined;
    throw error;
  }
}

const asns = (path: readonly AsPathSegment[] | undefined): readonly number[] =>
  (path ?? []).flatMap((each) => each.asns);
const isConfed = ({ type }: AsPathSegment): boolean => type.startsWith('confed');

function checkUpdate(update: UpdateMessage, context: WireContext): void {
  checkFaults(update, context);
  const whole = update.faults.length === 0;
  const first = encoded({ ...update, faults: [] }, context);
  if (!first) return;
  const again = outcomes(first, 0, context)[0]!;
  if (again instanceof NotificationError) {
    // Without what a fault took away the message may miss what is mandatory; a whole one may not.
    check(!whole, `what was taken is refused when encoded again: ${again.message}`);
    return;
  }
  check(again.type === 'update', 'an UPDATE became another message');
  if (!whole) return;
  checkEqual(again.faults, [], 'what was taken has faults when encoded again');
  if (context.fourOctetAs) {
    checkEqual(ordered(again), ordered(update), 'decoding what was encoded again');
    return;
  }
  // On a 2-octet session AS4_PATH is merged: segments may be joined, numbers stay.
  const { asPath: before, ...others } = ordered(update).attributes as PathAttributes;
  const { asPath: after, ...same } = again.attributes as PathAttributes;
  checkEqual(same, others, 'decoding what was encoded again, on a 2-octet session');
  if (!before?.some(isConfed)) checkEqual(asns(after), asns(before), 'the path encoded again, on a 2-octet session');
  checkEqual([again.withdrawn, again.nlri], [update.withdrawn, update.nlri], 'routes encoded again');
}

/** Encoders write attributes by ascending type. */
const ordered = (update: UpdateMessage): UpdateMessage => {
  const { unknown } = update.attributes;
  if (!unknown) return update;
  const attributes = { ...update.attributes, unknown: [...unknown].sort((x, y) => place(x.type) - place(y.type)) };
  return { ...update, attributes };
};

const place = (type: number): number => (type === 14 || type === 15 ? type - 256 : type);

/** What the RIB makes of the attributes is what the object decoder says. */
function checkCanonical(bytes: Uint8Array, outcome: Outcome, context: WireContext): void {
  const fault = scanUpdate(bytes, 19, bytes.length, context, scan);
  if (fault?.action === 'session-reset') {
    check(outcome instanceof NotificationError, 'the scan resets the session, the decoder does not');
    return;
  }
  const reach = scan.mpReach.present && scan.mpReach.family >= 0 && scan.mpReach.nlriEnd > scan.mpReach.nlriStart;
  const nlri = context.families[0] === true && scan.nlriEnd > scan.nlriStart;
  const fields: ReachableField[] = [...(nlri ? ['nlri' as const] : []), ...(reach ? ['mp-reach' as const] : [])];
  if (fields.length === 0) fields.push('none');
  const actions = fields.map((field) => {
    canonicalizeAttributes(bytes, scan, context, field, block);
    return block.action;
  });
  if (fault || outcome instanceof NotificationError || outcome.type !== 'update') return;
  check(!actions.includes('session-reset'), 'the canonical form resets the session, the decoder does not');
  // Only the canonical form writes all AS numbers in four octets.
  if (block.faults.some(({ reason }) => reason.includes('too long for AS numbers'))) return;
  const strongest = strongestFault(outcome.faults)?.action;
  check(strongest !== 'treat-as-withdraw' || actions.includes('treat-as-withdraw'), 'only the decoder withdraws');
  check(
    strongest === 'treat-as-withdraw' || !actions.includes('treat-as-withdraw'),
    'only the canonical form withdraws',
  );
}

function run(input: Uint8Array): void {
  const context = contextOf(input[0] ?? 0);
  const wires = readRecords(input, HEAD_OCTETS).map(wireOctets);
  const stream = Uint8Array.from(Buffer.concat(wires));
  const whole = outcomes(stream, 0, context);
  for (const outcome of whole) checkOutcome(outcome, context);
  const pieces = outcomes(stream, 1 + (input[1] ?? 0), context);
  checkEqual(pieces.map(plain), whole.map(plain), 'a stream in pieces');
  // Octets outside of the message make no difference: no decoder reads beyond it.
  let at = 0;
  for (const outcome of whole) {
    const length = ((stream[at + 16] ?? 0) << 8) | (stream[at + 17] ?? 0);
    if (length < 19 || at + length > stream.length) break;
    const octets = stream.slice(at, at + length);
    at += length;
    for (const around of [0x00, 0xff]) {
      const padded = new Uint8Array(length + 128).fill(around);
      padded.set(octets, 64);
      checkEqual(plain(within(padded, 64, length, context)), plain(outcome), 'a message between other octets');
    }
    if (octets[18] === 2 && !(outcome instanceof NotificationError && outcome.errorCode === 1)) {
      checkCanonical(octets, outcome, context);
    }
  }
}

function within(padded: Uint8Array, at: number, length: number, context: WireContext): Outcome {
  const [header] = outcomes(padded.slice(at, at + 19), 0, context);
  if (header instanceof NotificationError) return header;
  try {
    return decodeBody(padded[at + 18]!, padded, at + 19, at + length, context);
  } catch (error) {
    if (error instanceof NotificationError) return error;
    throw error;
  }
}

export const decoder: Target = {
  name: 'decoder',
  headOctets: HEAD_OCTETS,
  maxOctets: 70_000,
  *seeds() {
    for (const { message: each, context } of fc.sample(message, { numRuns: 300, seed: 4271 })) {
      const records = recordsOf(encodeMessage(each, context));
      yield writeRecords(Uint8Array.of(bitsOf(context), 7), records);
    }
  },
  run,
  workLimit: (octets) => 20_000 + 600 * octets,
};
