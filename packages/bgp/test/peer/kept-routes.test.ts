/** Whose routes outlive what. */
import t from 'tap';
import type { Cause } from '../../src/fsm/cause.js';
import { type Negotiated, negotiate } from '../../src/fsm/negotiate.js';
import { keptFamilies } from '../../src/peer/kept-routes.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import { config, multiprotocol, open } from '../fsm/fixtures.js';

function session(notification: boolean): Negotiated {
  const restart: Capability = {
    type: 'graceful-restart',
    restarting: false,
    notification,
    restartTimeS: 60,
    families: [{ afi: 1, safi: 1, forwarding: false }],
  };
  const capabilities = [...multiprotocol, restart];
  return negotiate({ ...open, capabilities }, { ...config, capabilities });
}

const causes: readonly (readonly [string, Cause, kept: boolean, keptWithN: boolean])[] = [
  ['TCP lost', { type: 'tcp-failed', reason: '' }, true, true],
  ['replaced by a new connection', { type: 'replaced' }, true, true],
  ['hold timer', { type: 'hold-timer-expired' }, false, true],
  ['send hold timer', { type: 'send-hold-timer-expired' }, false, true],
  ['peer sent Cease', { type: 'notification-received', errorCode: 6, errorSubcode: 4, text: '' }, false, true],
  ['peer sent Hard Reset', { type: 'notification-received', errorCode: 6, errorSubcode: 9, text: '' }, false, false],
  ['we sent an UPDATE error', { type: 'notification-sent', errorCode: 3, errorSubcode: 1, detail: '' }, false, true],
  ['we sent Hard Reset', { type: 'notification-sent', errorCode: 6, errorSubcode: 9, detail: '' }, false, false],
  ['we closed for our own restart', { type: 'graceful-close' }, false, false],
  ['stopped', { type: 'stopped' }, false, false],
];

for (const [title, cause, kept, keptWithN] of causes) {
  t.same(keptFamilies(session(false), cause, true), kept ? ['ipv4-unicast'] : [], title);
  t.same(keptFamilies(session(true), cause, true), keptWithN ? ['ipv4-unicast'] : [], `${title}, with the N-bit`);
  t.same(keptFamilies(session(true), cause, false), [], `${title}, not a helper`);
}
t.same(keptFamilies(negotiate(open, config), { type: 'replaced' }, true), [], 'not negotiated');
