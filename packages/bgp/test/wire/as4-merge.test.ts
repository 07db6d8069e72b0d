/** RFC 6793 section 4.2.3. */
import { ipv4 } from '@tortie/ip';
import t from 'tap';
import { mergeAs4, splitAs4 } from '../../src/wire/attribute/as4-merge.js';
import type { AsPathSegment } from '../../src/wire/attribute/path-attributes.js';

const seq = (...asns: number[]): AsPathSegment => ({ type: 'sequence', asns });
const set = (...asns: number[]): AsPathSegment => ({ type: 'set', asns });
const confed = (...asns: number[]): AsPathSegment => ({ type: 'confed-sequence', asns });
const T = 23456;

interface Row {
  readonly name: string;
  readonly asPath: readonly AsPathSegment[];
  readonly as4Path: readonly AsPathSegment[];
  readonly merged: readonly AsPathSegment[];
}

const ROWS: readonly Row[] = [
  { name: 'equally long', asPath: [seq(T, 2)], as4Path: [seq(70000, 2)], merged: [seq(70000, 2)] },
  { name: 'an old speaker prepended', asPath: [seq(1, T, 2)], as4Path: [seq(70000, 2)], merged: [seq(1, 70000, 2)] },
  { name: 'AS4_PATH longer is stale', asPath: [seq(1)], as4Path: [seq(70000, 2)], merged: [seq(1)] },
  {
    name: 'a set counts one',
    asPath: [seq(1, T), set(3, 4)],
    as4Path: [seq(70000), set(3, 4)],
    merged: [seq(1, 70000), set(3, 4)],
  },
  {
    name: 'a set is taken over whole',
    asPath: [set(8, 9), seq(T)],
    as4Path: [seq(70000)],
    merged: [set(8, 9), seq(70000)],
  },
  {
    name: 'a leading confederation segment stays',
    asPath: [confed(7), seq(T)],
    as4Path: [seq(70000)],
    merged: [confed(7), seq(70000)],
  },
  {
    name: 'one beside a segment taken over stays',
    asPath: [seq(1), confed(7), seq(T)],
    as4Path: [seq(70000)],
    merged: [seq(1), confed(7), seq(70000)],
  },
  { name: 'one further on does not', asPath: [seq(1, T), confed(7)], as4Path: [seq(70000)], merged: [seq(1, 70000)] },
  { name: 'AS4_PATH empty', asPath: [seq(1, 2)], as4Path: [], merged: [seq(1, 2)] },
];

for (const { name, asPath, as4Path, merged } of ROWS) {
  t.test(name, (t) => {
    t.strictSame(mergeAs4({ asPath, as4Path, aggregator: undefined, as4Aggregator: undefined }).asPath, merged);
    t.end();
  });
}

t.test('the aggregators', (t) => {
  const old = { asn: 5, address: ipv4(1) };
  const trans = { asn: T, address: ipv4(1) };
  const true4 = { asn: 70000, address: ipv4(2) };
  const input = { asPath: [seq(T)], as4Path: [seq(70000)] };
  const merged = (aggregator?: typeof old, as4Aggregator?: typeof old) =>
    mergeAs4({ ...input, aggregator, as4Aggregator });
  t.strictSame(merged(trans, true4), { asPath: [seq(70000)], aggregator: true4 });
  t.strictSame(
    merged(old, true4),
    { asPath: [seq(T)], aggregator: old },
    'aggregated anew: both AS4 attributes are stale',
  );
  t.strictSame(merged(undefined, true4), { asPath: [seq(70000)], aggregator: undefined });
  t.strictSame(merged(trans), { asPath: [seq(70000)], aggregator: trans });
  t.end();
});

t.test('AS4 attributes are sent only where two octets do not do', (t) => {
  t.strictSame(splitAs4([seq(1, 65535)], { asn: 5, address: ipv4(1) }), {
    as4Path: undefined,
    as4Aggregator: undefined,
  });
  const aggregator = { asn: 70000, address: ipv4(1) };
  t.strictSame(splitAs4([confed(7), seq(1, 65536)], aggregator), {
    as4Path: [seq(1, 65536)],
    as4Aggregator: aggregator,
  });
  t.strictSame(
    splitAs4([confed(70000)], undefined).as4Path,
    undefined,
    'no segment is left without confederation ones',
  );
  t.end();
});
