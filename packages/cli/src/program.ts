/** The command tree. What a command does is loaded when it is called, so that each starts as fast as it can. */
import { Argument, Command, Option } from 'commander';
import { KEEP_FLAG } from './agent-rights.js';
import { PEER_FLAGS, type PeerFlag, RANGE_FLAGS } from './commands/peer-options.js';
import { type Context, createContext, type GlobalOptions, type Io } from './context.js';
import { addExamples } from './examples.js';
import { exitCodesText } from './exit-codes.js';
import { clusterCommands } from './program-cluster.js';
import { cniCommands } from './program-cni.js';
import { ipamCommands } from './program-ipam.js';
import { mrtCommands } from './program-mrt.js';
import { resourceCommands } from './program-resources.js';
import { storeCommands } from './program-store.js';

type Values = Readonly<Record<string, unknown>>;
type Action = (context: Context, args: readonly string[], options: Values) => Promise<void> | void;

export function buildProgram(io: Io, version: string): Command {
  const program = new Command('tortie')
    .description('Runs and asks Tortie, a Calico-style pod network')
    .version(version, '--version', 'print the version')
    .helpCommand('help [command]', 'display help; "help exit-codes" lists the exit codes')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .exitOverride()
    .addHelpText(
      'after',
      '\nThe agent is asked on --socket, else TORTIE_SOCKET, else TORTIE_URL, else /run/tortie/agent.sock.',
    );
  connectionOptions(program);

  const leaf = (parent: Command, signature: string, summary: string, action: Action): Command => {
    const command = parent.command(signature).description(summary);
    connectionOptions(command);
    command.action(async (...received: unknown[]) => {
      const args = received
        .slice(0, -2)
        .flat()
        // Arguments that may be absent are undefined then.
        .filter((each) => each !== undefined)
        .map((each) => each as string);
      const options = command.optsWithGlobals<GlobalOptions & Values>();
      await action(createContext(io, options), args, options);
    });
    return command;
  };
  const group = (parent: Command, name: string, summary: string): Command =>
    parent.command(name).description(summary).helpCommand(false);

  agentCommand(leaf, program);
  statusCommands(leaf, program);
  resourceCommands(leaf, program);
  peerCommands(leaf, group(program, 'peers', 'peers of the node'));
  rangeCommands(leaf, group(program, 'ranges', 'prefixes from inside which peers may dial'));
  routeCommands(leaf, program, group);
  serviceCommands(leaf, group(program, 'services', 'services with a ready endpoint on this node, which it announces'));
  bmpCommands(leaf, group(program, 'bmp', 'collectors that are shown the tables (BMP)'));
  ipamCommands(leaf, group, group(program, 'ipam', 'pools, blocks and addresses'));
  wireguardCommands(leaf, group(program, 'wireguard', "this node's key for packets between nodes, and its peers"));
  clusterCommands(
    leaf,
    program,
    group(program, 'cluster', "this node's part in its cluster"),
    group(program, 'secrets', 'passwords that resources name'),
  );
  cniCommands(leaf, program, group(program, 'cni', 'the plugin that container runtimes call'));
  storeCommands(leaf, group(program, 'store', 'the store as a file: copies, and the way to another backend'));
  labCommands(leaf, group(program, 'lab', 'racks of network namespaces on this machine'));
  mrtCommands(leaf, group(program, 'mrt', 'MRT files: tables and messages, recorded'));
  completionCommands(leaf, program, io);
  leaf(program, 'exit-codes', 'what the exit codes mean', (context) =>
    context.line(exitCodesText().trimEnd()),
  ).addHelpText('after', `\n${exitCodesText()}`);
  addExamples(program);
  return program;
}

export type Leaf = (parent: Command, signature: string, summary: string, action: Action) => Command;
export type Group = (parent: Command, name: string, summary: string) => Command;

function connectionOptions(command: Command): void {
  command
    .addOption(new Option('--socket <path>', "unix socket of the agent's API"))
    .addOption(new Option('--url <url>', "address of the agent's API over TCP"))
    .addOption(new Option('--token-file <file>', 'file with the bearer token for --url'))
    .addOption(new Option('--json', 'answer as JSON'));
}

function agentCommand(leaf: Leaf, program: Command): void {
  leaf(program, 'agent', 'run the agent of this node', async (_, __, options) => {
    const { startAgent } = await import('./commands/agent.js');
    await startAgent(String(options.config));
  })
    .requiredOption('-c, --config <file>', 'configuration file (YAML)')
    .option(KEEP_FLAG, 'keep all capabilities of root, not just those an agent needs');
}

function statusCommands(leaf: Leaf, program: Command): void {
  leaf(program, 'status', 'the node at a glance', async (context, _, options) =>
    (await import('./commands/status.js')).showStatus(context, options),
  ).option('--check', 'exit 1 when a condition does not hold');
  leaf(program, 'events', 'what happened lately', async (context, _, options) =>
    (await import('./commands/events.js')).showEvents(context, options),
  )
    .option('-f, --follow', 'go on with what happens')
    .option(
      '--kind <kind>',
      'only these: session, peer, bfd, bmp, mrt, block, originated, fib, pod, nat, link, store, resource, cluster, agent',
    )
    .option('--limit <number>', 'at most so many of the newest');
}

