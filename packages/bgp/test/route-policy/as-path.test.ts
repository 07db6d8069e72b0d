import fc from 'fast-check';
import t from 'tap';
import { AsPathAutomaton } from '../../src/route-policy/as-path-automaton.js';
import { asPathExpressionFault } from '../../src/route-policy/as-path-expression.js';
import { asPath } from '../../src/wire/attribute/as-path.js';
import type { AsPathSegment } from '../../src/wire/attribute/path-attributes.js';
import { wireContext } from '../../src/wire/context.js';

const CONTEXT = wireContext({ fourOctetAs: true });

/** `1 2 {3 4}` */
function segments(text: string): AsPathSegment[] {
  return [...text.matchAll(/\{([^}]*)\}|([\d ]+)/g)].flatMap(([, set, sequence]): AsPathSegment[] => {
    const asns = (set ?? sequence ?? '').split(' ').filter(Boolean).map(Number);
    return asns.length === 0 ? [] : [{ type: set === undefined ? 'sequence' : 'set', asns }];
  });
}

function matches(expressions: readonly string[], path: readonly AsPathSegment[]): boolean {
  const value = asPath.encode(path, CONTEXT);
  // Not at the beginning of the array: offsets must be taken as they are.
  const bytes = Uint8Array.of(9, 9, 9, ...value, 9);
  return new AsPathAutomaton(expressions).matches(bytes, 3, 3 + value.length);
}

const CASES: readonly (readonly [expression: string, matching: readonly string[], others: readonly string[]])[] = [
  ['64512', ['64512', '1 64512 2', '{7 64512}'], ['', '6451', '645120', '1 2']],
  ['^64512', ['64512', '64512 1'], ['1 64512', '']],
  ['64512$', ['64512', '1 64512'], ['64512 1', '']],
  ['^64512 .* 65000$', ['64512 65000', '64512 1 2 65000'], ['64512', '64512 65000 1', '65000 64512']],
  ['^$', [''], ['1']],
  ['.', ['1', '1 2', '{1 2}'], ['']],
  ['.*', ['', '1'], []],
  ['^. .$', ['1 2', '1 {2 3}'], ['1', '1 2 3', '{1 2}']],
  ['[64512-65534]', ['65000', '1 64512', '1 65534'], ['64511', '65535', '']],
  ['^[1 3,5-7]+$', ['1', '3 5 6 7', '{2 3}'], ['1 2', '4', '']],
  ['^[^1 2]$', ['3', '{1 3}'], ['1', '2', '{1 2}', '']],
  ['^1+$', ['1', '1 1 1'], ['', '1 2']],
  ['^1 2? 3$', ['1 3', '1 2 3'], ['1 2 2 3', '1 2']],
  ['^(1 2)+$', ['1 2', '1 2 1 2'], ['1', '1 2 1', '2 1']],
  ['^(1|2 3)$', ['1', '2 3'], ['2', '3', '1 3']],
  ['^1$|^2$', ['1', '2'], ['1 2', '3']],
  ['^(1|)2$', ['2', '1 2'], ['1', '1 1 2']],
  ['^ 1 ( 2 | 3 ) * $', ['1', '1 2 3 2'], ['1 4']],
  ['4294967295', ['4294967295'], ['1']],
  ['1 $ 2', [], ['1 2', '1', '']],
];

for (const [expression, matching, others] of CASES) {
  t.test(expression, (t) => {
    for (const path of matching) t.ok(matches([expression], segments(path)), `"${path}"`);
    for (const path of others) t.notOk(matches([expression], segments(path)), `not "${path}"`);
    t.end();
  });
}

t.test('several expressions, one of which has to match', (t) => {
  t.ok(matches(['^1$', '^2$'], segments('2')));
  t.notOk(matches(['^1$', '^2$'], segments('3')));
  t.notOk(matches([], segments('3')));
  t.end();
});

t.test('a path in several segments is one path', (t) => {
  const long = (count: number): AsPathSegment => ({ type: 'sequence', asns: new Array<number>(count).fill(1) });
  t.ok(matches(['^1* 2$'], [long(255), long(255), ...segments('2')]));
  t.notOk(matches(['^1* 2$'], [long(255), ...segments('3'), long(255), ...segments('2')]));
  t.ok(matches(['^5 6'], [{ type: 'confed-sequence', asns: [5] }, ...segments('6 7')]));
  t.ok(matches(['^5 .$'], [...segments('5'), { type: 'confed-set', asns: [8, 9] }]));
  t.end();
});

t.test('the same automaton, one path after the other', (t) => {
  const automaton = new AsPathAutomaton(['^1 2$']);
  for (const [path, expected] of [
    ['1', false],
    ['1 2', true],
    ['', false],
    ['1 2 3', false],
    ['1 2', true],
  ] as const) {
    const value = asPath.encode(segments(path), CONTEXT);
    t.equal(automaton.matches(value, 0, value.length), expected, path);
  }
  t.end();
});

