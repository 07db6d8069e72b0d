import { onDetectionTimeout, onPacket, type SessionState, STATES } from '@tortie/bfd';
import t from 'tap';

/** RFC 5880 section 6.8.6: rows are our state, columns the peer's. A star: with the diagnostic of a peer that went down. */
const TABLE: Readonly<Record<SessionState, Readonly<Record<SessionState, string>>>> = {
  'admin-down': { 'admin-down': 'admin-down', down: 'admin-down', init: 'admin-down', up: 'admin-down' },
  down: { 'admin-down': 'down', down: 'init', init: 'up', up: 'down' },
  init: { 'admin-down': 'down*', down: 'init', init: 'up', up: 'up' },
  up: { 'admin-down': 'down*', down: 'down*', init: 'up', up: 'up' },
};

for (const state of STATES) {
  for (const remote of STATES) {
    const wanted = TABLE[state][remote];
    t.test(`${state} and a packet saying ${remote}: ${wanted}`, async (t) => {
      const { state: next, diagnostic } = onPacket(state, remote);
      t.equal(next, wanted.replace('*', ''));
      if (wanted.endsWith('*')) t.equal(diagnostic, 'neighbor signaled session down');
      else t.equal(diagnostic, next === 'up' && state !== 'up' ? 'no diagnostic' : undefined);
    });
  }
}

for (const [state, wanted] of [
  ['admin-down', 'admin-down'],
  ['down', 'down'],
  ['init', 'down'],
  ['up', 'down'],
] as const) {
  t.test(`the detection time ends in ${state}: ${wanted}`, async (t) => {
    const { state: next, diagnostic } = onDetectionTimeout(state);
    t.equal(next, wanted);
    t.equal(diagnostic, next === state ? undefined : 'control detection time expired');
  });
}
