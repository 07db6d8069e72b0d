/**
 * Inputs that crashed or stretched other daemons: GoBGP's crashers, and what fuzzing found on FRR's bgpd and on BIRD. They go
 * through the framer and the decoders of every kind of session; only NotificationError may come out.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CONTEXTS } from '../../fuzz/arbitraries.js';
import { NotificationError } from '../../src/errors.js';
import { canonicalBlock, canonicalizeAttributes } from '../../src/wire/attribute/canonical.js';
import { decodeBody } from '../../src/wire/codec.js';
import { maxMessageOctets, type WireContext } from '../../src/wire/context.js';
import { Framer } from '../../src/wire/framer.js';
import type { Message } from '../../src/wire/message.js';
import { scanUpdate, updateScan } from '../../src/wire/update-scan.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';

interface Tally {
  messages: number;
  refused: number;
}

const scan = updateScan();
const block = canonicalBlock();

/** No input may become more than this many values per octet. */
function sizeOf(message: Message): number {
  if (message.type === 'open') return message.capabilities.length;
  if (message.type !== 'update') return 1;
  const { mpReach, mpUnreach, asPath = [], communities = [], unknown = [] } = message.attributes;
  const lists = [
    message.withdrawn,
    message.nlri,
    message.faults,
    mpReach?.nlri ?? [],
    mpUnreach?.nlri ?? [],
    communities,
    unknown,
  ];
  return lists.reduce((sum, list) => sum + list.length, 0) + asPath.reduce((sum, { asns }) => sum + asns.length, 0);
}

function feed(bytes: Uint8Array, context: WireContext, tally: Tally): void {
  const framer = new Framer(maxMessageOctets(context));
  framer.push(bytes);
  for (let frame = framer.next(); frame; frame = framer.next()) {
    const { type, start, end } = frame;
    const message = decodeBody(type, frame.bytes, start, end, context);
    if (sizeOf(message) > 2 * (end - start) + 4) throw new Error('a small message became a large value');
    if (message.type === 'update') {
      scanUpdate(frame.bytes, start, end, context, scan);
      canonicalizeAttributes(frame.bytes, scan, context, 'none', block);
      if (scan.mpReach.family >= 0) canonicalizeAttributes(frame.bytes, scan, context, 'mp-reach', block);
      else canonicalizeAttributes(frame.bytes, scan, context, 'nlri', block);
    }
    tally.messages++;
  }
}

/** Feeds a file as it is; then, as most inputs have a broken marker or length, with its header mended. */
function feedEveryWay(bytes: Uint8Array, tally: Tally): void {
  const mended = Uint8Array.from(bytes);
  mended.fill(0xff, 0, Math.min(16, bytes.length));
  const cut = mended.slice(0, 4096);
  if (cut.length >= 19) {
    cut[16] = cut.length >>> 8;
    cut[17] = cut.length;
  }
  const asUpdate = Uint8Array.from(cut);
  if (cut.length >= 23) asUpdate[18] = 2;
  for (const context of CONTEXTS) {
    for (const input of [bytes, mended, cut, asUpdate]) {
      try {
        feed(input, context, tally);
      } catch (error) {
        if (!(error instanceof NotificationError)) throw error;
        tally.refused++;
      }
    }
  }
}

function run(t: Test, folder: string, files: number): void {
  const names = readdirSync(folder);
  t.equal(names.length, files, 'all inputs are there');
  const tally: Tally = { messages: 0, refused: 0 };
  for (const name of names) {
    try {
      feedEveryWay(readOctets(join(folder, name)), tally);
    } catch (error) {
      t.fail(`${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  t.ok(tally.refused > 0, `${tally.messages} messages decoded, ${tally.refused} inputs refused`);
  t.end();
}

t.test('GoBGP crashers', (t) => run(t, join(FIXTURES, 'gobgp'), 11));
t.test('inputs found on FRR bgpd', { skip: withoutCorpus }, (t) => run(t, join(CORPUS, 'corpi', 'bgpd', 'gen'), 3227));
t.test('seeds of FRR bgpd', { skip: withoutCorpus }, (t) => run(t, join(CORPUS, 'corpi', 'bgpd', 'seed'), 7));
t.test('inputs found on BIRD', { skip: withoutCorpus }, (t) => run(t, join(CORPUS, 'corpi', 'bird', 'gen'), 327));
