/** Waits for a condition of the real world, which nobody announces: asks again until it holds or the deadline passes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './errors.js';

export interface UntilOptions {
  /** What is waited for; the error says it. */
  readonly what?: string;
  readonly deadlineMs?: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

/** How much longer everything may take than on a usual machine; under emulation it does. */
const PATIENCE = Number(process.env.TORTIE_PATIENCE ?? 1);

/**
 * Resolves with the first truthy answer of `predicate`. A predicate that throws counts as "not yet"; its last error is
 * the cause of the LabError `ERR_LAB_DEADLINE` thrown when `deadlineMs` (20 s) has passed.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const { what = 'the condition', deadlineMs = 20_000, everyMs = 50, signal } = options;
  const end = performance.now() + deadlineMs * PATIENCE;
  let cause: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const answer = await predicate();
      if (answer) return answer as Exclude<T, false | undefined | null | 0 | ''>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) {
      const why = cause instanceof Error ? `: ${cause.message}` : '';
      throw new LabError('ERR_LAB_DEADLINE', `${what}: not within ${(deadlineMs * PATIENCE) / 1000} s${why}`, {
        cause,
      });
    }
    await sleep(everyMs, undefined, signal ? { signal } : {});
  }
}
