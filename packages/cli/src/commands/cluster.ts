/** `tortie cluster` and `tortie secrets`: sessions that follow from resources, what is held, passwords by name. */

import type { ClusterOpenSession, ClusterSession, ClusterView, SecretList } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { NegativeAnswer, UsageError } from '../failure.js';
import type { Column } from '../output/table.js';

/** Of an interface or a range the address is not known beforehand. */
type Row = Pick<ClusterSession, 'node' | 'origin' | 'state'> & {
  readonly address: string | undefined;
  readonly remoteAsn: number | string;
  readonly type?: string;
  readonly client?: boolean;
};

const SESSIONS: readonly Column<Row>[] = [
  { title: 'NODE', value: ({ node }) => node },
  { title: 'ADDRESS', value: ({ address }) => address },
  { title: 'ASN', value: ({ remoteAsn }) => remoteAsn, right: true },
  { title: 'TYPE', value: ({ type, client }) => (client ? `${type} client` : type) },
  { title: 'STATE', value: ({ state }) => state, tone: ({ state }) => (state === 'established' ? 'good' : 'bad') },
  { title: 'ORIGIN', value: ({ origin }) => origin },
];

const view = (context: Context): Promise<ClusterView> => context.client().get<ClusterView>('/v1/cluster');

const outside = 'this node takes no part in a cluster; write "cluster: {}" into its configuration file';

export async function showSessions(context: Context): Promise<void> {
  context.answer(await view(context), ({ member, sessions, open, notes, pending }) => {
    if (!member) return [outside];
    const rows: Row[] = [...sessions.map((one) => ({ ...one, address: one.remoteAddress })), ...open.map(rowOf)];
    return [
      ...(rows.length > 0 ? context.table(SESSIONS, rows) : ['no sessions follow from the resources']),
      ...notes.map(({ text }) => `note: ${text}`),
      ...(pending.length > 0
        ? [`${counted(pending.length, 'change is', 'changes are')} held: tortie cluster pending`]
        : []),
    ];
  });
}

/** A range is shown as one, with as many sessions as it has. */
function rowOf({ origin, interface: device, range, remoteAsn, established }: ClusterOpenSession): Row {
  const state = established > 0 ? 'established' : undefined;
  const address = range === undefined ? device : `${range} (${established})`;
  return { address, remoteAsn, origin, ...(state && { state }) };
}

export async function showPending(context: Context): Promise<void> {
  const cluster = await view(context);
  context.answer(cluster, ({ member, pending }) => {
    if (!member) return [outside];
    if (pending.length === 0) return ['nothing is held'];
    return pending.flatMap(({ id, kind, reason, sessions }) => [
      `${id}  ${reason}`,
      ...sessions.map((name) => `          ${name} stays`),
      ...(kind === 'replacement' ? [] : [`          let them go: tortie cluster confirm ${id}`]),
    ]);
  });
  if (cluster.pending.length > 0) throw new NegativeAnswer();
}

export async function confirmChange(context: Context, id: string): Promise<void> {
  const { body } = await context.client().call<ClusterView>('POST', '/v1/cluster/confirm', { body: { id } });
  context.answer(body, ({ sessions }) => [
    `confirmed ${id}; ${counted(sessions.length, 'session is', 'sessions are')} left`,
  ]);
}

export async function listSecrets(context: Context): Promise<void> {
  context.answer(await context.client().get<SecretList>('/v1/secrets'), ({ secrets }) =>
    secrets.length > 0
      ? context.table(
          [
            { title: 'SECRET', value: ({ name }) => name },
            { title: 'KEYS', value: ({ keys }) => keys.join(' ') },
          ],
          secrets,
        )
      : ['no secrets in the store'],
  );
}

/** From standard input: an argument would stand in the list of processes. */
export async function setSecret(context: Context, name: string, key: string): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const password = text.replace(/\r?\n$/, '');
  if (password === '') throw new UsageError('the password is empty; pipe it in: tortie secrets set NAME KEY < FILE');
  await context
    .client()
    .call('PATCH', `/v1/secrets/${encodeURIComponent(name)}`, { body: { data: { [key]: password } } });
  context.answer({ secret: name, key }, () => [`set ${key} of ${name}`]);
}

export async function removeSecret(context: Context, name: string, key: string | undefined): Promise<void> {
  const path = `/v1/secrets/${encodeURIComponent(name)}`;
  if (key === undefined) await context.client().call('DELETE', path);
  else await context.client().call('PATCH', path, { body: { data: { [key]: null } } });
  context.answer({ removed: name, ...(key !== undefined && { key }) }, () => [
    key === undefined ? `removed ${name}` : `removed ${key} of ${name}`,
  ]);
}
