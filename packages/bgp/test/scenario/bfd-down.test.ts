/** The path to a peer is found broken by BFD: RFC 5882 section 4.2, RFC 9384. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import { SimNetwork, type SimRouter } from '../../testing/index.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const ROUTE = '192.0.2.0/24';

const has = (router: SimRouter): boolean => (router.speaker.rib.why(parsePrefix(ROUTE))?.candidates.length ?? 0) > 0;

for (const enabled of [true, false]) {
  t.test(
    `${enabled ? 'with' : 'without'} graceful restart: both sides lose the session and its routes at once`,
    (t) => {
      const network = new SimNetwork();
      const gracefulRestart = enabled && {};
      const a = network.router({ address: A, asn: 65001 });
      const b = network.router({ address: B, asn: 65002 });
      a.addPeer({ at: B, remoteAsn: 65002, gracefulRestart });
      b.addPeer({ at: A, remoteAsn: 65001, gracefulRestart });
      b.speaker.originate(parsePrefix(ROUTE));
      t.ok(network.until(() => a.isUp(B) && has(a)));
      t.ok(a.resetPeer(B, 'bfd-down', 'control detection time expired'));
      t.notOk(has(a), 'not kept as stale');
      t.match(a.speaker.peer(B)!.lastCause, /^we sent Cease\/BFD Down.*: control detection time expired$/);
      t.ok(network.until(() => b.speaker.peer(A)!.lastCause !== undefined));
      t.match(b.speaker.peer(A)!.lastCause, /^peer sent Cease\/BFD Down/);
      t.ok(
        network.until(() => a.isUp(B) && has(a)),
        'and comes up again by itself',
      );
      t.equal(a.speaker.peer(B)!.dropped, 1);
      t.end();
    },
  );
}

t.test('over a path that lets nothing through the session ends all the same, and the next attempt waits', (t) => {
  const network = new SimNetwork();
  const a = network.router({ address: A, asn: 65001 });
  const b = network.router({ address: B, asn: 65002 });
  a.addPeer({ at: B, remoteAsn: 65002 });
  b.addPeer({ at: A, remoteAsn: 65001 });
  t.ok(network.until(() => a.isUp(B)));
  network.cut(A, B);
  t.ok(a.resetPeer(B, 'bfd-down'));
  t.equal(a.speaker.peer(B)!.state, 'idle');
  t.ok(a.speaker.peer(B)!.idleHoldS > 0);
  t.notOk(a.resetPeer(B, 'bfd-down'), 'nothing is left to end');
  t.notOk(a.resetPeer('nobody', 'bfd-down'));
  t.end();
});
