/** The pause after failures. */
import t from 'tap';
import type { Cause } from '../../src/fsm/cause.js';
import { holdAfter, type IdleHold, NO_HOLD } from '../../src/peer/idle-hold.js';

const refusedOpen: Cause = { type: 'notification-received', errorCode: 2, errorSubcode: 2, text: '' };
const collision: Cause = { type: 'notification-sent', errorCode: 6, errorSubcode: 7, detail: '' };
const lost: Cause = { type: 'tcp-failed', reason: 'TCP connection reset by the peer' };

t.test('failures in a row double it, up to the limit', (t) => {
  let hold: IdleHold = NO_HOLD;
  const pauses: number[] = [];
  for (let failure = 0; failure < 9; failure++) {
    const next = holdAfter(hold, { cause: refusedOpen, establishedS: 0 }, 60, 1);
    hold = next.hold;
    pauses.push(next.pauseS);
  }
  t.same(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  t.equal(holdAfter(hold, { cause: refusedOpen, establishedS: 0 }, 60, 0).pauseS, 45, 'jitter takes up to a quarter');
  t.equal(holdAfter(hold, { cause: refusedOpen, establishedS: 3600 }, 60, 1).pauseS, 1, 'a good session clears it');
  t.equal(holdAfter(hold, { cause: refusedOpen, establishedS: 5 }, 60, 1).pauseS, 60, 'a short one does not');
  t.equal(
    holdAfter(hold, { cause: lost, establishedS: 3600 }, 60, 1).pauseS,
    0,
    'a restarting peer is dialled at once',
  );
  t.ok(holdAfter(hold, { cause: lost, establishedS: 1 }, 60, 1).pauseS > 0, 'a flapping one is not');
  t.same(holdAfter(hold, { cause: collision, establishedS: 0 }, 60, 0.5), { hold, pauseS: 0.5 }, 'collisions: spread');
  t.equal(holdAfter(NO_HOLD, { cause: refusedOpen, establishedS: 0 }, 0, 1).pauseS, 0, 'switched off');
  t.end();
});
