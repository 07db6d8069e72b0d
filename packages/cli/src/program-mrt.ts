/** `tortie mrt`: the part of the command tree that works on MRT files. */
import { type Command, Option } from 'commander';
import type { Leaf } from './program.js';

const collect = (value: string, former: readonly string[] | undefined): readonly string[] => [...(former ?? []), value];

const TIME_HELP = 'seconds since 1970, or 2026-01-31T12:00 (UTC unless it says otherwise)';

/** What routes are wanted; the same for all commands that read files. */
function filterOptions(command: Command): Command {
  return command
    .option('--prefix <prefix>', 'routes of this prefix; may be given several times', collect)
    .option('--longer', 'with --prefix: also of all prefixes inside it')
    .option('--covering', 'with --prefix: also of all prefixes that it lies in')
    .option('--exact', 'with --prefix: of exactly this one, the default')
    .option('--peer <peer>', 'of the peer with this address or AS number; may be given several times', collect)
    .option('--origin-as <asn>', 'whose path ends with this AS; may be given several times', collect)
    .option('--as-path <expression>', "whose path matches, like '^3333 .* 65000$'; as in route policies", collect)
    .option('--community <community>', 'that carry it: 65000:1, 65000:*, 65000:1:2, no-export', collect)
    .addOption(
      new Option('--type <type>', 'only these: rib, announce, withdraw, state; may be given several times')
        .choices(['rib', 'announce', 'withdraw', 'state'])
        .argParser((value: string, former: readonly string[] | undefined) => collect(value, former)),
    )
    .option('--from <time>', `records from then on: ${TIME_HELP}`)
    .option('--to <time>', 'records before then');
}

export function mrtCommands(leaf: Leaf, mrt: Command): void {
  filterOptions(
    leaf(mrt, 'print <files...>', 'print the routes in MRT files, a line each', async (context, files, options) =>
      (await import('./mrt/print.js')).printMrt(context, files, options),
    ),
  )
    .option('--bgpdump', 'the lines of bgpdump -m, for scripts that parse those')
    .option('--count', 'only how many there are')
    .addHelpText(
      'after',
      '\nFILE may be compressed with gzip, bzip2, xz or zstd; - is standard input. With --json a line is a document.',
    );
  leaf(mrt, 'info <files...>', 'what MRT files hold: records, times, peers', async (context, files) =>
    (await import('./mrt/info.js')).showMrtInfo(context, files),
  );
  filterOptions(
    leaf(
      mrt,
      'convert <file> <output>',
      'write the wanted routes of a file to another one; TABLE_DUMP becomes TABLE_DUMP_V2',
      async (context, [file, output], options) =>
        (await import('./mrt/convert.js')).convertMrt(context, file!, output!, options),
    ),
  )
    .option('--updates', 'make the routes of table dumps BGP4MP messages that announce them')
    .addHelpText('after', '\nAn output that ends in .gz is compressed; - is standard output.');
  leaf(
    mrt,
    'replay <files...>',
    'play the routes of one peer in MRT files into a BGP session',
    async (context, files, options) => (await import('./mrt/replay.js')).runMrtReplay(context, files, options as never),
  )
    .requiredOption('--to <address>', 'address of the router, with a port as 192.0.2.1:1179 or [2001:db8::1]:1179')
    .requiredOption('--local-asn <asn>', 'our AS number; put in front of paths that do not begin with it')
    .requiredOption('--remote-asn <asn>', 'its AS number')
    .option('--peer <peer>', 'whose routes, by address or AS number; needed where the files have several peers')
    .option('--local-address <address>', 'our address; default: what the kernel chooses')
    .option('--router-id <address>', 'our BGP identifier; default 192.0.2.1')
    .option('--next-hop <address>', 'self (default), keep as recorded, or an address; one per IP version', collect)
    .option('--rate <number>', 'at most so many routes in a second')
    .option('--speed <factor>', 'messages at the times of their records: 1 as they came, 10 ten times faster')
    .option('--from <time>', `only records from then on: ${TIME_HELP}`)
    .option('--until <time>', 'only records before then')
    .option('--hold-time <seconds>', 'hold time offered; default 90')
    .option('--stay <seconds>', 'how long the session stays after the last message; default: until interrupted');
  leaf(mrt, 'dump', 'have the agent write its tables to an MRT file now', async (context) =>
    (await import('./mrt/dump.js')).dumpTables(context),
  );
}