function peerCommands(leaf: Leaf, peers: Command): void {
  const load = () => import('./commands/peers.js');
  leaf(peers, 'list', 'all peers with the state of their sessions', async (context) =>
    (await load()).listPeers(context),
  );
  leaf(peers, 'show <peer>', 'one peer with everything known of it', async (context, [name]) =>
    (await load()).showPeer(context, name!),
  );
  const add = leaf(
    peers,
    'add [name] [address] [asn]',
    'add a peer; with --interface an unnumbered one, named like its interface unless a name is given',
    async (context, words, options) => (await load()).addPeer(context, words, options),
  ).option('--remote-asn <asn>', 'AS number of the peer, or external (any but ours), or internal (ours)');
  const set = leaf(
    peers,
    'set <peer>',
    'change a peer; says whether the session goes on',
    async (context, [name], options) => (await load()).setPeer(context, name!, options),
  )
    .option('--address <address>', 'address of the peer')
    .option('--asn <asn>', 'AS number of the peer');
  for (const command of [add, set]) addFlags(command, PEER_FLAGS);
  set.option('--unset <field...>', 'take fields back to their defaults: --unset hold-time password');
  set.option('--if-revision <number>', 'only when nobody has changed it since this revision');
  leaf(peers, 'rm <peer>', 'remove a peer', async (context, [name], options) =>
    (await load()).removePeer(context, name!, options),
  ).option('--if-revision <number>', 'only when nobody has changed it since this revision');
  leaf(peers, 'drain <peer>', 'have traffic leave a session before maintenance (RFC 8326)', async (context, [name]) =>
    (await load()).drainPeer(context, name!, true),
  );
  leaf(peers, 'undrain <peer>', 'use a drained session again', async (context, [name]) =>
    (await load()).drainPeer(context, name!, false),
  );
  leaf(peers, 'reset <peer>', 'reset a session; without a flag: --soft', async (context, [name], options) =>
    (await load()).resetPeer(context, name!, options),
  )
    .option('--hard', 'close it and dial again')
    .option('--soft', 'ask for and send all routes again; the session goes on')
    .option('--in', 'only ask for the routes of the peer again')
    .option('--out', 'only send ours again');
}

function rangeCommands(leaf: Leaf, ranges: Command): void {
  const load = () => import('./commands/ranges.js');
  leaf(ranges, 'list', 'all ranges', async (context) => (await load()).listRanges(context));
  leaf(ranges, 'show <range>', 'one range and the peers it has', async (context, [name]) =>
    (await load()).showRange(context, name!),
  );
  const add = leaf(
    ranges,
    'add <name> <prefix> <asn>',
    'let peers dial from inside a prefix',
    async (context, [name, prefix, asn], options) => (await load()).addRange(context, [name!, prefix!, asn!], options),
  );
  const set = leaf(ranges, 'set <range>', 'change a range and the peers it has', async (context, [name], options) =>
    (await load()).setRange(context, name!, options),
  )
    .option('--prefix <prefix>', 'another prefix; peers outside of it go')
    .option('--asn <asn>', 'AS number of the peers');
  for (const command of [add, set]) addFlags(command, RANGE_FLAGS);
  set.option('--unset <field...>', 'take fields back to their defaults: --unset limit');
  const rm = leaf(ranges, 'rm <range>', 'remove a range and the peers it has', async (context, [name], options) =>
    (await load()).removeRange(context, name!, options),
  );
  for (const command of [set, rm]) {
    command.option('--if-revision <number>', 'only when nobody has changed it since this revision');
  }
}

function addFlags(command: Command, list: readonly PeerFlag[]): void {
  for (const { flags, description, choices } of list) {
    const option = new Option(flags, description);
    command.addOption(choices ? option.choices(choices) : option);
  }
  command.option('--field <name=value...>', 'any field of the API: --field delayOpenS=5 gracefulRestart.staleTimeS=60');
}

function routeCommands(leaf: Leaf, program: Command, group: Group): void {
  leaf(program, 'routes [prefix]', 'routes, and why they are used', async (context, [prefix], options) =>
    (await import('./commands/routes.js')).showRoutes(context, prefix, options),
  )
    .option('--why <prefix>', 'why one route is the best for a prefix or an address, and what beat the others')
    .option('--fib', 'the routes in the kernel, with its own words where it refused one')
    .option('--received <peer>', 'routes this peer sent')
    .option('--before-policy', 'with --received: as they came, before the import policy')
    .option('--advertised <peer>', 'routes this peer gets')
    .addOption(new Option('--family <family>', 'only this family').choices(['ipv4', 'ipv6']))
    .option('--longer', 'with a prefix: also all more specific ones')
    .addOption(
      new Option('--state <state>', 'with --fib: only these').choices(['installed', 'pending', 'failed', 'stale']),
    )
    .option('--limit <number>', 'at most so many; default 500')
    .option('--all', 'however many there are')
    .addHelpText('after', '\nIn the list * is the best route, + is installed beside it, ! may not be used.');
  const originated = group(program, 'originated', 'prefixes this node announces by itself');
  const load = () => import('./commands/originated.js');
  leaf(originated, 'list', 'all of them, and where they come from', async (context) =>
    (await load()).listOriginated(context),
  );
  leaf(originated, 'add <prefix>', 'announce a prefix', async (context, [prefix], options) =>
    (await load()).addOriginated(context, prefix!, options),
  )
    .option('--med <number>', 'MULTI_EXIT_DISC')
    .option('--local-pref <number>', 'LOCAL_PREF')
    .option('--communities <list>', '65000:100,no-export');
  leaf(originated, 'rm <prefix>', 'withdraw a prefix', async (context, [prefix]) =>
    (await load()).removeOriginated(context, prefix!),
  );
}

