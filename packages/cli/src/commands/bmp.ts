/** `tortie bmp`: collectors that are shown the tables: list, show, add, rm. */
import type { BmpCollector, BmpCollectorList } from '@tortie/agent/api';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { since } from '../output/duration.js';
import type { Column } from '../output/table.js';
import { fields } from '../output/table.js';

type Options = Readonly<Record<string, unknown>>;

const path = (name: string): string => `/v1/bmp-collectors/${encodeURIComponent(name)}`;

const state = ({ status, error }: BmpCollector): string => (error === undefined ? (status?.state ?? '-') : 'refused');

const place = ({ address, port = 1790 }: BmpCollector['spec']): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const COLUMNS: readonly Column<BmpCollector>[] = [
  { title: 'COLLECTOR', value: ({ name }) => name },
  { title: 'ADDRESS', value: ({ spec }) => place(spec) },
  { title: 'STATE', value: state, tone: (collector) => (state(collector) === 'connected' ? 'good' : 'bad') },
  { title: 'SINCE', value: ({ status }) => (status ? since(status.since) : undefined), right: true },
  { title: 'MESSAGES', value: ({ status }) => status?.messages, right: true },
  { title: 'DROPS', value: ({ status }) => status?.dropped, right: true },
  {
    title: 'LAST ERROR',
    value: (collector) =>
      state(collector) === 'connected' ? undefined : (collector.error ?? collector.status?.lastError),
  },
];

export async function listCollectors(context: Context): Promise<void> {
  const list = await context.client().get<BmpCollectorList>('/v1/bmp-collectors');
  context.answer(list, ({ collectors }) =>
    collectors.length > 0
      ? context.table(COLUMNS, collectors)
      : ['no collectors; add one: tortie bmp add NAME ADDRESS'],
  );
}

export async function showCollector(context: Context, name: string): Promise<void> {
  context.answer(await context.client().get<BmpCollector>(path(name)), (collector) => {
    const { spec, status, source, origin, error } = collector;
    return fields([
      ['collector', collector.name],
      ['address', place(spec)],
      ['from', source ?? origin],
      ['shows', (spec.monitor ?? ['adj-rib-in-pre', 'loc-rib']).join(', ')],
      ['families', spec.families?.join(', ')],
      ['local address', spec.localAddress],
      ['error', error],
      ['state', status && `${status.state} for ${since(status.since)}`],
      ['sent', status && `${status.messages} messages, ${status.octets} octets${status.pending ? ', more waits' : ''}`],
      ['connections', status && `${status.connections}, lost or cut off ${status.dropped}`],
      ['last error', status?.lastError],
    ]);
  });
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim());

const FIELDS: Readonly<Record<string, (text: string) => unknown>> = {
  port: integer,
  localAddress: (text) => text,
  monitor: list,
  families: (text) => list(text).map((family) => (/^ipv[46]$/.test(family) ? `${family}-unicast` : family)),
  statsInterval: integer,
};

function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`"${text}" is not a whole number`);
  return Number(text);
}

export async function addCollector(context: Context, name: string, address: string, options: Options): Promise<void> {
  const given = Object.entries(FIELDS).flatMap(([option, parse]) => {
    const text = options[option];
    return typeof text === 'string' ? [[option === 'statsInterval' ? 'statsIntervalS' : option, parse(text)]] : [];
  });
  const body = { name, address, ...Object.fromEntries(given) };
  const { body: created } = await context.client().call<BmpCollector>('POST', '/v1/bmp-collectors', { body });
  context.answer(created, () => [`added ${name}`]);
}

export async function removeCollector(context: Context, name: string): Promise<void> {
  await context.client().call('DELETE', path(name));
  context.answer({ removed: name }, () => [`removed ${name}`]);
}
