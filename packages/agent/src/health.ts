/**
 * Whether the agent does its work, from memory alone.
 *
 * Sessions: ready when all that should be up are up; or, once the grace after the start is over, when one is (mode `any`);
 * or none is configured. With mode `all` one that is down keeps the node unready.
 */
import { counted } from '@tortie/ip';
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
  /** The store on other hosts does not answer: why, what that means, and whether it has answered since the start. */
  readonly storeAway?: { readonly detail: string; readonly consequence: string; readonly reached: boolean } | undefined;
  /** Of what not every node has. */
  readonly others?: readonly Condition[];
}

export function health(input: HealthInput): Health {
  const conditions = [sessions(input), kernel(input), store(input), blocks(input), ...(input.others ?? [])];
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
    refusedRoutes === 0
      ? 'programs routes'
      : `programs routes; ${counted(refusedRoutes, 'is', 'are')} refused, see /v1/fib?state=failed`;
  return { name, ok: true, detail };
}

/** An outage of the store must not make all nodes of a cluster unready at once: they go on routing. */
function store({ storeError, storeAway }: HealthInput): Condition {
  const name = 'store';
  if (storeAway) return { name, ok: storeAway.reached, detail: `${storeAway.consequence} (${storeAway.detail})` };
  return { name, ok: storeError === undefined, detail: storeError ?? 'reads and writes' };
}

function blocks({ blocksError, storeAway }: HealthInput): Condition {
  const name = 'blocks';
  if (storeAway) return { name, ok: true, detail: 'as they were when the store answered last' };
  return { name, ok: blocksError === undefined, detail: blocksError ?? 'as wanted' };
}
