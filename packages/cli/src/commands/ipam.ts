/** `tortie ipam`: pools, blocks, assignments, and the check of all invariants. */
import type {
  Assignment,
  AssignmentResult,
  Block,
  Pool,
  PoolList,
  PoolRetirement,
  ReleaseResult,
} from '@tortie/agent/api';
import { allPages } from '../all-pages.js';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';

type Options = Readonly<Record<string, unknown>>;

export async function listPools(context: Context): Promise<void> {
  const list = await context.client().get<PoolList>('/v1/ipam/pools');
  context.answer(list, ({ pools }) =>
    pools.length === 0
      ? ['no pools; add one: tortie ipam pools add NAME CIDR']
      : context.table(
          [
            { title: 'POOL', value: ({ name }) => name },
            { title: 'CIDR', value: ({ cidr }) => cidr },
            { title: 'BLOCK', value: ({ blockSize }) => `/${blockSize}` },
            {
              title: 'STATE',
              value: ({ disabled, terminating }) => (terminating ? 'terminating' : disabled ? 'disabled' : 'enabled'),
            },
            { title: 'NAT', value: ({ natOutgoing }) => (natOutgoing ? 'yes' : 'no') },
            { title: 'WAY', value: wayText },
            { title: 'USES', value: ({ allowedUses }) => allowedUses?.join(' ') },
          ],
          pools,
        ),
  );
}

/** Between nodes. */
function wayText({ vxlanMode, ipipMode, wireguardMode, hostGateway }: Pool): string {
  for (const [tunnel, mode] of Object.entries({ vxlan: vxlanMode, ipip: ipipMode, wireguard: wireguardMode })) {
    if (mode === 'Always') return tunnel;
    if (mode === 'CrossSubnet') return `cross-subnet ${tunnel}`;
  }
  return hostGateway ? 'host-gw' : 'bgp';
}

export async function addPool(context: Context, name: string, cidr: string, options: Options): Promise<void> {
  const body = {
    name,
    cidr,
    ...(options.blockSize === undefined ? {} : { blockSize: count(options.blockSize, '--block-size') }),
    ...(options.natOutgoing ? { natOutgoing: true } : {}),
    ...(options.vxlan === undefined ? {} : { vxlanMode: options.vxlan }),
    ...(options.ipip === undefined ? {} : { ipipMode: options.ipip }),
    ...(options.wireguard === undefined ? {} : { wireguardMode: options.wireguard }),
    ...(options.hostGateway ? { hostGateway: true } : {}),
  };
  const { body: pool } = await context.client().call<Pool>('POST', '/v1/ipam/pools', { body });
  context.answer(pool, () => [`added ${name}`]);
}

export async function setPool(context: Context, name: string, options: Options): Promise<void> {
  const body: Record<string, unknown> = {};
  if (options.disable) body.disabled = true;
  if (options.enable) body.disabled = false;
  if (options.natOutgoing !== undefined) body.natOutgoing = options.natOutgoing;
  if (options.vxlan !== undefined) body.vxlanMode = options.vxlan;
  if (options.ipip !== undefined) body.ipipMode = options.ipip;
  if (options.wireguard !== undefined) body.wireguardMode = options.wireguard;
  if (options.hostGateway !== undefined) body.hostGateway = options.hostGateway;
  if (Object.keys(body).length === 0) throw new UsageError('nothing to set; see "tortie ipam pools set --help"');
  const { body: pool } = await context.client().call<Pool>('PATCH', poolPath(name), { body });
  context.answer(pool, () => [`changed ${name}`]);
}

export async function removePool(context: Context, name: string, { drain }: Options): Promise<void> {
  const path = poolPath(name);
  if (!drain) {
    await context.client().call('DELETE', path);
    context.answer({ removed: name }, () => [`removed ${name}`]);
    return;
  }
  const { status, body } = await context.client().call<PoolRetirement>('DELETE', `${path}?drain=true`);
  const retirement = status === 202 ? body : undefined;
  context.answer(retirement ?? { removed: name }, () => (retirement ? held(context, retirement) : [`removed ${name}`]));
}

/** What holds a pool up. */
function held(context: Context, { pool, assigned, held: shown }: PoolRetirement): string[] {
  return [
    `${pool} takes no more assignments, and is removed when its addresses are released: ${assigned} are in use`,
    ...(shown.length < assigned ? [`the first ${shown.length}:`] : []),
    ...context.table(
      [
        { title: 'ADDRESS', value: ({ address }) => address },
        { title: 'NODE', value: ({ node }) => node },
        { title: 'HANDLE', value: ({ handle }) => handle },
      ],
      shown,
    ),
  ];
}

