import t from 'tap';
import type { Session } from '../../src/sessions/session.js';
import { sessionCost } from '../../src/sessions/session-cost.js';

const BEFORE: Session = {
  name: 'cluster/10.0.0.2',
  node: 'n2',
  origin: { type: 'mesh' },
  family: 4,
  remoteAddress: '10.0.0.2',
  remotePort: 179,
  remoteAsn: 64512,
  type: 'ibgp',
  client: false,
  reflector: false,
  dialling: 'at-once',
  nextHopMode: 'auto',
  filters: [],
};

const ROWS: readonly (readonly [string, Partial<Session>, string])[] = [
  ['nothing', {}, 'none'],
  ['another origin alone', { origin: { type: 'node', peer: 'rr' }, reflector: true }, 'none'],
  ['a client', { client: true, origin: { type: 'reverse', peer: 'rr' } }, 'soft-refresh'],
  ['who dials', { dialling: 'after-retry' }, 'applied'],
  ['filters', { filters: ['a'] }, 'soft-refresh'],
  ['a password', { password: { name: 'a', key: 'b' } }, 'session-reset'],
  ['another AS', { remoteAsn: 65001, type: 'ebgp' }, 'session-reset'],
];

for (const [name, change, cost] of ROWS) {
  t.test(name, async (t) => t.equal(sessionCost(BEFORE, { ...BEFORE, ...change }), cost));
}
