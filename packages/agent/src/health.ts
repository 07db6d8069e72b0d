/**
 * Whether the agent does its work, from memory alone.
 *
 * Sessions: ready when all that should be up are up; or, once the grace after the start is over, when one is (mode `any`);
 * or none is configured. With mode `all` one that is down keeps the node unready.
 */
import type { Condition, Health } from './api/status.js';

export interface HealthInput {
  readonly mode: 'any' | 'all';
  readonly graceOver: boolean;
  /** Peers that should be up: not shut down by the administrator. */
  readonly expected: number;
  readonly established: number;
  /** The kernel: `off` as configured, `failed` with the reason. */
  readonly kernel: { readonly state: 'on' | 'off' } | { readonly state: 'failed'; readonly reason: string };
  /** Routes the kernel refused. */
  readonly refusedRoutes: number;
  /** What the store's and the blocks' last round failed with. */
  readonly storeError: string | undefined;
  readonly blocksError: string | undefined;
}

export function health(input: HealthInput): Health {
  const conditions = [sessions(input), kernel(input), store(input), blocks(input)];
  return { ok: conditions.every(({ ok }) => ok), conditions };
}

function sessions({ mode, graceOver, expected, established }: HealthInput): Condition {
  const name = 'sessions';
  if (expected === 0) return { name, ok: true, detail: 'no peer is configured to be up' };
  const detail = `${established} of ${expected} sessions are established`;
  if (established >= expected) return { name, ok: true, detail };
  if (mode === 'all') return { name, ok: false, detail: `${detail}; health.ready is "all"` };
  if (!graceOver) return { name, ok: false, detail: `${detail}; the others still have their chance` };
  return { name, ok: established > 0, detail };
}

function kernel({ kernel, refusedRoutes }: HealthInput): Condition {
  const name = 'kernel';
  if (kernel.state === 'off')
    return { name, ok: true, detail: 'programs nothing, as configured (kernel.program: false)' };
  if (kernel.state === 'failed') return { name, ok: false, detail: `programs nothing: ${kernel.reason}` };
  const detail =
    refusedRoutes === 0 ? 'programs routes' : `programs routes; ${refusedRoutes} are refused, see /v1/fib?state=failed`;
  return { name, ok: true, detail };
}

const store = ({ storeError }: HealthInput): Condition => ({
  name: 'store',
  ok: storeError === undefined,
  detail: storeError ?? 'reads and writes',
});

const blocks = ({ blocksError }: HealthInput): Condition => ({
  name: 'blocks',
  ok: blocksError === undefined,
  detail: blocksError ?? 'as wanted',
});
