/** MRT records out of a stream: cut into chunks anywhere, damaged, too long, cut off. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MrtError } from '../../src/errors.js';
import { type MrtFrame, MrtFramer } from '../../src/mrt/mrt-framer.js';
import { decodeMrt, readMrt } from '../../src/mrt/read-mrt.js';
import { walkMrt } from '../../src/mrt/walk-mrt.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';

const SAMPLES = join(FIXTURES, 'mrtparse');
const sample = (name: string): Uint8Array => readOctets(join(SAMPLES, name));

/** A frame's header and octets as text, as the frame itself is valid only for a moment. */
const textOf = ({ offset, timestampS, microseconds, mrtType, subtype, bytes, start, end }: MrtFrame): string =>
  [offset, timestampS, microseconds, mrtType, subtype, Buffer.from(bytes.subarray(start, end)).toString('hex')].join();

function framesOf(chunks: readonly Uint8Array[]): string[] {
  const framer = new MrtFramer();
  const texts: string[] = [];
  const drain = (): void => {
    for (let frame = framer.next(); frame; frame = framer.next()) texts.push(textOf(frame));
  };
  for (const chunk of chunks) {
    // A chunk of its own, overwritten afterwards: nothing may be kept of it.
    const copy = Uint8Array.from(chunk);
    framer.push(copy);
    copy.fill(0xee);
    drain();
  }
  framer.end();
  drain();
  return texts;
}

t.test('the frames are the records of the file, however it is cut', (t) => {
  for (const name of readdirSync(SAMPLES)) {
    const bytes = sample(name);
    const whole = framesOf([bytes]);
    t.equal(whole.length, [...readMrt(bytes)].length, `${name}: as many as readMrt has`);
    let wrong = 0;
    for (let cut = 0; cut <= bytes.length; cut++) {
      const texts = framesOf([bytes.subarray(0, cut), bytes.subarray(cut)]);
      if (texts.join() !== whole.join()) wrong++;
    }
    t.equal(wrong, 0, `${name}: cut in two at each of ${bytes.length + 1} places`);
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    t.same(framesOf(single), whole, `${name}: octet by octet`);
  }
  t.end();
});

t.test('so is a large file in chunks of odd sizes', { skip: withoutCorpus }, (t) => {
  const bytes = readOctets(join(CORPUS, 'bgpdump', 'test_data', 'updates.20160811.1600.gz'));
  const whole = framesOf([bytes]);
  for (const size of [7, 1009, 65537]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    t.ok(framesOf(chunks).join() === whole.join(), `chunks of ${size}`);
  }
  t.end();
});

t.test('decodeMrt gives what readMrt gives', (t) => {
  const bytes = sample('quagga_bgp');
  const framer = new MrtFramer();
  framer.push(bytes);
  const records = [];
  for (let frame = framer.next(); frame; frame = framer.next()) records.push(decodeMrt(frame));
  t.same(records, [...readMrt(bytes)]);
  t.end();
});

/** What a walk meets: offsets of sound records, and of damage with its words. */
async function walkOf(bytes: Uint8Array, maxRecordOctets?: number) {
  const offsets: number[] = [];
  const damage: string[] = [];
  async function* source() {
    for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
  }
  const walk = await walkMrt(source(), ({ offset }) => offsets.push(offset), {
    damaged: ({ offset, message }) => damage.push(`${offset}: ${message}`),
    ...(maxRecordOctets !== undefined && { maxRecordOctets }),
  });
  return { offsets, damage, walk };
}

