/** `tortie status`: the node at a glance. */

import type { Status } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { NegativeAnswer } from '../failure.js';
import { duration } from '../output/duration.js';
import { fields } from '../output/table.js';

export async function showStatus(context: Context, options: { readonly check?: boolean }): Promise<void> {
  const status = await context.client().get<Status>('/v1/status');
  context.answer(status, (shown) => statusLines(context, shown));
  if (options.check && status.conditions.some(({ ok }) => !ok)) throw new NegativeAnswer();
}

function statusLines(context: Context, status: Status): string[] {
  const { sessions, routes, fib, blocks, memory } = status;
  const kernel = fib.programming
    ? `${fib.installed} installed, ${fib.pending} pending, ${fib.failed} failed, ${fib.stale} stale (protocol ${fib.protocol})`
    : `programs nothing: ${fib.reason ?? 'switched off'}`;
  const down = sessions.adminDown > 0 ? `, ${sessions.adminDown} switched off` : '';
  return [
    ...fields([
      ['node', status.node],
      ['version', status.version],
      ['up', duration(status.uptimeS)],
      ['AS', status.asn],
      [
        'router ID',
        `${status.routerId}${status.routerIdSource === 'configured' ? '' : ` (from ${status.routerIdSource})`}`,
      ],
      ['reflector', status.clusterId === undefined ? undefined : `cluster ${status.clusterId}`],
      ['sessions', `${sessions.established} of ${sessions.configured} established${down}`],
      [
        'routes',
        `${routes.ipv4} IPv4, ${counted(routes.ipv6, 'IPv6 prefix', 'IPv6 prefixes')}, ${counted(routes.candidates, 'candidate')}`,
      ],
      ['kernel', kernel],
      ['own blocks', blocks.join(' ') || 'none'],
      ['imports', status.importPolicy],
      ['memory', `${Math.round(memory.residentOctets / 1_048_576)} MiB`],
      ['API', [status.api.socket, status.api.listen].filter(Boolean).join(', ')],
      ['configuration', status.configFile],
    ]),
    '',
    ...context.table(
      [
        { title: 'CONDITION', value: ({ name }) => name },
        { title: 'OK', value: ({ ok }) => (ok ? 'yes' : 'no'), tone: ({ ok }) => (ok ? 'good' : 'bad') },
        { title: 'DETAIL', value: ({ detail }) => detail },
      ],
      status.conditions,
    ),
    ...status.warnings.map((warning) => `warning: ${warning}`),
  ];
}
