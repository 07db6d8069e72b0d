import { formatPrefix, ipv4, type Prefix, parsePrefix, prefixCovers, prefixOf } from '@tortie/ip';
import { elementsOf, outermost, prefixesOf } from '@tortie/linux';
import fc from 'fast-check';
import t from 'tap';

const parse = (texts: readonly string[]): Prefix[] => texts.map(parsePrefix);

t.test('prefixes and their elements', async (t) => {
  const shown = (texts: readonly string[]): string[] =>
    elementsOf(parse(texts)).map(({ key, isEnd }) => `${isEnd ? '<' : ''}${[...key].join('.')}`);
  t.same(shown(['10.0.0.0/8']), ['10.0.0.0', '<11.0.0.0']);
  t.same(shown(['10.0.0.7/32']), ['10.0.0.7', '<10.0.0.8']);
  t.same(shown(['255.0.0.0/8']), ['255.0.0.0'], 'nothing stands behind the last address');
  t.same(shown(['0.0.0.0/0']), ['0.0.0.0']);
});

t.test('what is no list of prefixes is none', async (t) => {
  const element = (text: string, isEnd = false) => ({ key: elementsOf(parse([text]))[0]!.key, isEnd });
  t.equal(prefixesOf([element('10.0.0.0/32'), element('10.0.0.3/32', true)], 4), undefined, 'a range');
  t.equal(prefixesOf([element('10.0.0.3/32', true)], 4), undefined, 'an end without a beginning');
  t.equal(prefixesOf([element('10.0.0.0/8'), element('10.0.0.1/32')], 4), undefined, 'a beginning inside');
  t.equal(prefixesOf([element('fd00::/8')], 4), undefined, 'another version');
  t.same(prefixesOf([element('0.0.0.0/32', true), ...elementsOf(parse(['10.0.0.0/8']))], 4)?.map(formatPrefix), [
    '10.0.0.0/8',
  ]);
});

t.test('elements in any order give the prefixes again', async () => {
  const prefix = fc
    .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
    .map(([word, length]) => prefixOf(ipv4(word), length));
  const list = fc.array(prefix, { maxLength: 20 });
  fc.assert(
    fc.property(list, fc.infiniteStream(fc.nat()), (prefixes, order) => {
      const kept = outermost(prefixes);
      const shuffled = elementsOf(kept)
        .map((element) => ({ element, at: order.next().value as number }))
        .sort((x, y) => x.at - y.at)
        .map(({ element }) => element);
      t.same(prefixesOf(shuffled, 4)?.map(formatPrefix), kept.map(formatPrefix));
      for (const one of prefixes) {
        t.ok(kept.some((outer) => prefixCovers(outer, one)));
      }
    }),
    { numRuns: 200 },
  );
});
