/** What a session is told: its timers. */
import { BfdConfigError } from './errors.js';

export interface TimerConfig {
  /** bfd.DesiredMinTxInterval while up. Below, never less than a second. */
  readonly minTxMs: number;
  /** bfd.RequiredMinRxInterval. */
  readonly minRxMs: number;
  /** bfd.DetectMult. */
  readonly multiplier: number;
}

export const DEFAULT_TIMERS: TimerConfig = { minTxMs: 300, minRxMs: 300, multiplier: 3 };

/** As finely as this machine's timers are sure to follow. */
export const LEAST_INTERVAL_MS = 10;
export const LONGEST_INTERVAL_MS = 60_000;

/** Throws BfdConfigError naming the field. */
export function checkTimers({ minTxMs, minRxMs, multiplier }: TimerConfig): void {
  for (const [field, value] of [
    ['minTxMs', minTxMs],
    ['minRxMs', minRxMs],
  ] as const) {
    if (!(value >= LEAST_INTERVAL_MS && value <= LONGEST_INTERVAL_MS)) {
      throw new BfdConfigError(field, `is ${value}; it must be ${LEAST_INTERVAL_MS} to ${LONGEST_INTERVAL_MS} ms`);
    }
  }
  if (!Number.isInteger(multiplier) || multiplier < 1 || multiplier > 255) {
    throw new BfdConfigError('multiplier', `is ${multiplier}; it must be a whole number of 1 to 255`);
  }
}
