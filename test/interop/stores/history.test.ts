import t from 'tap';
import { type FinalState, findContradictions, type HistoryLine, type Operation, operationsOf } from './history.js';

const done = (
  client: string,
  verb: Operation['verb'],
  handle: string,
  [calledAt, answeredAt]: readonly [number, number],
  ...texts: readonly string[]
): Operation => ({ client, verb, handle, calledAt, answeredAt, outcome: 'ok', texts });

const lost = (verb: Operation['verb'], handle: string, calledAt: number): Operation => ({
  client: 'a',
  verb,
  handle,
  calledAt,
  answeredAt: Number.POSITIVE_INFINITY,
  outcome: 'unknown',
  texts: [],
});

const rest = (...assignments: readonly (readonly [address: string, handle: string])[]): FinalState => ({
  assignments: assignments.map(([address, handle]) => ({ address, handle })),
  findings: [],
});

const assigned = done('a', 'assign', 'h', [1, 2], '10.0.0.1');

const ROWS: readonly (readonly [
  name: string,
  operations: readonly Operation[],
  final: FinalState,
  contradiction?: RegExp,
])[] = [
  ['an assignment that stays', [assigned, done('a', 'read', 'h', [3, 4], '10.0.0.1')], rest(['10.0.0.1', 'h'])],
  [
    'an address used again after its release was asked for',
    [assigned, done('a', 'release', 'h', [5, 9], '10.0.0.1'), done('b', 'assign', 'g', [4, 8], '10.0.0.1')],
    rest(['10.0.0.1', 'g']),
  ],
  [
    'an address given to two',
    [assigned, done('b', 'assign', 'g', [3, 4], '10.0.0.1'), done('a', 'release', 'h', [5, 6], '10.0.0.1')],
    rest(['10.0.0.1', 'g']),
    /^10\.0\.0\.1 was with h from 2 to 5, and with g from 4 to Infinity$/,
  ],
  ['an assignment that was lost', [assigned], rest(), /^h has "" at the end; it was assigned 10\.0\.0\.1$/],
  ['one that changed', [assigned], rest(['10.0.0.2', 'h']), /^h has "10\.0\.0\.2" at the end/],
  [
    'a stale read',
    [assigned, done('a', 'read', 'h', [3, 4])],
    rest(['10.0.0.1', 'h']),
    /^read of h by a, called at 3: got "", it has 10\.0\.0\.1$/,
  ],
  [
    'other addresses the second time',
    [assigned, done('a', 'assign', 'h', [3, 4], '10.0.0.2')],
    rest(['10.0.0.1', 'h']),
    /^assign of h .* got "10\.0\.0\.2", it has 10\.0\.0\.1$/,
  ],
  [
    'one that is refused what it has',
    [assigned, { ...assigned, calledAt: 3, answeredAt: 4, outcome: 'refused', texts: [] }],
    rest(['10.0.0.1', 'h']),
    /refused, it has 10\.0\.0\.1$/,
  ],
  [
    'an incomplete release',
    [done('a', 'assign', 'h', [1, 2], '10.0.0.1', '10.0.0.2'), done('a', 'release', 'h', [3, 4], '10.0.0.1')],
    rest(),
    /released "10\.0\.0\.1", it had 10\.0\.0\.1 10\.0\.0\.2$/,
  ],
  [
    'a release that came undone',
    [assigned, done('a', 'release', 'h', [3, 4], '10.0.0.1')],
    rest(['10.0.0.1', 'h']),
    /^h has 10\.0\.0\.1 at the end; it was released, or never assigned$/,
  ],
  [
    'a release done twice',
    [assigned, done('a', 'release', 'h', [3, 4], '10.0.0.1'), done('a', 'release', 'h', [5, 6], '10.0.0.1')],
    rest(),
    /released 10\.0\.0\.1 a second time$/,
  ],
  ['an assign without an answer, done', [lost('assign', 'h', 1)], rest(['10.0.0.1', 'h'])],
  ['an assign without an answer, not done', [lost('assign', 'h', 1)], rest()],
  [
    'an assign without an answer that was done after the release of another attempt',
    [
      lost('assign', 'h', 1),
      { ...assigned, calledAt: 2, answeredAt: 3 },
      done('a', 'release', 'h', [4, 5], '10.0.0.1'),
    ],
    rest(['10.0.0.9', 'h']),
  ],
  ['a release without an answer, done', [assigned, lost('release', 'h', 3)], rest()],
  ['a release without an answer, not done', [assigned, lost('release', 'h', 3)], rest(['10.0.0.1', 'h'])],
  [
    'a release asked for again, done the first time',
    [assigned, lost('release', 'h', 3), done('a', 'release', 'h', [5, 6])],
    rest(),
  ],
  ['a handle out of nowhere', [], rest(['10.0.0.1', 'h']), /^nobody asked for h$/],
  ['a broken invariant at the end', [], { assignments: [], findings: ['count'] }, /^at the end: count$/],
  ['a broken invariant on the way', [done('a', 'check', '', [1, 2], 'count')], rest(), /broken: count$/],
];

for (const [name, operations, final, contradiction] of ROWS) {
  t.test(name, async (t) => {
    const found = findContradictions(operations, final);
    if (contradiction === undefined) t.strictSame(found, []);
    else t.match(found, [contradiction]);
    t.strictSame(findContradictions([...operations].reverse(), final), found, 'in any order');
  });
}

t.test('a call without an answer is where a client died', async (t) => {
  const lines: HistoryLine[] = [
    { type: 'call', at: 1, verb: 'assign', handle: 'h' },
    { type: 'ok', at: 2, texts: ['10.0.0.1'] },
    { type: 'call', at: 3, verb: 'release', handle: 'h' },
    { type: 'call', at: 9, verb: 'release', handle: 'h' },
    { type: 'refused', at: 10, code: 'X' },
    { type: 'call', at: 11, verb: 'read', handle: 'h' },
  ];
  t.match(operationsOf('a', lines), [
    { verb: 'assign', calledAt: 1, answeredAt: 2, outcome: 'ok', texts: ['10.0.0.1'] },
    { verb: 'release', calledAt: 3, answeredAt: Number.POSITIVE_INFINITY, outcome: 'unknown' },
    { verb: 'release', calledAt: 9, answeredAt: 10, outcome: 'refused' },
    { verb: 'read', calledAt: 11, outcome: 'unknown' },
  ]);
});
