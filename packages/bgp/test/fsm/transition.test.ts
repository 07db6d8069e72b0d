/**
 * Every state with every event of RFC 4271 section 8.1, as rows. A row says the next state, what became of the
 * ConnectRetryCounter (4 before), and the effects in order:
 *   R H K D  the ConnectRetry-, Hold-, Keepalive- and DelayOpenTimer: `H90` starts it with 90 s, `R-` stops it
 *   dial, drop, OPEN, KEEPALIVE, up, ended, N6/7 (a NOTIFICATION with code and subcode)
 *   END  R- D- H- K- drop ended
 */
import t from 'tap';
import type { FsmConfig } from '../../src/fsm/config.js';
import type { SessionEffect } from '../../src/fsm/effect.js';
import type { SessionEvent } from '../../src/fsm/event.js';
import { step } from '../../src/fsm/transition.js';
import { config, headerError, open, openError, stateNamed, updateError } from './fixtures.js';

const EVENTS: Readonly<Record<string, SessionEvent>> = {
  '1 ManualStart': { type: 'manual-start' },
  '2 ManualStop': { type: 'manual-stop', farewell: { errorSubcode: 2 } },
  '2 ManualStop, silent': { type: 'manual-stop', farewell: undefined },
  '3 AutomaticStart': { type: 'automatic-start' },
  '8 AutomaticStop': { type: 'automatic-stop', farewell: { errorSubcode: 6 } },
  '9 ConnectRetryTimer_Expires': { type: 'connect-retry-timer-expires' },
  '10 HoldTimer_Expires': { type: 'hold-timer-expires' },
  '11 KeepaliveTimer_Expires': { type: 'keepalive-timer-expires' },
  '12 DelayOpenTimer_Expires': { type: 'delay-open-timer-expires' },
  '13 IdleHoldTimer_Expires': { type: 'idle-hold-timer-expires' },
  '14 TcpConnection_Valid': { type: 'tcp-connection-valid' },
  '15 Tcp_CR_Invalid': { type: 'tcp-connection-request-invalid' },
  '16 Tcp_CR_Acked': { type: 'tcp-connection-request-acked' },
  '17 TcpConnectionConfirmed': { type: 'tcp-connection-confirmed' },
  '18 TcpConnectionFails': { type: 'tcp-connection-fails', reason: 'TCP connection refused' },
  '19/20 BGPOpen': { type: 'bgp-open', open },
  '21 BGPHeaderErr': { type: 'bgp-header-error', error: headerError },
  '22 BGPOpenMsgErr': { type: 'bgp-open-message-error', error: openError },
  '23 OpenCollisionDump': { type: 'open-collision-dump' },
  '24 NotifMsgVerErr': {
    type: 'notification-version-error',
    message: { type: 'notification', errorCode: 2, errorSubcode: 1, data: Uint8Array.of(0, 4) },
  },
  '25 NotifMsg': {
    type: 'notification',
    message: { type: 'notification', errorCode: 6, errorSubcode: 4, data: new Uint8Array(0) },
  },
  '26 KeepAliveMsg': { type: 'keepalive' },
  '27 UpdateMsg': { type: 'update' },
  '28 UpdateMsgErr': { type: 'update-message-error', error: updateError },
  'ROUTE-REFRESH': { type: 'route-refresh' },
  '29 SendHoldTimer_Expires': { type: 'send-hold-timer-expires' },
  'replaced by a restarted peer': { type: 'replaced-by-restart' },
};

const TIMER = { 'connect-retry': 'R', hold: 'H', keepalive: 'K', 'delay-open': 'D' } as const;
const END = 'R- D- H- K- drop ended';

function short(effect: SessionEffect): string {
  switch (effect.type) {
    case 'connect':
      return 'dial';
    case 'drop-connection':
      return 'drop';
    case 'send-open':
      return 'OPEN';
    case 'send-keepalive':
      return 'KEEPALIVE';
    case 'send-notification':
      return `N${effect.errorCode}/${effect.errorSubcode}`;
    case 'start-timer':
      return `${TIMER[effect.timer]}${effect.seconds}`;
    case 'stop-timer':
      return `${TIMER[effect.timer]}-`;
    case 'established':
      return 'up';
    case 'unanswered':
    case 'ended':
      return effect.type;
  }
}

