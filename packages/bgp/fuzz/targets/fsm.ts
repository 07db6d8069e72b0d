/**
 * The state machine under any sequence of events. Head: octet 0 is our configuration, octet 1 the peer's OPEN; then one
 * octet per event, of which the upper bits choose its details. What the RFC's timers and resources must be in each state is
 * kept beside it.
 */
import { NotificationError } from '../../src/errors.js';
import type { PeerOpen } from '../../src/fsm/check-open.js';
import type { FsmConfig } from '../../src/fsm/config.js';
import type { SessionEffect, TimerName } from '../../src/fsm/effect.js';
import type { SessionEvent } from '../../src/fsm/event.js';
import { IDLE, type SessionState } from '../../src/fsm/state.js';
import type { Step } from '../../src/fsm/step.js';
import { step } from '../../src/fsm/transition.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import type { NotificationMessage } from '../../src/wire/message.js';
import type { Target } from '../target.js';
import { check } from './check.js';
import { checkNotification } from './notification-law.js';

const CAPABILITIES: readonly Capability[] = [
  { type: 'multiprotocol', afi: 1, safi: 1 },
  { type: 'four-octet-as', asn: 65001 },
  {
    type: 'graceful-restart',
    restarting: false,
    notification: true,
    restartTimeS: 120,
    families: [{ afi: 1, safi: 1, forwarding: true }],
  },
];
const HOLD_TIMES = [90, 0, 3, 65535];

const configOf = (bits: number): FsmConfig => ({
  localAsn: 65001,
  routerId: 1,
  remoteAsn: 65002,
  passive: (bits & 1) !== 0,
  waitForPeer: (bits & 64) !== 0,
  holdTimeS: HOLD_TIMES[(bits >>> 1) & 3]!,
  keepaliveS: bits & 8 ? 1 : undefined,
  connectRetryS: 5,
  delayOpenS: bits & 16 ? 7 : 0,
  openHoldTimeS: 240,
  notifyWithoutOpen: (bits & 32) !== 0,
  role: undefined,
  roleStrict: false,
  capabilities: bits & 64 ? CAPABILITIES : CAPABILITIES.slice(0, 2),
  families: [true, true],
});

const openOf = (bits: number): PeerOpen => ({
  asn: 65002,
  routerId: 2,
  holdTimeS: HOLD_TIMES[bits & 3]!,
  capabilities: bits & 4 ? CAPABILITIES : [],
});

const cease = (detail: number): NotificationMessage => ({
  type: 'notification',
  errorCode: 6,
  errorSubcode: detail & 1 ? 9 : 2,
  data: detail & 2 ? Uint8Array.of(6, 2) : new Uint8Array(),
});
const farewell = (detail: number) =>
  detail === 0 ? undefined : { errorSubcode: 2, hard: (detail & 1) !== 0, text: detail & 2 ? 'so long' : '' };

const TIMER_EVENTS: Readonly<Partial<Record<SessionEvent['type'], TimerName>>> = {
  'connect-retry-timer-expires': 'connect-retry',
  'hold-timer-expires': 'hold',
  'keepalive-timer-expires': 'keepalive',
  'delay-open-timer-expires': 'delay-open',
};

const EVENTS: readonly ((detail: number, open: PeerOpen) => SessionEvent)[] = [
  () => ({ type: 'manual-start' }),
  () => ({ type: 'automatic-start' }),
  (detail) => ({ type: 'manual-stop', farewell: farewell(detail) }),
  (detail) => ({ type: 'automatic-stop', farewell: farewell(detail) }),
  () => ({ type: 'connect-retry-timer-expires' }),
  () => ({ type: 'hold-timer-expires' }),
  () => ({ type: 'keepalive-timer-expires' }),
  () => ({ type: 'delay-open-timer-expires' }),
  () => ({ type: 'idle-hold-timer-expires' }),
  () => ({ type: 'tcp-connection-valid' }),
  () => ({ type: 'tcp-connection-request-invalid' }),
  () => ({ type: 'tcp-connection-request-acked' }),
  () => ({ type: 'tcp-connection-confirmed' }),
  () => ({ type: 'tcp-connection-fails', reason: 'gone' }),
  (_, open) => ({ type: 'bgp-open', open }),
  () => ({ type: 'bgp-header-error', error: new NotificationError(1, 1, 'the marker') }),
  (detail) => ({ type: 'bgp-open-message-error', error: new NotificationError(detail & 1 ? 2 : 7, 1, 'an error') }),
  () => ({ type: 'open-collision-dump' }),
  () => ({ type: 'notification-version-error', message: { ...cease(0), errorCode: 2, errorSubcode: 1 } }),
  (detail) => ({ type: 'notification', message: cease(detail) }),
  () => ({ type: 'keepalive' }),
  () => ({ type: 'update' }),
  () => ({ type: 'update-message-error', error: new NotificationError(3, 1, 'the list') }),
  () => ({ type: 'route-refresh' }),
  () => ({ type: 'send-hold-timer-expires' }),
  () => ({ type: 'replaced-by-restart' }),
];

