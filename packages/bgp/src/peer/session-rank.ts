/** How far a session has come, for choosing between two and for telling progress from a fall. */
import type { SessionStateName } from '../fsm/state.js';
import type { Session } from './session.js';

const ORDER: readonly SessionStateName[] = ['idle', 'active', 'connect', 'open-sent', 'open-confirm', 'established'];

export const progressOf = (state: SessionStateName): number => ORDER.indexOf(state);

export const rank = (session: Session): number => progressOf(session.state.name);