function serviceCommands(leaf: Leaf, services: Command): void {
  const load = () => import('./commands/services.js');
  leaf(services, 'list', 'all of them, and which of their addresses are announced', async (context) =>
    (await load()).listServices(context),
  );
  leaf(
    services,
    'set <service> <address...>',
    'say that a service has an endpoint here, and what its addresses are now',
    async (context, [name, ...addresses]) => (await load()).setService(context, name!, addresses),
  );
  leaf(
    services,
    'rm <service>',
    'say that it has none any more: what no other service has is withdrawn',
    async (context, [name]) => (await load()).removeService(context, name!),
  );
}

function bmpCommands(leaf: Leaf, bmp: Command): void {
  const load = () => import('./commands/bmp.js');
  leaf(bmp, 'list', 'all collectors with the state of their connections', async (context) =>
    (await load()).listCollectors(context),
  );
  leaf(bmp, 'show <collector>', 'one collector', async (context, [name]) =>
    (await load()).showCollector(context, name!),
  );
  leaf(bmp, 'add <name> <address>', 'add a collector', async (context, [name, address], options) =>
    (await load()).addCollector(context, name!, address!, options),
  )
    .option('--port <number>', 'TCP port of the collector; default 1790')
    .option('--local-address <address>', 'source address of the connection')
    .option(
      '--monitor <list>',
      'adj-rib-in-pre,adj-rib-in-post,loc-rib,adj-rib-out-post; default: adj-rib-in-pre,loc-rib',
    )
    .option('--families <list>', 'ipv4,ipv6')
    .option('--stats-interval <seconds>', 'time between statistics; 0: none');
  leaf(bmp, 'rm <collector>', 'remove a collector', async (context, [name]) =>
    (await load()).removeCollector(context, name!),
  );
}

function wireguardCommands(leaf: Leaf, wireguard: Command): void {
  const load = () => import('./commands/wireguard.js');
  leaf(wireguard, 'show', 'the public key of this node, and which nodes have answered', async (context) =>
    (await load()).showWireguard(context),
  );
  leaf(
    wireguard,
    'rotate',
    'another key pair for this node, for one that is lost or known to others',
    async (context) => (await load()).rotateKey(context),
  );
}

function labCommands(leaf: Leaf, lab: Command): void {
  const load = () => import('./commands/lab.js');
  leaf(lab, 'list', 'labs that run, and labs that come with Tortie', async (context) =>
    (await load()).listLabs(context),
  );
  leaf(
    lab,
    'up [lab]',
    'bring a lab up: a file, or the name of one that comes with Tortie; default: rack',
    async (context, [name], options) => (await load()).upLab(context, name, options),
  )
    .option('--once', 'converge, check, print, take down; exit 1 when it did not converge')
    .option('--deadline <seconds>', 'how long that may take; default 120')
    .option('--check', 'only check the file');
  leaf(lab, 'down [lab]', 'take a lab down, also one whose process was killed', async (context, [name], options) =>
    (await load()).downLab(context, name, options),
  ).option('--all', 'all labs of this user');
  leaf(lab, 'check [lab]', 'whether the running lab has converged; exit 1 when not', async (context, [name]) =>
    (await load()).checkLab(context, name),
  );
  leaf(
    lab,
    'exec <place> <command...>',
    'run a command in a host or pod of the running lab',
    async (_, [place, ...command], options) =>
      (await load()).execLab(place!, command, options.lab as string | undefined),
  )
    .option('--lab <lab>', 'which lab, where several run')
    .passThroughOptions();
}

function completionCommands(leaf: Leaf, program: Command, io: Io): void {
  const load = () => import('./commands/completion.js');
  leaf(program, 'completion', 'print the completion script of a shell', async (context, [shell]) =>
    (await load()).printCompletion(context, program, shell as 'bash' | 'zsh' | 'fish'),
  ).addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']));
  const values = program.command('completion-values <kind> [words...]', { hidden: true });
  connectionOptions(values);
  values.action(async (kind: string, words: readonly string[]) => {
    await (await load()).printValues(createContext(io, values.optsWithGlobals()), kind, words);
  });
}