const STARTS = ['manual-start', 'automatic-start', 'idle-hold-timer-expires'];
const BEFORE_OPEN = ['idle', 'connect', 'active'];

/** What runs and what is there, by the effects so far. */
class Resources {
  readonly timers = new Set<TimerName>();
  openSent = false;

  carryOut(effects: readonly SessionEffect[]): void {
    let dropped = false;
    for (const effect of effects) {
      if (effect.type.startsWith('send-')) check(!dropped, `${effect.type} on a connection that was dropped`);
      switch (effect.type) {
        case 'start-timer':
          check(effect.seconds > 0, `the ${effect.timer} timer starts with ${effect.seconds} s`);
          this.timers.add(effect.timer);
          break;
        case 'stop-timer':
          this.timers.delete(effect.timer);
          break;
        case 'send-open':
          check(!this.openSent, 'a second OPEN on one connection');
          this.openSent = true;
          break;
        case 'drop-connection':
          dropped = true;
          this.openSent = false;
          break;
        case 'send-notification':
          checkNotification(effect);
          break;
      }
    }
  }

  /** RFC 4271 section 8.2.2: what each state holds, so that none is waited in for ever. */
  checkState(state: SessionState, config: FsmConfig): void {
    const running = [...this.timers].sort().join(' ');
    switch (state.name) {
      case 'idle':
        check(running === '', `timers in Idle: ${running}`);
        return;
      case 'connect':
      case 'active': {
        const wanted = state.delayOpen ? 'delay-open' : config.passive ? '' : 'connect-retry';
        check(running === wanted, `in ${state.name} run "${running}", not "${wanted}"`);
        return;
      }
      case 'open-sent':
        check(running === 'hold', `in OpenSent run "${running}"`);
        return;
      default: {
        const wanted = state.negotiated.holdTimeS > 0 ? 'hold keepalive' : '';
        check(running === wanted, `in ${state.name} run "${running}", not "${wanted}"`);
      }
    }
  }
}

function checkStep(before: SessionState, event: SessionEvent, { state, effects }: Step): void {
  const count = (type: SessionEffect['type']): number => effects.filter((effect) => effect.type === type).length;
  const from = before.name;
  const to = state.name;
  const grown = state.connectRetryCounter - before.connectRetryCounter;
  check(grown === 0 || grown === 1 || state.connectRetryCounter === 0, 'the ConnectRetryCounter jumps');
  check(count('send-notification') <= 1, 'two NOTIFICATIONs');
  if (count('send-notification') === 1) {
    check(to === 'idle', `a NOTIFICATION, and then ${to}`);
    // RFC 4271 section 6.4.
    check(!event.type.startsWith('notification'), 'a NOTIFICATION in answer to one');
  }
  if (from === 'idle' && to !== 'idle') check(STARTS.includes(event.type), `${event.type} leaves Idle`);
  check((count('established') === 1) === (to === 'established' && from !== 'established'), 'established, or not');
  if (to === 'established') check(from === 'established' || from === 'open-confirm', `from ${from} to Established`);
  if (to === 'idle' && from !== 'idle') {
    check(count('ended') === 1 && count('drop-connection') === 1, `the way from ${from} to Idle`);
  }
  for (const effect of effects) {
    if (effect.type === 'ended') check((effect.was !== undefined) === (from === 'established'), 'what it was');
    if (effect.type === 'send-keepalive') check(!BEFORE_OPEN.includes(to), `a KEEPALIVE in ${to}`);
  }
}

function run(input: Uint8Array): void {
  const config = configOf(input[0] ?? 0);
  const open = openOf(input[1] ?? 0);
  const resources = new Resources();
  let state: SessionState = IDLE;
  for (const octet of input.subarray(2)) {
    const event = EVENTS[(octet & 31) % EVENTS.length]!(octet >>> 5, open);
    const timer = TIMER_EVENTS[event.type];
    // A timer that does not run cannot expire.
    if (timer && !resources.timers.delete(timer)) continue;
    // Without a connection nothing arrives over one.
    const next = step(state, event, config);
    checkStep(state, event, next);
    resources.carryOut(next.effects);
    state = next.state;
    resources.checkState(state, config);
  }
}

export const fsm: Target = {
  name: 'fsm',
  headOctets: undefined,
  maxOctets: 400,
  *seeds() {
    for (let bits = 0; bits < 128; bits++) yield Uint8Array.of(bits, bits & 7, 0, 11, 14, 20, 21, 6, 5);
  },
  run,
  workLimit: (octets) => 2000 + 200 * octets,
};
