/** Whose routes outlive what. */
import t from 'tap';
import type { Cause } from '../../src/fsm/cause.js';
import { type Negotiated, negotiate } from '../../src/fsm/negotiate.js';
import { keptFamilies } from '../../src/peer/kept-routes.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import { config, multiprotocol, open } from '../fsm/fixtures.js';

/** `restartTimeS` null: without graceful restart; IPv4 alone is in it. Of long-lived families: their times. */
function session(notification: boolean, restartTimeS: number | null = 60, longLivedS?: readonly number[]): Negotiated {
  const capabilities: Capability[] = [...multiprotocol];
  if (restartTimeS !== null) {
    const families = [{ afi: 1, safi: 1, forwarding: false }];
    capabilities.push({ type: 'graceful-restart', restarting: false, notification, restartTimeS, families });
  }
  if (longLivedS) {
    const families = longLivedS.map((staleTimeS, at) => ({ afi: at + 1, safi: 1, forwarding: false, staleTimeS }));
    capabilities.push({ type: 'long-lived-graceful-restart', families });
  }
  return negotiate({ ...open, capabilities }, { ...config, capabilities });
}

const limits = { helper: true, staleTimeS: 300, longLivedStaleTimeMaxS: 1000 };
const names = (...args: Parameters<typeof keptFamilies>): readonly string[] =>
  keptFamilies(...args).map(({ family }) => family);

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
  t.same(names(session(false), cause, limits), kept ? ['ipv4-unicast'] : [], title);
  t.same(names(session(true), cause, limits), keptWithN ? ['ipv4-unicast'] : [], `${title}, with the N-bit`);
  t.same(names(session(true), cause, { ...limits, helper: false }), [], `${title}, not a helper`);
  t.same(names(session(true), cause, undefined), [], `${title}, not configured`);
}
t.same(names(negotiate(open, config), { type: 'replaced' }, limits), [], 'not negotiated');

const ipv4 = 'ipv4-unicast';
const ipv6 = 'ipv6-unicast';

/** Restart time and long-lived times of the peer, and what is kept for how long. */
const times: readonly (readonly [string, number | null, readonly number[] | undefined, readonly object[]])[] = [
  ['graceful restart alone', 60, undefined, [{ family: ipv4, restartS: 60, longLivedS: 0 }]],
  ['at most our own limit', 4000, undefined, [{ family: ipv4, restartS: 300, longLivedS: 0 }]],
  ['both', 60, [600], [{ family: ipv4, restartS: 60, longLivedS: 600 }]],
  ['at most our own limits', 4000, [6000], [{ family: ipv4, restartS: 300, longLivedS: 1000 }]],
  ['a restart time of 0', 0, [600], [{ family: ipv4, restartS: 0, longLivedS: 600 }]],
  ['a long-lived time of 0', 60, [0], [{ family: ipv4, restartS: 60, longLivedS: 0 }]],
  [
    'a family without graceful restart',
    60,
    [600, 700],
    [
      { family: ipv4, restartS: 60, longLivedS: 600 },
      { family: ipv6, restartS: 0, longLivedS: 700 },
    ],
  ],
  ['no time for such a family', 60, [600, 0], [{ family: ipv4, restartS: 60, longLivedS: 600 }]],
  ['without graceful restart the capability counts for nothing', null, [600], []],
];

for (const [title, restartTimeS, longLivedS, expected] of times) {
  t.same(keptFamilies(session(true, restartTimeS, longLivedS), { type: 'replaced' }, limits), expected, title);
}
