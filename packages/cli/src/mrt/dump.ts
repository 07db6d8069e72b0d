/** `tortie mrt dump`: has the agent write its tables to an MRT file. */

import type { MrtDump } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';

export async function dumpTables(context: Context): Promise<void> {
  const { body: dump } = await context.client().call<MrtDump>('POST', '/v1/mrt/dumps');
  const { file, prefixes, routes, durationMs } = dump;
  context.answer(dump, () => [
    `${file}: ${counted(routes, 'route')} of ${counted(prefixes, 'prefix', 'prefixes')}, ${durationMs} ms`,
  ]);
}
