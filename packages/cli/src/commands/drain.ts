/** `tortie drain`, `tortie undrain`: maintenance of the whole node. */
import type { DrainState } from '@tortie/agent/api';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';

export async function drainNode(context: Context, { wait }: { readonly wait?: string }): Promise<void> {
  if (wait !== undefined && !/^\d+$/.test(wait)) throw new UsageError(`"${wait}" is no number of seconds`);
  const body = { drain: true, ...(wait !== undefined && { waitS: Number(wait) }) };
  const { body: state } = await context.client().call<DrainState>('POST', '/v1/drain', { body });
  context.answer(state, ({ phase, withdrawAt }) =>
    phase === 'withdrawn'
      ? ['withdrawn: peers are told nothing; back with: tortie undrain']
      : [`draining: routes are for graceful shutdown, and withdrawn at ${withdrawAt}; back with: tortie undrain`],
  );
}

export async function undrainNode(context: Context): Promise<void> {
  const { body } = await context.client().call<DrainState>('POST', '/v1/drain', { body: { drain: false } });
  context.answer(body, () => ['in use again']);
}
