/**
 * The pause between a failed session and the next attempt: DampPeerOscillations of RFC 4271 section 8.1.1, which leaves
 * the algorithm open. Failures in a row double it; a session that lasted clears it.
 */
import { type Cause, isCollision } from '../fsm/cause.js';

const FIRST_S = 1;
/** A session of this length was a good one. */
const GOOD_S = 30;

/** The penalty so far in seconds; 0 at first. */
export interface IdleHold {
  readonly penaltyS: number;
}

export const NO_HOLD: IdleHold = { penaltyS: 0 };

export interface SessionEnd {
  readonly cause: Cause;
  /** How long it was established; 0 for one that never was. */
  readonly establishedS: number;
}

/** Gives the pause before the next start, and what to remember. `random` is 0 to 1. */
export function holdAfter(
  hold: IdleHold,
  { cause, establishedS }: SessionEnd,
  maxS: number,
  random: number,
): { hold: IdleHold; pauseS: number } {
  const good = establishedS >= GOOD_S;
  // Both sides may have closed each other's connection; a wide spread keeps them from doing so again.
  if (isCollision(cause)) return { hold, pauseS: random * FIRST_S };
  // A good session that only lost its connection: the peer restarts, and is dialled at once.
  if (good && (cause.type === 'tcp-failed' || cause.type === 'replaced')) return { hold: NO_HOLD, pauseS: 0 };
  const penaltyS = Math.min(maxS, good || hold.penaltyS === 0 ? FIRST_S : hold.penaltyS * 2);
  return { hold: { penaltyS }, pauseS: penaltyS * (0.75 + random / 4) };
}
