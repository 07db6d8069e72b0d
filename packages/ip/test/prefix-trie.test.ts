import fc from 'fast-check';
import t from 'tap';
import {
  type Address,
  comparePrefixes,
  formatPrefix,
  type IpVersion,
  type Prefix,
  PrefixTrie,
  parseAddress,
  parsePrefix,
  prefixContains,
  prefixCovers,
} from '../src/index.js';
import { addressOf, crowdedPrefix, prefixWith } from './arbitraries.js';

/** The same in a few obvious lines: a map, searched whole. */
class NaiveTrie {
  readonly entries = new Map<string, { prefix: Prefix; value: number }>();

  set(prefix: Prefix, value: number): void {
    this.entries.set(formatPrefix(prefix), { prefix, value });
  }

  delete(prefix: Prefix): boolean {
    return this.entries.delete(formatPrefix(prefix));
  }

  select(test: (prefix: Prefix) => boolean): { prefix: Prefix; value: number }[] {
    return [...this.entries.values()]
      .filter(({ prefix }) => test(prefix))
      .sort((x, y) => comparePrefixes(x.prefix, y.prefix));
  }
}

const shown = (entries: Iterable<{ prefix: Prefix; value: number }>): string =>
  [...entries].map(({ prefix, value }) => `${formatPrefix(prefix)}=${value}`).join(' ');

interface Action {
  readonly type: 'set' | 'delete';
  readonly prefix: Prefix;
}

const actions = (version: IpVersion): fc.Arbitrary<Action[]> =>
  fc.array(
    fc.record({
      type: fc.constantFrom<Action['type']>('set', 'set', 'delete'),
      prefix: fc.oneof(crowdedPrefix(version), crowdedPrefix(version), prefixWith(version)),
    }),
    { maxLength: 80 },
  );

for (const version of [4, 6] as const) {
  t.test(`IPv${version}: after any inserts and deletes every question has the naive answer`, async () => {
    const target: fc.Arbitrary<Prefix | Address> = fc.oneof(
      crowdedPrefix(version),
      prefixWith(version),
      addressOf(version),
    );
    fc.assert(
      fc.property(actions(version), fc.array(target, { maxLength: 20 }), (steps, targets) => {
        const [trie, naive] = [new PrefixTrie<number>(version), new NaiveTrie()];
        for (const [at, { type, prefix }] of steps.entries()) {
          if (type === 'set') {
            trie.set(prefix, at);
            naive.set(prefix, at);
          } else if (trie.delete(prefix) !== naive.delete(prefix)) throw new Error('delete answers otherwise');
          if (trie.size !== naive.entries.size) throw new Error(`size ${trie.size}, not ${naive.entries.size}`);
        }
        const same = (actual: string, expected: string, what: string): void => {
          if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`);
        };
        same(shown(trie), shown(naive.select(() => true)), 'all');
        for (const target of targets) {
          const length = 'length' in target ? target.length : Number.POSITIVE_INFINITY;
          const covering = naive.select((prefix) => prefix.length <= length && prefixContains(prefix, target));
          same(shown(trie.covering(target)), shown(covering), 'covering');
          const longest = trie.longestMatch(target);
          same(shown(longest ? [longest] : []), shown(covering.slice(-1)), 'longest match');
          if (!('length' in target)) continue;
          same(shown(trie.within(target)), shown(naive.select((prefix) => prefixCovers(target, prefix))), 'within');
          same(String(trie.get(target)), String(naive.entries.get(formatPrefix(target))?.value), 'get');
        }
      }),
      { numRuns: 400 },
    );
  });

  t.test(`IPv${version}: the order of inserts does not matter`, async () => {
    fc.assert(
      fc.property(
        fc
          .uniqueArray(crowdedPrefix(version), { selector: formatPrefix, maxLength: 30 })
          .chain((prefixes) =>
            fc.tuple(
              fc.constant(prefixes),
              fc.shuffledSubarray(prefixes, { minLength: prefixes.length, maxLength: prefixes.length }),
            ),
          ),
        ([prefixes, shuffled]) => {
          const [one, other] = [new PrefixTrie<number>(version), new PrefixTrie<number>(version)];
          for (const prefix of prefixes) one.set(prefix, prefix.length);
          for (const prefix of shuffled) other.set(prefix, prefix.length);
          return shown(one) === shown(other);
        },
      ),
    );
  });
}

t.test('the default route and the host route', async (t) => {
  const trie = new PrefixTrie<string>(4);
  for (const text of ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.1/32']) trie.set(parsePrefix(text), text);
  t.equal(trie.longestMatch(parseAddress('10.0.0.1'))?.value, '10.0.0.1/32');
  t.equal(trie.longestMatch(parseAddress('10.0.0.2'))?.value, '10.0.0.0/8');
  t.equal(trie.longestMatch(parseAddress('11.0.0.2'))?.value, '0.0.0.0/0');
  t.equal(trie.longestMatch(parsePrefix('10.0.0.0/7'))?.value, '0.0.0.0/0');
  t.equal(trie.longestMatch(parsePrefix('10.0.0.0/8'))?.value, '10.0.0.0/8');
});

t.test('values that are undefined or false are values', async (t) => {
  const trie = new PrefixTrie<boolean | undefined>(4);
  trie.set(parsePrefix('10.0.0.0/8'), undefined);
  t.equal(trie.size, 1);
  t.same(trie.longestMatch(parseAddress('10.0.0.1')), { prefix: parsePrefix('10.0.0.0/8'), value: undefined });
  t.equal(trie.delete(parsePrefix('10.0.0.0/8')), true);
  t.equal(trie.delete(parsePrefix('10.0.0.0/8')), false);
});

t.test('a prefix of the other version is refused', async (t) => {
  const trie = new PrefixTrie<number>(4);
  const six = parsePrefix('::/0');
  const message = 'an IPv6 prefix does not belong into an IPv4 trie';
  t.throws(() => trie.set(six, 1), { code: 'ERR_IP_PREFIX', message });
  t.throws(() => trie.get(six), { message });
  t.throws(() => [...trie.within(six)], { message });
  t.throws(() => trie.longestMatch(six), { message });
});