type Rows = Readonly<Record<keyof typeof EVENTS, string>>;

const STAY = (name: string): string => `${name} 4`;
const idle = STAY('idle');
const connect = STAY('connect');
const active = STAY('active');
const openSent = STAY('open-sent');
const openConfirm = STAY('open-confirm');
const established = STAY('established');

const sections: readonly {
  readonly title: string;
  readonly state: Parameters<typeof stateNamed>;
  readonly config?: Partial<FsmConfig>;
  readonly rows: Rows;
}[] = [
  {
    title: 'Idle',
    state: ['idle'],
    rows: {
      '1 ManualStart': 'connect 0: R5 dial',
      '2 ManualStop': idle,
      '2 ManualStop, silent': idle,
      '3 AutomaticStart': 'connect 0: R5 dial',
      '8 AutomaticStop': idle,
      '9 ConnectRetryTimer_Expires': idle,
      '10 HoldTimer_Expires': idle,
      '11 KeepaliveTimer_Expires': idle,
      '12 DelayOpenTimer_Expires': idle,
      '13 IdleHoldTimer_Expires': 'connect 4: R5 dial',
      '14 TcpConnection_Valid': idle,
      '15 Tcp_CR_Invalid': idle,
      '16 Tcp_CR_Acked': `${idle}: drop`,
      '17 TcpConnectionConfirmed': `${idle}: drop`,
      '18 TcpConnectionFails': idle,
      '19/20 BGPOpen': idle,
      '21 BGPHeaderErr': idle,
      '22 BGPOpenMsgErr': idle,
      '23 OpenCollisionDump': idle,
      '24 NotifMsgVerErr': idle,
      '25 NotifMsg': idle,
      '26 KeepAliveMsg': idle,
      '27 UpdateMsg': idle,
      '28 UpdateMsgErr': idle,
      'ROUTE-REFRESH': idle,
      '29 SendHoldTimer_Expires': idle,
      'replaced by a restarted peer': idle,
    },
  },
  {
    title: 'Connect',
    state: ['connect'],
    rows: {
      '1 ManualStart': connect,
      '2 ManualStop': `idle 0: ${END}`,
      '2 ManualStop, silent': `idle 0: ${END}`,
      '3 AutomaticStart': connect,
      '8 AutomaticStop': `idle 5: ${END}`,
      '9 ConnectRetryTimer_Expires': 'connect 4: unanswered drop R5 D- dial',
      '10 HoldTimer_Expires': `idle 5: ${END}`,
      '11 KeepaliveTimer_Expires': `idle 5: ${END}`,
      '12 DelayOpenTimer_Expires': 'open-sent 4: R- D- OPEN H240',
      '13 IdleHoldTimer_Expires': connect,
      '14 TcpConnection_Valid': connect,
      '15 Tcp_CR_Invalid': connect,
      '16 Tcp_CR_Acked': 'open-sent 4: R- D- OPEN H240',
      '17 TcpConnectionConfirmed': 'open-sent 4: R- D- OPEN H240',
      // Deviation: the RFC has Idle.
      '18 TcpConnectionFails': 'active 5: R5 D- drop ended',
      '19/20 BGPOpen': `idle 5: ${END}`,
      '21 BGPHeaderErr': `idle 5: N1/1 ${END}`,
      '22 BGPOpenMsgErr': `idle 5: N2/2 ${END}`,
      '23 OpenCollisionDump': `idle 5: ${END}`,
      '24 NotifMsgVerErr': `idle 5: ${END}`,
      '25 NotifMsg': `idle 5: ${END}`,
      '26 KeepAliveMsg': `idle 5: ${END}`,
      '27 UpdateMsg': `idle 5: ${END}`,
      '28 UpdateMsgErr': `idle 5: ${END}`,
      'ROUTE-REFRESH': `idle 5: ${END}`,
      '29 SendHoldTimer_Expires': `idle 5: ${END}`,
      'replaced by a restarted peer': `idle 5: ${END}`,
    },
  },
  {
    title: 'Active',
    state: ['active'],
    rows: {
      '1 ManualStart': active,
      '2 ManualStop': `idle 0: ${END}`,
      '2 ManualStop, silent': `idle 0: ${END}`,
      '3 AutomaticStart': active,
      '8 AutomaticStop': `idle 5: ${END}`,
      '9 ConnectRetryTimer_Expires': 'connect 4: R5 dial',
      '10 HoldTimer_Expires': `idle 5: ${END}`,
      '11 KeepaliveTimer_Expires': `idle 5: ${END}`,
      '12 DelayOpenTimer_Expires': 'open-sent 4: R- D- OPEN H240',
      '13 IdleHoldTimer_Expires': active,
      '14 TcpConnection_Valid': active,
      '15 Tcp_CR_Invalid': active,
      '16 Tcp_CR_Acked': 'open-sent 4: R- D- OPEN H240',
      '17 TcpConnectionConfirmed': 'open-sent 4: R- D- OPEN H240',
      '18 TcpConnectionFails': `idle 5: ${END}`,
      '19/20 BGPOpen': `idle 5: ${END}`,
      '21 BGPHeaderErr': `idle 5: N1/1 ${END}`,
      '22 BGPOpenMsgErr': `idle 5: N2/2 ${END}`,
      '23 OpenCollisionDump': `idle 5: ${END}`,
      '24 NotifMsgVerErr': `idle 5: ${END}`,
      '25 NotifMsg': `idle 5: ${END}`,
      '26 KeepAliveMsg': `idle 5: ${END}`,
      '27 UpdateMsg': `idle 5: ${END}`,
      '28 UpdateMsgErr': `idle 5: ${END}`,
      'ROUTE-REFRESH': `idle 5: ${END}`,
      '29 SendHoldTimer_Expires': `idle 5: ${END}`,
      'replaced by a restarted peer': `idle 5: ${END}`,
    },
  },
  {
    title: 'OpenSent',
    state: ['open-sent'],
    rows: {
      '1 ManualStart': openSent,
      '2 ManualStop': `idle 0: N6/2 ${END}`,
      '2 ManualStop, silent': `idle 0: ${END}`,
      '3 AutomaticStart': openSent,
      '8 AutomaticStop': `idle 5: N6/6 ${END}`,
      '9 ConnectRetryTimer_Expires': `idle 5: N5/1 ${END}`,
      '10 HoldTimer_Expires': `idle 5: N4/0 ${END}`,
      '11 KeepaliveTimer_Expires': `idle 5: N5/1 ${END}`,
      '12 DelayOpenTimer_Expires': `idle 5: N5/1 ${END}`,
      '13 IdleHoldTimer_Expires': openSent,
      '14 TcpConnection_Valid': openSent,
      '15 Tcp_CR_Invalid': openSent,
      '16 Tcp_CR_Acked': openSent,
      '17 TcpConnectionConfirmed': openSent,
      '18 TcpConnectionFails': 'active 4: H- drop R5 ended',
      '19/20 BGPOpen': 'open-confirm 4: R- D- KEEPALIVE K10 H30',
      '21 BGPHeaderErr': `idle 5: N1/1 ${END}`,
      '22 BGPOpenMsgErr': `idle 5: N2/2 ${END}`,
      '23 OpenCollisionDump': `idle 5: N6/7 ${END}`,
      '24 NotifMsgVerErr': `idle 4: ${END}`,
      // Deviation: the RFC answers a NOTIFICATION with one.
      '25 NotifMsg': `idle 5: ${END}`,
      '26 KeepAliveMsg': `idle 5: N5/1 ${END}`,
      '27 UpdateMsg': `idle 5: N5/1 ${END}`,
      '28 UpdateMsgErr': `idle 5: N5/1 ${END}`,
      'ROUTE-REFRESH': `idle 5: N5/1 ${END}`,
      '29 SendHoldTimer_Expires': `idle 5: N5/1 ${END}`,
      'replaced by a restarted peer': `idle 5: N6/7 ${END}`,
    },
  },
  {
    title: 'OpenConfirm',
    state: ['open-confirm'],
    rows: {
      '1 ManualStart': openConfirm,
      '2 ManualStop': `idle 0: N6/2 ${END}`,
      '2 ManualStop, silent': `idle 0: ${END}`,
      '3 AutomaticStart': openConfirm,
      '8 AutomaticStop': `idle 5: N6/6 ${END}`,
      '9 ConnectRetryTimer_Expires': `idle 5: N5/2 ${END}`,
      '10 HoldTimer_Expires': `idle 5: N4/0 ${END}`,
      '11 KeepaliveTimer_Expires': 'open-confirm 4: KEEPALIVE K10',
      '12 DelayOpenTimer_Expires': `idle 5: N5/2 ${END}`,
      '13 IdleHoldTimer_Expires': openConfirm,
      '14 TcpConnection_Valid': openConfirm,
      '15 Tcp_CR_Invalid': openConfirm,
      '16 Tcp_CR_Acked': openConfirm,
      '17 TcpConnectionConfirmed': openConfirm,
      '18 TcpConnectionFails': `idle 5: ${END}`,
      // A second OPEN on one connection is no collision (RFC 6608 section 4).
      '19/20 BGPOpen': `idle 5: N5/2 ${END}`,
      '21 BGPHeaderErr': `idle 5: N1/1 ${END}`,
      '22 BGPOpenMsgErr': `idle 5: N2/2 ${END}`,
      '23 OpenCollisionDump': `idle 5: N6/7 ${END}`,
      '24 NotifMsgVerErr': `idle 4: ${END}`,
      '25 NotifMsg': `idle 5: ${END}`,
      '26 KeepAliveMsg': 'established 4: H30 up',
      '27 UpdateMsg': `idle 5: N5/2 ${END}`,
      '28 UpdateMsgErr': `idle 5: N5/2 ${END}`,
      'ROUTE-REFRESH': `idle 5: N5/2 ${END}`,
      '29 SendHoldTimer_Expires': `idle 5: N5/2 ${END}`,
      'replaced by a restarted peer': `idle 5: N6/7 ${END}`,
    },
  },
  {
    title: 'Established',
    state: ['established'],
    rows: {
      '1 ManualStart': established,
      '2 ManualStop': `idle 0: N6/2 ${END}`,
      '2 ManualStop, silent': `idle 0: ${END}`,
      '3 AutomaticStart': established,
      '8 AutomaticStop': `idle 5: N6/6 ${END}`,
      '9 ConnectRetryTimer_Expires': `idle 5: N5/3 ${END}`,
      '10 HoldTimer_Expires': `idle 5: N4/0 ${END}`,
      '11 KeepaliveTimer_Expires': 'established 4: KEEPALIVE K10',
      '12 DelayOpenTimer_Expires': `idle 5: N5/3 ${END}`,
      '13 IdleHoldTimer_Expires': established,
      '14 TcpConnection_Valid': established,
      '15 Tcp_CR_Invalid': established,
      '16 Tcp_CR_Acked': established,
      '17 TcpConnectionConfirmed': established,
      '18 TcpConnectionFails': `idle 5: ${END}`,
      '19/20 BGPOpen': `idle 5: N5/3 ${END}`,
      // Deviation: the RFC has an FSM error for events 20 to 22.
      '21 BGPHeaderErr': `idle 5: N1/1 ${END}`,
      '22 BGPOpenMsgErr': `idle 5: N5/3 ${END}`,
      '23 OpenCollisionDump': `idle 5: N6/7 ${END}`,
      '24 NotifMsgVerErr': `idle 5: ${END}`,
      '25 NotifMsg': `idle 5: ${END}`,
      '26 KeepAliveMsg': 'established 4: H30',
      '27 UpdateMsg': 'established 4: H30',
      '28 UpdateMsgErr': `idle 5: N3/1 ${END}`,
      'ROUTE-REFRESH': 'established 4: H30',
      '29 SendHoldTimer_Expires': `idle 5: N8/0 ${END}`,
      'replaced by a restarted peer': `idle 4: ${END}`,
    },
  },
];

