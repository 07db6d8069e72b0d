import { formatPrefix, type Prefix, prefixCovers, prefixOf } from '@tortie/ip';
import fc from 'fast-check';
import t from 'tap';
import type { PrefixMatch } from '../../src/route-policy/policy.js';
import { lengthsOf, PrefixList } from '../../src/route-policy/prefix-list.js';
import { prefix } from '../rib/rib-fixture.js';

const keyOf = ({ a, b, c, d, length }: Prefix) => ({ a: a | 0, b: b | 0, c: c | 0, d: d | 0, length });

/** Few different words, so that prefixes meet: in one another, and in the slots of the table. */
const wordArb = fc.constantFrom(0, 0x80000000, 0xc0000000, 0xffffffff, 0x0a000000, 0x0a010000, 1);
const prefixArb = fc
  .tuple(fc.constantFrom(4 as const, 6 as const), wordArb, wordArb, wordArb, wordArb, fc.nat(128))
  .map(([version, a, b, c, d, length]) =>
    version === 4
      ? prefixOf({ version, a, b: 0, c: 0, d: 0 }, Math.min(length, 32))
      : prefixOf({ version, a, b, c, d }, length),
  );
const matchArb: fc.Arbitrary<PrefixMatch> = fc
  .tuple(prefixArb, fc.option(fc.nat(128)), fc.option(fc.nat(128)))
  .map(([each, ge, le]) => ({ prefix: each, ...(ge !== null && { ge }), ...(le !== null && { le }) }));

const naive = (matches: readonly PrefixMatch[], each: Prefix): boolean =>
  matches.some((match) => {
    const bits = match.prefix.version === 4 ? 32 : 128;
    const shortest = match.ge ?? match.prefix.length;
    const longest = match.le ?? (match.ge === undefined ? match.prefix.length : bits);
    return prefixCovers(match.prefix, each) && each.length >= shortest && each.length <= longest;
  });

t.test('law: a list matches where one of its members does, be they few or many', (t) => {
  fc.assert(
    fc.property(
      fc.array(matchArb, { maxLength: 60, size: 'max' }),
      fc.array(prefixArb, { maxLength: 20 }),
      (matches, others) => {
        const list = new PrefixList(matches);
        // The members themselves, what lies around them, and what lies around others.
        const asked = [...matches.map((match) => match.prefix), ...others].flatMap((each) => [
          each,
          prefixOf(each, Math.max(0, each.length - 1)),
          prefixOf(each, Math.min(each.version === 4 ? 32 : 128, each.length + 1)),
        ]);
        for (const each of asked) {
          const expected = naive(matches, each);
          if (list.matches(keyOf(each), each.version) !== expected) {
            throw new Error(`${formatPrefix(each)}: not ${expected}`);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});

t.test('a prefix that is there twice lets in what either does', (t) => {
  const filler = Array.from({ length: 20 }, (_, i) => ({ prefix: prefix(`192.0.2.${i}/32`) }));
  const list = new PrefixList([
    { prefix: prefix('10.0.0.0/8') },
    { prefix: prefix('10.0.0.0/8'), ge: 24, le: 24 },
    { prefix: prefix('2001:db8::/32'), le: 128 },
    ...filler,
  ]);
  for (const [text, expected] of [
    ['10.0.0.0/8', true],
    ['10.1.0.0/16', false],
    ['10.1.2.0/24', true],
    ['10.1.2.0/25', false],
    ['2001:db8:1::1/128', true],
    ['2001:db9::/32', false],
    ['192.0.2.19/32', true],
    ['192.0.2.20/32', false],
  ] as const) {
    const each = prefix(text);
    t.equal(list.matches(keyOf(each), each.version), expected, text);
  }
  t.end();
});

t.test('which lengths a match lets in', (t) => {
  const of = (text: string, more: object = {}) => lengthsOf({ prefix: prefix(text), ...more });
  t.same(of('10.0.0.0/8'), [8, 8]);
  t.same(of('10.0.0.0/8', { ge: 16 }), [16, 32]);
  t.same(of('10.0.0.0/8', { le: 24 }), [8, 24]);
  t.same(of('2001:db8::/32', { ge: 48 }), [48, 128]);
  t.same(of('10.0.0.0/8', { ge: 4, le: 99 }), [8, 32]);
  t.end();
});
