import t from 'tap';
import { kernelDrops } from '../../src/peers/kernel-drops.js';

const ZERO = { notFound: 0, unexpected: 0, failure: 0, minTtlDrop: 0 };
const PEER = { name: 'b', remoteAddress: '10.0.0.2', remoteAsn: 65002 };
const ALL = { notFound: 1, unexpected: 2, failure: 3, minTtlDrop: 4 };

t.test('only what such a peer can have caused', async (t) => {
  for (const [over, expected] of [
    [{}, { TCPMD5Unexpected: 2 }],
    [{ password: 'x' }, { TCPMD5NotFound: 1, TCPMD5Failure: 3 }],
    [{ ttlSecurityHops: 1 }, { TCPMD5Unexpected: 2, TCPMinTTLDrop: 4 }],
  ] as const) {
    const drops = kernelDrops({ ...PEER, ...over }, ZERO, ALL);
    t.strictSame(Object.fromEntries(drops.map(({ counter, segments }) => [counter, segments])), expected);
  }
});

t.test('what came before does not count', async (t) => {
  const peer = { ...PEER, password: 'x' };
  t.strictSame(kernelDrops(peer, ALL, ALL), []);
  t.match(kernelDrops(peer, ALL, { ...ALL, failure: 5 }), [{ counter: 'TCPMD5Failure', segments: 2, hint: /differ/ }]);
});