/** Where an option of the RFC makes another row of it. */
const optional: readonly (readonly [string, Parameters<typeof stateNamed>, Partial<FsmConfig>, string, string])[] = [
  ['passive: waits', ['idle'], { passive: true }, '1 ManualStart', 'active 0'],
  ['passive: never dials', ['active'], { passive: true }, '9 ConnectRetryTimer_Expires', 'active 4'],
  ['passive: waits again', ['open-sent'], { passive: true }, '18 TcpConnectionFails', 'active 4: H- drop ended'],
  ['waitForPeer: listens first', ['idle'], { waitForPeer: true }, '1 ManualStart', 'active 0: R5'],
  ['waitForPeer: dials then', ['active'], { waitForPeer: true }, '9 ConnectRetryTimer_Expires', 'connect 4: R5 dial'],
  ['DelayOpen', ['connect'], { delayOpenS: 7 }, '16 Tcp_CR_Acked', 'connect 4: R- D7'],
  ['DelayOpen', ['active'], { delayOpenS: 7 }, '17 TcpConnectionConfirmed', 'active 4: R- D7'],
  ['DelayOpen over', ['connect', true], {}, '12 DelayOpenTimer_Expires', 'open-sent 4: R- D- OPEN H240'],
  ['DelayOpen, connection lost', ['connect', true], {}, '18 TcpConnectionFails', 'active 5: R5 D- drop ended'],
  ['20 in Connect', ['connect', true], {}, '19/20 BGPOpen', 'open-confirm 4: R- D- OPEN KEEPALIVE K10 H30'],
  ['20 in Active', ['active', true], {}, '19/20 BGPOpen', 'open-confirm 4: R- D- OPEN KEEPALIVE K10 H30'],
  ['24 with the DelayOpenTimer', ['connect', true], {}, '24 NotifMsgVerErr', `idle 4: ${END}`],
  ['24 with the DelayOpenTimer', ['active', true], {}, '24 NotifMsgVerErr', `idle 4: ${END}`],
  ['stop with the DelayOpenTimer', ['active', true], {}, '2 ManualStop', `idle 0: N6/2 ${END}`],
  [
    'no NOTIFICATION without OPEN',
    ['active', true],
    { notifyWithoutOpen: false },
    '22 BGPOpenMsgErr',
    `idle 5: ${END}`,
  ],
  [
    'no NOTIFICATION without OPEN',
    ['connect', true],
    { notifyWithoutOpen: false },
    '21 BGPHeaderErr',
    `idle 5: ${END}`,
  ],
  ['hold time 0', ['open-sent'], { holdTimeS: 0 }, '19/20 BGPOpen', 'open-confirm 4: R- D- KEEPALIVE K- H-'],
  ['hold time 0', ['open-confirm'], { holdTimeS: 0 }, '26 KeepAliveMsg', 'established 4: up'],
  ['hold time 0', ['established'], { holdTimeS: 0 }, '27 UpdateMsg', 'established 4'],
  ['hold time 0', ['established'], { holdTimeS: 0 }, '11 KeepaliveTimer_Expires', 'established 4'],
  ['keepalive of our own', ['open-sent'], { keepaliveS: 2 }, '19/20 BGPOpen', 'open-confirm 4: R- D- KEEPALIVE K2 H30'],
];

