import t from 'tap';
import { findKind, KINDS, kindWords } from '../../src/index.js';

t.test('a kind is found by its kind, plural and short forms in any case', async (t) => {
  for (const [word, kind] of [
    ['bgppeer', 'BGPPeer'],
    ['BGPPeers', 'BGPPeer'],
    ['bgpp', 'BGPPeer'],
    ['IPPOOL', 'IPPool'],
    ['pools', 'IPPool'],
    ['IPAMConfig', 'IPAMConfiguration'],
    ['caliconodestatus', 'NodeStatus'],
  ] as const) {
    t.equal(findKind(word)?.kind, kind, word);
  }
  t.equal(findKind('bgppeerz'), undefined);
});

t.test('no two kinds share a word', async (t) => {
  const words = [...kindWords(), ...KINDS.flatMap(({ aliases = [] }) => aliases.map((one) => one.toLowerCase()))];
  t.strictSame(
    words.filter((word, index) => words.indexOf(word) < index),
    [],
  );
});