export async function splitPool(context: Context, name: string, parts: string): Promise<void> {
  const body = { parts: count(parts, 'PARTS') };
  const { body: list } = await context.client().call<PoolList>('POST', `${poolPath(name)}/split`, { body });
  context.answer(list, ({ pools }) => pools.map((pool) => `${pool.name} ${pool.cidr}`));
}

/** A pool beside with the same settings, then the old one goes as its addresses do. */
export async function migratePool(context: Context, name: string, cidr: string, options: Options): Promise<void> {
  const client = context.client();
  const { body: old } = await client.call<Pool>('GET', poolPath(name));
  const { cidr: _cidr, disabled, terminating, assigned, blocks, revision, ...settings } = old;
  const to = text(options.name) ?? `${name}-new`;
  const body = { ...settings, name: to, cidr, blockSize: count(options.blockSize, '--block-size') };
  const { body: made } = await client.call<Pool>('POST', '/v1/ipam/pools', { body });
  const { status, body: rest } = await client.call<PoolRetirement>('DELETE', `${poolPath(name)}?drain=true`);
  const retirement = status === 202 ? rest : undefined;
  context.answer({ made, ...(retirement ? { retirement } : { removed: name }) }, () => [
    `added ${to} ${made.cidr} with blocks of /${made.blockSize}`,
    ...(retirement
      ? [...held(context, retirement), `make these pods anew, then look again: tortie ipam pools rm ${name} --drain`]
      : [`removed ${name}`]),
  ]);
}

const poolPath = (name: string): string => `/v1/ipam/pools/${encodeURIComponent(name)}`;

export async function listBlocks(context: Context): Promise<void> {
  const blocks = await allPages(context.client().pages<Block>('/v1/ipam/blocks', 'blocks'));
  context.answer({ blocks }, () =>
    blocks.length === 0
      ? ['no blocks']
      : context.table(
          [
            { title: 'BLOCK', value: ({ cidr }) => cidr },
            { title: 'NODE', value: ({ node }) => node },
            { title: 'POOL', value: ({ pool }) => pool },
            { title: 'STATE', value: ({ state }) => state },
            { title: 'SIZE', value: ({ size }) => size, right: true },
            { title: 'ASSIGNED', value: ({ assigned }) => assigned, right: true },
            { title: 'FREE', value: ({ free }) => free, right: true },
          ],
          blocks,
        ),
  );
}

const assignmentTable = (context: Context, assignments: readonly Assignment[]): string[] =>
  context.table(
    [
      { title: 'ADDRESS', value: ({ address }) => address },
      { title: 'HANDLE', value: ({ handle }) => handle },
      { title: 'NODE', value: ({ node }) => node },
      { title: 'BLOCK', value: ({ block }) => block },
      { title: 'POOL', value: ({ pool }) => pool },
      { title: 'NOTE', value: ({ borrowed }) => (borrowed ? 'borrowed' : undefined) },
    ],
    assignments,
  );

export async function listAssignments(context: Context, options: Options): Promise<void> {
  const query = { handle: text(options.handle), node: text(options.node) };
  const assignments = await allPages(context.client().pages<Assignment>('/v1/ipam/assignments', 'assignments', query));
  context.answer({ assignments }, () =>
    assignments.length > 0 ? assignmentTable(context, assignments) : ['no assignments'],
  );
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** One IPv4 address when nothing is said, else exactly what is. */
export async function assign(context: Context, handle: string, options: Options): Promise<void> {
  const counted = options.ipv4 !== undefined || options.ipv6 !== undefined;
  if (options.address !== undefined && counted) throw new UsageError('--address does not go with --ipv4 or --ipv6');
  const what =
    options.address !== undefined
      ? { address: options.address }
      : counted
        ? { ipv4: count(options.ipv4 ?? 0, '--ipv4'), ipv6: count(options.ipv6 ?? 0, '--ipv6') }
        : { ipv4: 1 };
  const body = { handle, ...what, ...(options.pool === undefined ? {} : { pool: options.pool }) };
  const { body: result } = await context.client().call<AssignmentResult>('POST', '/v1/ipam/assignments', { body });
  context.answer(result, ({ assignments }) => assignmentTable(context, assignments));
}

/** `--ipv4` alone is one address. */
function count(value: unknown, flag: string): number {
  if (value === true) return 1;
  if (!/^\d+$/.test(String(value))) throw new UsageError(`${flag}: "${value}" is not a whole number`);
  return Number(value);
}

export async function release(context: Context, handle: string | undefined): Promise<void> {
  if (handle === undefined) throw new UsageError('name the handle, or --from-report FILE');
  const path = `/v1/ipam/assignments/${encodeURIComponent(handle)}`;
  const { body } = await context.client().call<ReleaseResult>('DELETE', path);
  context.answer(body, ({ released = [] }) => [`released ${released.join(' ') || handle}`]);
}