function outcome(state: Parameters<typeof stateNamed>, event: string, fsm: FsmConfig): string {
  const { state: next, effects } = step(stateNamed(state[0], state[1], fsm), EVENTS[event]!, fsm);
  const list = effects.map(short).join(' ');
  return `${next.name} ${next.connectRetryCounter}${list && `: ${list}`}`;
}

for (const { title, state, rows } of sections) {
  t.test(title, (t) => {
    t.same(Object.keys(rows), Object.keys(EVENTS), 'has a row for every event');
    for (const [event, expected] of Object.entries(rows)) t.equal(outcome(state, event, config), expected, event);
    t.end();
  });
}

t.test('options', (t) => {
  for (const [title, state, change, event, expected] of optional) {
    t.equal(outcome(state, event, { ...config, ...change }), expected, `${state[0]}, ${event}: ${title}`);
  }
  t.end();
});

t.test('an ended session says what it was, and why', (t) => {
  const lost = step(stateNamed('established'), EVENTS['18 TcpConnectionFails']!, config).effects.at(-1);
  t.match(lost, {
    type: 'ended',
    was: { holdTimeS: 30 },
    cause: { type: 'tcp-failed', reason: 'TCP connection refused' },
  });
  const told = step(stateNamed('open-sent'), EVENTS['25 NotifMsg']!, config).effects.at(-1);
  t.match(told, { was: undefined, cause: { type: 'notification-received', errorCode: 6, errorSubcode: 4 } });
  t.end();
});
