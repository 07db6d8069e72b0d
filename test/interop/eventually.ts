import { until } from '@tortie/lab';

/** Waits for what `predicate` asks, with patience for a machine that is busy: the deadline only ends a test that hangs. */
export const eventually = <T>(
  what: string,
  predicate: () => T | Promise<T>,
): Promise<Exclude<T, false | undefined | null | 0 | ''>> =>
  until(predicate, { what, deadlineMs: 60_000, everyMs: 100 });
