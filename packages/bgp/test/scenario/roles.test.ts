/** Roles between speakers: who gets a session, and what a leak looks like. RFC 9234. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { PeerConfig } from '../../src/index.js';
import { SimNetwork, type SimRouter } from '../../testing/index.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const PREFIX = '20.0.0.0/24';

type Roles = Pick<PeerConfig, 'role' | 'roleStrict'>;

function pair(a: Roles, b: Roles): { a: SimRouter; b: SimRouter } {
  const network = new SimNetwork();
  const first = network.router({ address: A, asn: 65001 });
  const second = network.router({ address: B, asn: 65002 });
  first.addPeer({ at: B, remoteAsn: 65002, passive: true, ...a });
  second.addPeer({ at: A, remoteAsn: 65001, ...b });
  network.run(3000);
  return { a: first, b: second };
}

t.test('roles that go together', (t) => {
  const { a, b } = pair({ role: 'provider', roleStrict: true }, { role: 'customer', roleStrict: true });
  t.ok(a.isUp(B));
  t.equal(a.speaker.peer(B)?.negotiated?.peerRole, 'customer');
  t.equal(b.speaker.peer(A)?.negotiated?.peerRole, 'provider');
  t.ok(a.speaker.peer(B)?.negotiated?.peerCapabilities.includes(9));
  t.end();
});

t.test('only one side has a role', (t) => {
  const { a, b } = pair({ role: 'rs' }, {});
  t.ok(a.isUp(B));
  t.equal(a.speaker.peer(B)?.negotiated?.peerRole, undefined);
  t.equal(b.speaker.peer(A)?.negotiated?.peerRole, 'rs');
  t.end();
});

t.test('Role Mismatch', (t) => {
  for (const [ours, theirs, reason] of [
    [{ role: 'provider' }, { role: 'provider' }, 'Role Mismatch'],
    [{ role: 'peer', roleStrict: true }, {}, 'Role Mismatch'],
  ] as const) {
    const { a } = pair(ours, theirs);
    t.notOk(a.isUp(B));
    t.match(a.speaker.peer(B)?.lastCause, reason);
  }
  t.end();
});

t.test('a customer that passes one provider on to another', (t) => {
  const network = new SimNetwork();
  const provider = network.router({ address: A, asn: 65001 });
  const customer = network.router({ address: B, asn: 65002 });
  const other = network.router({ address: C, asn: 65003 });
  provider.speaker.originate(parsePrefix(PREFIX));
  provider.addPeer({ at: B, remoteAsn: 65002, passive: true, role: 'provider' });
  other.addPeer({ at: B, remoteAsn: 65002, passive: true, role: 'provider' });
  customer.addPeer({ at: A, remoteAsn: 65001 });
  customer.addPeer({ at: C, remoteAsn: 65003 });
  network.until(() => customer.isUp(A) && customer.isUp(C));
  network.run(1000);
  const seen = () => other.speaker.rib.why(parsePrefix(PREFIX))?.candidates[0];
  t.equal(seen()?.ineligible, 'route-leak', 'noticed although the one in the middle knows no roles');
  t.equal(customer.updatePeer({ at: C, remoteAsn: 65003, role: 'customer' }), 'session-reset');
  network.until(() => customer.isUp(C));
  network.run(1000);
  t.equal(seen(), undefined, 'with a role it does not leak at all');
  t.end();
});
