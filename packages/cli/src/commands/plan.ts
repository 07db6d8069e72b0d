/** `tortie plan`: what would become of sessions and routes; `tortie doctor`: what looks wrong as it is. */
import type { Doctor, Finding, Plan } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { NegativeAnswer } from '../failure.js';
import { readFiles } from '../resources/read-files.js';

type Counts = Plan['counts'];

const changesIn = ({ added, removed, reset, refreshed, kept }: Counts): string =>
  `${added} added, ${removed} removed, ${reset} reset, ${refreshed} refreshed, ${kept} kept`;

const SIGNS = { added: '+', removed: '-', reset: '!', refreshed: '~', kept: ' ' } as const;

export async function planFiles(
  context: Context,
  { filename, delete: gone = false }: { readonly filename: readonly string[]; readonly delete?: boolean },
): Promise<void> {
  const items = await readFiles(filename, { io: context.io });
  const resources = items.map(({ resource }) => resource);
  const body = gone
    ? { delete: resources.map(({ kind, metadata }) => ({ kind, name: metadata.name })) }
    : { resources };
  const { body: plan } = await context.client().call<Plan>('POST', '/v1/plan', { body });
  context.answer(plan, planLines);
}

function planLines({ node, sessions, counts, held, routes, others, total, findings }: Plan): string[] {
  const more = routes.truncated ? ' and more' : '';
  return [
    `node ${node}: ${changesIn(counts)}`,
    ...sessions
      .filter(({ fate, formerly }) => fate !== 'kept' || formerly !== undefined)
      .map(({ fate, node: other, remoteAddress, interface: device, range, origin, formerly }) => {
        const was = formerly === undefined ? '' : `, formerly ${formerly}`;
        return `  ${SIGNS[fate]} ${other ?? remoteAddress ?? device ?? range}  ${fate}: ${origin}${was}`;
      }),
    ...held.map(
      ({ reason, sessions: names }) => `  held: ${counted(names.length, 'session stays', 'sessions stay')}: ${reason}`,
    ),
    ...(routes.lost.length > 0 ? [`  routes lost: ${routes.lost.join(' ')}${more}`] : []),
    ...(routes.gained.length > 0 ? [`  routes gained: ${routes.gained.join(' ')}${more}`] : []),
    ...others.map(({ node: name, counts: each }) => `node ${name}: ${changesIn(each)}`),
    `all nodes: ${changesIn(total)}`,
    ...findings.flatMap(findingLines),
  ];
}

const findingLines = ({ severity, text, remedy }: Finding): string[] => [
  `${severity}: ${text}`,
  ...(remedy === '' ? [] : [`  ${remedy}`]),
];

/** Exits 1 where a finding is an error or a warning. */
export async function doctor(context: Context): Promise<void> {
  const result = await context.client().get<Doctor>('/v1/doctor');
  context.answer(result, ({ findings }) =>
    findings.length > 0 ? findings.flatMap(findingLines) : ['nothing looks wrong'],
  );
  if (!result.ok) throw new NegativeAnswer();
}
