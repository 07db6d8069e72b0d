/** `tortie ipam configure`, `reservations` and `nodes`. */

import type { IpamNodeList, IpamSettings, Reservation, ReservationList } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';

type Options = Readonly<Record<string, unknown>>;

export async function configureIpam(context: Context, options: Options): Promise<void> {
  const body: Record<string, boolean | number> = {};
  for (const [option, field] of [
    ['strictAffinity', 'strictAffinity'],
    ['autoAllocateBlocks', 'autoAllocateBlocks'],
  ] as const) {
    if (options[option] !== undefined) body[field] = yesOrNo(String(options[option]), option);
  }
  for (const [option, field] of [
    ['maxBlocksPerHost', 'maxBlocksPerHost'],
    ['cooldown', 'cooldownS'],
    ['leakGrace', 'leakGraceS'],
  ] as const) {
    if (options[option] !== undefined) body[field] = whole(String(options[option]), option);
  }
  if (Object.keys(body).length === 0) throw new UsageError('nothing to set; see "tortie ipam configure --help"');
  const { body: settings } = await context.client().call<IpamSettings>('PATCH', '/v1/ipam/config', { body });
  context.answer(settings, () => ['changed; see "tortie ipam show --show-configuration"']);
}

const flagOf = (option: string): string => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function yesOrNo(text: string, option: string): boolean {
  if (/^(yes|true|on)$/.test(text)) return true;
  if (/^(no|false|off)$/.test(text)) return false;
  throw new UsageError(`${flagOf(option)}: "${text}" is neither yes nor no`);
}

function whole(text: string, option: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${flagOf(option)}: "${text}" is not a whole number`);
  return Number(text);
}

export async function listReservations(context: Context): Promise<void> {
  const list = await context.client().get<ReservationList>('/v1/ipam/reservations');
  context.answer(list, ({ reservations }) =>
    reservations.length === 0
      ? ['no reservations']
      : context.table(
          [
            { title: 'RESERVATION', value: ({ name }) => name },
            { title: 'CIDRS', value: ({ cidrs }) => cidrs.join(' ') },
          ],
          reservations,
        ),
  );
}

const reservationPath = (name: string): string => `/v1/ipam/reservations/${encodeURIComponent(name)}`;

export async function addReservation(context: Context, name: string, cidrs: readonly string[]): Promise<void> {
  const { body } = await context.client().call<Reservation>('PUT', reservationPath(name), { body: { cidrs } });
  context.answer(body, () => [`reserved ${cidrs.join(' ')}`]);
}

export async function removeReservation(context: Context, name: string): Promise<void> {
  await context.client().call('DELETE', reservationPath(name));
  context.answer({ removed: name }, () => [`removed ${name}`]);
}

export async function listNodes(context: Context): Promise<void> {
  const list = await context.client().get<IpamNodeList>('/v1/ipam/nodes');
  const of = (blocks: number, most: number): string => (most === 0 ? String(blocks) : `${blocks}/${most}`);
  context.answer(list, ({ nodes }) =>
    nodes.length === 0
      ? ['no node has blocks or addresses']
      : context.table(
          [
            { title: 'NODE', value: ({ node }) => node },
            {
              title: 'IPV4 BLOCKS',
              value: ({ blocks4, maxBlocksPerHost }) => of(blocks4, maxBlocksPerHost),
              right: true,
            },
            {
              title: 'IPV6 BLOCKS',
              value: ({ blocks6, maxBlocksPerHost }) => of(blocks6, maxBlocksPerHost),
              right: true,
            },
            { title: 'BORROWS FROM', value: ({ visits }) => (visits > 0 ? counted(visits, 'block') : undefined) },
            { title: 'NOTE', value: ({ known }) => (known ? undefined : 'gone: what it had is freed') },
          ],
          nodes,
        ),
  );
}

export async function removeNode(context: Context, node: string): Promise<void> {
  await context.client().call('DELETE', `/v1/ipam/nodes/${encodeURIComponent(node)}`);
  context.answer({ removed: node }, () => [`removed ${node}; its addresses are freed by the next collection`]);
}