t.test('behind a damaged header it goes on with the next record that makes sense', async (t) => {
  const sound = sample('quagga_bgp');
  const { offsets } = await walkOf(sound);
  t.equal(offsets.length, 67);
  const broken = (at: number, ...octets: number[]): Uint8Array => {
    const bytes = Uint8Array.from(sound);
    bytes.set(octets, at);
    return bytes;
  };
  const third = offsets[2]!;
  const rows: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['a type that is none', broken(third + 4, 0xff, 0xff), /^\d+: 65535 is no MRT type$/],
    [
      'a length of 4 GiB',
      broken(third + 8, 0xff, 0xff, 0xff, 0xff),
      /a record of 4294967295 octets, more than the 16777216/,
    ],
  ];
  for (const [name, bytes, message] of rows) {
    const { offsets: found, damage, walk } = await walkOf(bytes);
    t.same(found, [...offsets.slice(0, 2), ...offsets.slice(3)], `${name}: all but that one`);
    t.equal(damage.length, 1, name);
    t.match(damage[0], message, name);
    t.equal(Number.parseInt(damage[0]!, 10), third, `${name}: with its offset`);
    t.equal(walk.skippedOctets, offsets[3]! - third, `${name}: what was passed over is counted`);
  }
  // Octets between two records.
  const garbage = Buffer.concat([sound.subarray(0, third), Buffer.alloc(333, 0x99), sound.subarray(third)]);
  const behind = await walkOf(garbage);
  t.same(
    behind.offsets,
    offsets.map((offset) => (offset < third ? offset : offset + 333)),
    'garbage between records costs none of them',
  );
  t.equal(behind.walk.skippedOctets, 333);
});

t.test('the length of a record is limited', async (t) => {
  const sound = sample('quagga_bgp');
  const { offsets, damage } = await walkOf(sound, 60);
  t.ok(damage.length > 0 && damage.every((text) => text.includes('more than the 60 allowed')), 'longer ones are told');
  t.ok(offsets.length > 0, 'shorter ones come');
});

t.test('a file that is cut off says so, with the offset of the record', async (t) => {
  const sound = sample('quagga_rib');
  const { offsets } = await walkOf(sound);
  for (let end = 0; end < sound.length; end++) {
    const { offsets: found, damage } = await walkOf(sound.subarray(0, end));
    const whole = offsets.filter((_, index) => (offsets[index + 1] ?? sound.length) <= end);
    if (found.join() !== whole.join()) t.same(found, whole, `cut at ${end}`);
    const within = !offsets.includes(end);
    const last = offsets.findLast((offset) => offset < end);
    if (damage.length !== (within ? 1 : 0)) t.fail(`cut at ${end}: ${damage}`);
    if (within && !damage[0]!.startsWith(`${last}: the file ends within`)) t.fail(`cut at ${end}: ${damage}`);
  }
  await t.rejects(
    walkMrt([sound.subarray(0, 20)] as unknown as AsyncIterable<Uint8Array>, () => {}),
    { name: 'MrtError', code: 'ERR_BGP_MRT', offset: 0, message: /ends within a record, \d+ octets too early/ },
    'an error where nobody asked to go on',
  );
});

t.test('what a visitor throws is damage of one record when it is a MrtError, else it comes through', async (t) => {
  const sound = sample('quagga_rib');
  async function* source() {
    yield sound;
  }
  let seen = 0;
  const damage: MrtError[] = [];
  await walkMrt(
    source(),
    ({ offset }) => {
      if (seen++ === 2) throw new MrtError(offset, 'this one');
    },
    { damaged: (error) => damage.push(error) },
  );
  t.equal(seen, 7, 'all of them');
  t.same(
    damage.map(({ message }) => message),
    ['this one'],
  );
  await t.rejects(
    walkMrt(
      source(),
      () => {
        throw new RangeError('ours');
      },
      { damaged: () => {} },
    ),
    RangeError,
  );
});

t.test('the walk waits where it is told to, and ends where nobody wants more', async (t) => {
  const sound = sample('quagga_rib');
  let pauses = 0;
  const octets = async function* () {
    yield sound.subarray(0, 50);
    yield sound.subarray(50);
  };
  const pause = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    pauses++;
  };
  const { records } = await walkMrt(octets(), () => {}, { pause });
  t.equal(records, 7);
  t.equal(pauses, 2, 'after each chunk');
  const { records: first } = await walkMrt(octets(), () => {}, { enough: () => true });
  t.equal(first, 1);
});
