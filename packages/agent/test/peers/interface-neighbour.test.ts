import { formatAddress, parseAddress } from '@tortie/ip';
import t from 'tap';
import { boundPeer } from '../../src/peers/bound-peer.js';
import { type HeardBy, InterfaceNeighbour } from '../../src/peers/interface-neighbour.js';

const A = parseAddress('fe80::a');
const B = parseAddress('fe80::b');
const nobody = () => false;

type Step =
  | readonly ['hear', string, HeardBy?]
  | readonly ['silence', string]
  | readonly ['forget']
  /** Whom it chooses with a session towards this one under way. */
  | readonly ['is', string | undefined, string?];

const CASES: Readonly<Record<string, readonly Step[]>> = {
  'nobody is heard': [['is', undefined]],
  'one is heard': [
    ['hear', 'fe80::a'],
    ['is', 'fe80::a'],
    ['is', 'fe80::a', 'fe80::a'],
  ],
  'another address, no session: the last one heard': [
    ['hear', 'fe80::a'],
    ['is', 'fe80::a'],
    ['hear', 'fe80::b'],
    ['is', 'fe80::b'],
    ['hear', 'fe80::a'],
    ['is', 'fe80::a'],
  ],
  'another address beside a session: it waits, and comes when the session has ended': [
    ['hear', 'fe80::a'],
    ['is', 'fe80::a'],
    ['hear', 'fe80::b'],
    ['is', 'fe80::a', 'fe80::a'],
    ['is', 'fe80::b'],
  ],
  'a session with somebody else does not hold': [
    ['hear', 'fe80::a'],
    ['is', 'fe80::a'],
    ['hear', 'fe80::b'],
    ['is', 'fe80::b', 'fe80::c'],
  ],
  'the kernel finds the chosen one gone: another comes although the session still stands': [
    ['hear', 'fe80::a'],
    ['is', 'fe80::a'],
    ['silence', 'fe80::a'],
    ['is', 'fe80::a', 'fe80::a'],
    ['hear', 'fe80::b'],
    ['is', 'fe80::b', 'fe80::a'],
  ],
  'who is heard again is not silent': [
    ['hear', 'fe80::a'],
    ['is', 'fe80::a'],
    ['silence', 'fe80::a'],
    ['hear', 'fe80::a'],
    ['hear', 'fe80::b'],
    ['is', 'fe80::a', 'fe80::a'],
  ],
  'silence of somebody nobody knows': [
    ['silence', 'fe80::a'],
    ['is', undefined],
  ],
  'what says so itself goes before what the table knows, also later': [
    ['hear', 'fe80::a'],
    ['hear', 'fe80::b', 'neighbour-table'],
    ['is', 'fe80::a'],
    ['hear', 'fe80::b'],
    ['hear', 'fe80::a', 'neighbour-table'],
    ['is', 'fe80::a'],
  ],
  'who has called counts like the table': [
    ['hear', 'fe80::a', 'neighbour-table'],
    ['hear', 'fe80::b', 'connection'],
    ['is', 'fe80::b'],
    ['hear', 'fe80::a'],
    ['hear', 'fe80::b', 'connection'],
    ['is', 'fe80::a'],
  ],
  'the table alone is enough': [
    ['hear', 'fe80::b', 'neighbour-table'],
    ['is', 'fe80::b'],
  ],
  'an interface that went down': [['hear', 'fe80::a'], ['is', 'fe80::a'], ['forget'], ['is', undefined, 'fe80::a']],
};

for (const [name, steps] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    const neighbour = new InterfaceNeighbour();
    for (const [at, step] of steps.entries()) {
      if (step[0] === 'hear') neighbour.hear(parseAddress(step[1]), step[2] ?? 'router-advertisement', at);
      else if (step[0] === 'silence') neighbour.silence(parseAddress(step[1]));
      else if (step[0] === 'forget') neighbour.forget();
      else {
        const chosen = neighbour.choose((address) => formatAddress(address) === step[2]);
        t.equal(chosen && formatAddress(chosen.address), step[1], `step ${at}`);
      }
    }
  });
}

t.test('whoever invents addresses fills no memory, and does not displace the chosen one', async (t) => {
  const neighbour = new InterfaceNeighbour();
  neighbour.hear(A, 'router-advertisement', 0);
  neighbour.choose(nobody);
  for (let i = 0; i < 1000; i++) neighbour.hear({ ...B, c: i }, 'router-advertisement', i + 1);
  t.equal(neighbour.heard.length, 16);
  t.same(neighbour.choose(() => true)?.address, A);
});

t.test('a peer with the address it was found at', async (t) => {
  const spec = { name: 'up', interface: 'eth1', remoteAsn: 'external' } as const;
  t.equal(boundPeer(spec), undefined);
  const bound = { name: 'up', remoteAsn: 'external', remoteAddress: 'fe80::a', device: 'eth1', extendedNextHop: true };
  t.strictSame(boundPeer(spec, A), bound);
  t.strictSame(boundPeer({ ...spec, extendedNextHop: false }, 'fe80::a'), { ...bound, extendedNextHop: false });
  const plain = { name: 'tor', remoteAddress: '10.0.0.1', remoteAsn: 1 };
  t.strictSame(boundPeer(plain), plain);
});
