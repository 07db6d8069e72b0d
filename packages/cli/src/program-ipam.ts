/** The commands about pools, blocks and addresses. */
import type { Command } from 'commander';
import type { Group, Leaf } from './program.js';

export function ipamCommands(leaf: Leaf, group: Group, ipam: Command): void {
  showCommands(leaf, ipam);
  poolCommands(leaf, group(ipam, 'pools', 'ranges that blocks are cut from'));
  addressCommands(leaf, ipam);
  careCommands(leaf, ipam);
  settingsCommands(leaf, group, ipam);
}

function showCommands(leaf: Leaf, ipam: Command): void {
  leaf(ipam, 'show', 'how full the pools are', async (context, _, options) =>
    (await import('./commands/ipam-show.js')).showIpam(context, options),
  )
    .option('--show-blocks', 'also each block, drawn as a map')
    .option('--show-borrowed', 'addresses that nodes use from blocks of others')
    .option('--show-configuration', 'the settings that hold for all pools')
    .option('--ip <address>', 'one address: what it is, and who has it')
    .option('--pool <pool>', 'only this pool')
    .option('--node <node>', 'with --show-blocks: only blocks of this node');
}

function poolCommands(leaf: Leaf, pools: Command): void {
  const load = () => import('./commands/ipam.js');
  leaf(pools, 'list', 'all pools', async (context) => (await load()).listPools(context));
  leaf(pools, 'add <name> <cidr>', 'add a pool', async (context, [name, cidr], options) =>
    (await load()).addPool(context, name!, cidr!, options),
  )
    .option('--block-size <length>', 'prefix length of its blocks')
    .option('--nat-outgoing', 'masquerade what leaves the pools')
    .option('--vxlan <mode>', 'between nodes: Always, CrossSubnet or Never')
    .option('--ipip <mode>', 'the same with IP in IP, for IPv4')
    .option('--wireguard <mode>', 'the same with WireGuard, which encrypts')
    .option('--host-gateway', 'routes straight to the other nodes, without BGP');
  leaf(pools, 'set <pool>', 'change a pool', async (context, [name], options) =>
    (await load()).setPool(context, name!, options),
  )
    .option('--disable', 'no new assignments')
    .option('--enable', 'new assignments again')
    .option('--nat-outgoing', 'masquerade what leaves the pools')
    .option('--no-nat-outgoing', 'leave it as it is')
    .option('--vxlan <mode>', 'between nodes: Always, CrossSubnet or Never')
    .option('--ipip <mode>', 'the same with IP in IP, for IPv4')
    .option('--wireguard <mode>', 'the same with WireGuard, which encrypts')
    .option('--host-gateway', 'routes straight to the other nodes, without BGP')
    .option('--no-host-gateway', 'routes between nodes come by BGP');
  leaf(pools, 'rm <pool>', 'remove a pool', async (context, [name], options) =>
    (await load()).removePool(context, name!, options),
  ).option('--drain', 'also one in use: it goes when its last address is released; tells what holds it up');
}

function addressCommands(leaf: Leaf, ipam: Command): void {
  const load = () => import('./commands/ipam.js');
  leaf(ipam, 'blocks', 'all blocks and the nodes they belong to', async (context) =>
    (await load()).listBlocks(context),
  );
  leaf(ipam, 'assignments', 'addresses that are assigned', async (context, _, options) =>
    (await load()).listAssignments(context, options),
  )
    .option('--handle <handle>', 'only of this workload')
    .option('--node <node>', 'only of this node');
  leaf(
    ipam,
    'assign <handle>',
    'assign addresses to a workload; without a flag one IPv4 address',
    async (context, [handle], options) => (await load()).assign(context, handle!, options),
  )
    .option('--ipv4 [count]', 'so many IPv4 addresses')
    .option('--ipv6 [count]', 'so many IPv6 addresses')
    .option('--address <address>', 'exactly this address')
    .option('--pool <pool>', 'from this pool');
  leaf(
    ipam,
    'release [handle]',
    'release all addresses of a workload, or what a check has found leaked',
    async (context, [handle], options) => {
      if (options.fromReport) await (await import('./commands/ipam-care.js')).releaseLeaks(context, handle, options);
      else await (await load()).release(context, handle);
    },
  ).option(
    '--from-report <file...>',
    'what is leaked by each of these reports (tortie ipam check --json), and still is; - is standard input',
  );
  leaf(
    ipam,
    'split <pool> <parts>',
    'cut a pool into 2, 4, 8, … pools; no address moves',
    async (context, [pool, parts]) => (await load()).splitPool(context, pool!, parts!),
  );
  leaf(
    ipam,
    'migrate <pool> <cidr>',
    'move to blocks of another size: make a pool beside, and let the old one go as its addresses are released',
    async (context, [pool, cidr], options) => (await load()).migratePool(context, pool!, cidr!, options),
  )
    .requiredOption('--block-size <length>', 'prefix length of the new blocks')
    .option('--name <pool>', 'name of the new pool; default: that of the old one, -new behind it');
}

function careCommands(leaf: Leaf, ipam: Command): void {
  const load = () => import('./commands/ipam-care.js');
  leaf(ipam, 'check', 'check all invariants, and look for leaks; exit 1 when something is broken', async (context) =>
    (await load()).checkIpam(context),
  );
  leaf(
    ipam,
    'repair',
    'cure what a check finds, where that takes no address from anybody; exit 1 when something is left',
    async (context, _, options) => (await load()).repairIpam(context, options),
  ).option('--dry-run', 'only tell what would be done');
  leaf(ipam, 'gc', 'free what nobody uses, as the agent does by itself', async (context, _, options) =>
    (await load()).collectGarbage(context, options),
  ).option('--dry-run', 'only tell what would be freed, and why');
}

function settingsCommands(leaf: Leaf, group: Group, ipam: Command): void {
  const load = () => import('./commands/ipam-settings.js');
  leaf(ipam, 'configure', 'change the settings that hold for all pools', async (context, _, options) =>
    (await load()).configureIpam(context, options),
  )
    .option('--strict-affinity <yes|no>', 'nodes use only their own blocks')
    .option('--auto-allocate-blocks <yes|no>', 'nodes claim blocks by themselves')
    .option('--max-blocks-per-host <number>', 'per IP version; 0: no limit')
    .option('--cooldown <seconds>', 'how long a released address rests')
    .option('--leak-grace <seconds>', 'how long a workload is gone before its addresses are freed; 0: never');
  const reservations = group(ipam, 'reservations', 'addresses that are never handed out by themselves');
  leaf(reservations, 'list', 'all reservations', async (context) => (await load()).listReservations(context));
  leaf(
    reservations,
    'add <name> <cidr...>',
    'reserve addresses; a name that is there is replaced',
    async (context, [name, ...cidrs]) => (await load()).addReservation(context, name!, cidrs),
  );
  leaf(reservations, 'rm <name>', 'take a reservation away', async (context, [name]) =>
    (await load()).removeReservation(context, name!),
  );
  const nodes = group(ipam, 'nodes', 'nodes as address management sees them');
  leaf(nodes, 'list', 'blocks of each node, and how many it may have', async (context) =>
    (await load()).listNodes(context),
  );
  leaf(nodes, 'rm <node>', 'say that a node is gone for good: what it had is freed', async (context, [node]) =>
    (await load()).removeNode(context, node!),
  );
}
