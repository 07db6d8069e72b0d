/** The session state machine of RFC 4271 section 8. */
import { active } from './active.js';
import type { FsmConfig } from './config.js';
import { connect } from './connect.js';
import { established } from './established.js';
import type { SessionEvent } from './event.js';
import { idle } from './idle.js';
import { openConfirm } from './open-confirm.js';
import { openSent } from './open-sent.js';
import type { SessionState } from './state.js';
import type { Step } from './step.js';

/** Advances a session by one event. Pure: no clock, no socket, no logger. Effects are carried out in order. */
export function step(state: SessionState, event: SessionEvent, config: FsmConfig): Step {
  switch (state.name) {
    case 'idle':
      return idle(state, event, config);
    case 'connect':
      return connect(state, event, config);
    case 'active':
      return active(state, event, config);
    case 'open-sent':
      return openSent(state, event, config);
    case 'open-confirm':
      return openConfirm(state, event, config);
    case 'established':
      return established(state, event, config);
  }
}
