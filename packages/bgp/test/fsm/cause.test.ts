/** Causes in words, and the texts of shutdowns. */
import t from 'tap';
import { describeCause } from '../../src/fsm/cause.js';
import { ceaseOf, shutdownText } from '../../src/fsm/farewell-message.js';
import { hardReset } from '../../src/wire/notification.js';

const cease = { type: 'notification-received', errorCode: 6, errorSubcode: 2, text: '' } as const;

t.equal(describeCause(cease), 'peer sent Cease/Administrative Shutdown');
t.equal(describeCause({ ...cease, text: 'at 6' }), 'peer sent Cease/Administrative Shutdown: at 6');
t.equal(describeCause({ ...cease, errorCode: 42, errorSubcode: 7 }), 'peer sent error 42/7');
t.equal(describeCause({ ...cease, errorCode: 4, errorSubcode: 0 }), 'peer sent Hold Timer Expired');
t.equal(describeCause({ type: 'hold-timer-expired' }), 'hold timer expired');
t.equal(describeCause({ type: 'tcp-failed', reason: 'TCP connection refused' }), 'TCP connection refused');
t.equal(
  describeCause({ type: 'notification-sent', errorCode: 2, errorSubcode: 6, detail: 'a hold time of 1 s' }),
  'we sent OPEN Message Error/Unacceptable Hold Time: a hold time of 1 s',
);
for (const cause of ['send-hold-timer-expired', 'graceful-close', 'replaced', 'stopped'] as const) {
  t.ok(describeCause({ type: cause }).length > 5);
}

t.equal(shutdownText(ceaseOf({ errorSubcode: 2, text: 'für später' })), 'für später');
t.equal(shutdownText(hardReset(ceaseOf({ errorSubcode: 4, text: 'inside' }))), 'inside');
t.equal(shutdownText(ceaseOf({ errorSubcode: 6, text: 'not carried' })), '');
t.equal(shutdownText(ceaseOf({ errorSubcode: 2, text: 'two\nlines\u001b[31m' })), 'two lines [31m', 'safe for a log');
const long = ceaseOf({ errorSubcode: 2, text: 'ü'.repeat(200) });
t.equal(long.data.length, 255, '127 characters of two octets fit, and the length octet');
t.equal(shutdownText(long), 'ü'.repeat(127));
