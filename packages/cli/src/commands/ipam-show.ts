/** `tortie ipam show`: how full pools and blocks are, maps of blocks, and what one address is. */
import type { AddressState, Assignment, Block, IpamSettings, IpamUsage, PoolUsage } from '@tortie/agent/api';
import { allPages } from '../all-pages.js';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { type Column, fields } from '../output/table.js';

type Options = Readonly<Record<string, unknown>>;

export async function showIpam(context: Context, options: Options): Promise<void> {
  const modes = ['ip', 'showBorrowed', 'showConfiguration', 'showBlocks'].filter((name) => options[name] !== undefined);
  if (modes.length > 1) throw new UsageError('one of --show-blocks, --show-borrowed, --show-configuration, --ip');
  if (typeof options.ip === 'string') await showAddress(context, options.ip);
  else if (options.showBorrowed) await showBorrowed(context);
  else if (options.showConfiguration) await showSettings(context);
  else await showUsage(context, options);
}

async function showUsage(context: Context, options: Options): Promise<void> {
  const client = context.client();
  const { pools: all } = await client.get<IpamUsage>('/v1/ipam/usage');
  const pools = all.filter(({ pool }) => options.pool === undefined || pool === options.pool);
  if (pools.length === 0 && options.pool !== undefined) throw new UsageError(`there is no pool ${options.pool}`);
  const query = { map: 'true', pool: text(options.pool), node: text(options.node) };
  const blocks = options.showBlocks
    ? await allPages(client.pages<Block>('/v1/ipam/blocks', 'blocks', query))
    : undefined;
  context.answer({ pools, ...(blocks && { blocks }) }, () => [
    ...(pools.length > 0 ? context.table(POOL_COLUMNS, pools) : ['no pools; add one: tortie ipam pools add NAME CIDR']),
    ...(blocks ? ['', ...blockLines(context, blocks)] : []),
  ]);
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** `5 (2%)`; a share below one percent is not called 0 where something is there. */
function share(part: number, whole: number): string {
  const percent = (100 * part) / whole;
  return `${part} (${part > 0 && percent < 1 ? '<1' : Math.floor(percent)}%)`;
}

const POOL_COLUMNS: readonly Column<PoolUsage>[] = [
  { title: 'POOL', value: ({ pool }) => pool },
  { title: 'CIDR', value: ({ cidr }) => cidr },
  { title: 'TOTAL', value: ({ total }) => total, right: true },
  { title: 'IN USE', value: ({ inUse, total }) => share(inUse, total), right: true },
  { title: 'RESERVED', value: ({ reserved }) => reserved, right: true },
  { title: 'RESTING', value: ({ resting }) => resting, right: true },
  { title: 'FREE', value: ({ free }) => free, right: true },
];

const BLOCK_COLUMNS: readonly Column<Block>[] = [
  { title: 'BLOCK', value: ({ cidr }) => cidr },
  { title: 'NODE', value: ({ node }) => node },
  { title: 'TOTAL', value: ({ size }) => size, right: true },
  { title: 'IN USE', value: ({ assigned, size }) => share(assigned, size), right: true },
  { title: 'RESERVED', value: ({ reserved }) => reserved, right: true },
  { title: 'RESTING', value: ({ resting }) => resting, right: true },
  { title: 'FREE', value: ({ free }) => free, right: true },
];

/** Below each block its map. */
function blockLines(context: Context, blocks: readonly Block[]): string[] {
  if (blocks.length === 0) return ['no blocks'];
  const [header, ...rows] = context.table(BLOCK_COLUMNS, blocks);
  const steps = new Set(blocks.map(({ mapStep }) => mapStep ?? 1));
  const lines = blocks.flatMap((block, at) => [rows[at]!, `  ${mapOf(block, steps.size > 1)}`]);
  const step = steps.size === 1 ? [...steps][0]! : undefined;
  const groups =
    step === 1
      ? ''
      : `  0-9 tenths of a mixed group that are not free${step ? `; ${step} addresses per character` : ''}`;
  return [
    header!,
    ...lines,
    '',
    '. free  # used  b borrowed by another node  r reserved  ~ resting',
    ...(groups ? [groups.trim()] : []),
  ];
}

const mapOf = ({ map = '', mapStep = 1 }: Block, tellsStep: boolean): string =>
  tellsStep && mapStep > 1 ? `${map}  x${mapStep}` : map;

async function showBorrowed(context: Context): Promise<void> {
  const client = context.client();
  const query = { borrowed: 'true' };
  const assignments = await allPages(client.pages<Assignment>('/v1/ipam/assignments', 'assignments', query));
  const blocks = assignments.length === 0 ? [] : await allPages(client.pages<Block>('/v1/ipam/blocks', 'blocks'));
  const owners = new Map(blocks.map(({ cidr, node }) => [cidr, node]));
  context.answer({ assignments }, () =>
    assignments.length === 0
      ? ['no address is borrowed']
      : context.table(
          [
            { title: 'ADDRESS', value: ({ address }) => address },
            { title: 'BORROWED BY', value: ({ node }) => node },
            { title: 'FROM BLOCK', value: ({ block }) => block },
            { title: 'OF', value: ({ block }) => owners.get(block) },
            { title: 'HANDLE', value: ({ handle }) => handle },
          ],
          assignments,
        ),
  );
}

async function showSettings(context: Context): Promise<void> {
  const settings = await context.client().get<IpamSettings>('/v1/ipam/config');
  context.answer(settings, (it) =>
    fields([
      ['strict affinity', it.strictAffinity ? 'yes' : 'no'],
      ['blocks claimed by themselves', it.autoAllocateBlocks ? 'yes' : 'no'],
      ['blocks per host and version', it.maxBlocksPerHost === 0 ? 'no limit' : it.maxBlocksPerHost],
      ['cooldown', `${it.cooldownS} s`],
      ['leaks are freed after', it.leakGraceS === 0 ? 'never' : `${it.leakGraceS} s`],
    ]),
  );
}

const STATES: Readonly<Record<AddressState['state'], string>> = {
  outside: 'is in no pool',
  free: 'is free',
  used: 'is in use',
  reserved: 'is reserved, and not in use',
  resting: 'was released, and rests',
  unreadable: 'is in a block whose record is damaged: tortie ipam check',
};

async function showAddress(context: Context, address: string): Promise<void> {
  const found = await context.client().get<AddressState>(`/v1/ipam/addresses/${encodeURIComponent(address)}`);
  context.answer(found, ({ state, pool, block, blockNode, assignment, facts = [], reservations, freeAt }) => [
    `${found.address} ${STATES[state]}`,
    ...fields([
      ['pool', pool],
      ['block', block],
      ['of node', block === undefined ? undefined : (blockNode ?? 'nobody')],
      ['handle', assignment?.handle],
      ['used on node', assignment && `${assignment.node}${assignment.borrowed ? ', borrowed' : ''}`],
      ['since', assignment?.since],
      ['free again at', freeAt],
      ['reserved by', reservations.join(', ')],
      ...facts.map(({ name, value }) => [name, value] as const),
    ]),
  ]);
}