t.test('what makes backtracking explode ends at once: this test would hang', (t) => {
  const ones: AsPathSegment[] = Array.from({ length: 60 }, () => ({ type: 'sequence', asns: new Array(255).fill(1) }));
  for (const expression of ['^(1*)*2$', '^(1|1)*2$', '^(1? 1?)* 2$', `^${'1? '.repeat(100)}2$`, '(1+)+ (1+)+ 2']) {
    t.notOk(matches([expression], ones), expression);
    t.ok(matches([expression], [{ type: 'sequence', asns: [1, 1, 2] }]), expression);
  }
  t.end();
});

const FAULTS: readonly (readonly [string, RegExp])[] = [
  ['', /is empty; "\.\*"/],
  ['  ', /is empty/],
  ['(1', /has "\(" at 1 without "\)"/],
  ['1)', /has "\)" at 2 without "\("/],
  ['*', /has "\*" at 1 with nothing before it/],
  ['1|+', /has "\+" at 3 with nothing before it/],
  ['^*', /behind "\^" or "\$"/],
  ['[]', /has "\[" at 1 with no AS number/],
  ['[1', /has "\[" at 1 without "\]"/],
  ['[1-', /without "\]"/],
  ['[x]', /has "x" at 2 inside of \[ \]/],
  ['[9-1]', /range 9-1, which holds nothing; write 1-9/],
  ['_64512_', /has "_"; AS numbers are whole/],
  ['1-2', /has "-" at 2; known are/],
  ['4294967296', /AS numbers end at 4294967295/],
  ['1 2{3}', /has "\{" at 4; known are/],
  ['1'.repeat(1025), /1025 characters; at most 1024/],
];

t.test('what is no expression is told where and why', (t) => {
  for (const [expression, message] of FAULTS) t.match(asPathExpressionFault(expression), message, expression);
  for (const [expression] of CASES) t.equal(asPathExpressionFault(expression), undefined, expression);
  t.end();
});

t.test('the deepest expression that is short enough', (t) => {
  t.ok(matches([`${'('.repeat(511)}1${')'.repeat(511)}`], segments('1')));
  t.end();
});

/** AS numbers and the letters that stand for them in the other world. */
const ALPHABET = [1, 7, 64512, 64513, 65000, 4294967294];
const letter = (asn: number): string => 'abcdef'[ALPHABET.indexOf(asn)]!;

interface Both {
  readonly ours: string;
  readonly js: string;
}

const atom: fc.Arbitrary<Both> = fc.oneof(
  fc.constantFrom(...ALPHABET).map((asn) => ({ ours: `${asn}`, js: letter(asn) })),
  fc.constant({ ours: '.', js: '.' }),
  fc.constantFrom({ ours: '^', js: '(?:^)' }, { ours: '$', js: '(?:$)' }),
  fc.tuple(fc.nat(5), fc.nat(5), fc.constantFrom(...ALPHABET), fc.boolean()).map(([x, y, also, negated]) => {
    const [low, high] = [Math.min(x, y), Math.max(x, y)];
    const inside = new Set([...ALPHABET.slice(low, high + 1), also]);
    const letters = [...inside].map(letter).join('');
    return {
      ours: `[${negated ? '^' : ''}${ALPHABET[low]}-${ALPHABET[high]} ${also}]`,
      js: `[${negated ? '^' : ''}${letters}]`,
    };
  }),
);

const expressionArb = fc.letrec<{ expression: Both }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'expression' },
    atom,
    fc.tuple(tie('expression'), tie('expression')).map(([x, y]) => ({ ours: `${x.ours} ${y.ours}`, js: x.js + y.js })),
    fc.tuple(tie('expression'), tie('expression')).map(([x, y]) => ({
      ours: `(${x.ours}|${y.ours})`,
      js: `(?:${x.js}|${y.js})`,
    })),
    fc
      .tuple(tie('expression'), fc.constantFrom('*', '+', '?'))
      .map(([x, repeat]) => ({ ours: `(${x.ours})${repeat}`, js: `(?:${x.js})${repeat}` })),
  ),
})).expression;

t.test('law: as a JavaScript RegExp over letters in the place of AS numbers', (t) => {
  fc.assert(
    fc.property(
      expressionArb,
      fc.array(fc.array(fc.constantFrom(...ALPHABET), { maxLength: 7 }), { minLength: 1, maxLength: 8 }),
      ({ ours, js }, paths) => {
        const regExp = new RegExp(js);
        for (const asns of paths) {
          const path: AsPathSegment[] = asns.length === 0 ? [] : [{ type: 'sequence', asns }];
          const expected = regExp.test(asns.map(letter).join(''));
          if (matches([ours], path) !== expected)
            throw new Error(`${ours} on ${asns.join(' ')}: not ${expected} (${js})`);
        }
      },
    ),
    { numRuns: 1500 },
  );
  t.pass();
  t.end();
});
