/**
 * Whose packet filters keep the packets of pods, and what lets them pass. A verdict of one table cannot be taken back by another:
 * only who made the rule, or who adds one before it, can help. Pure.
 */
import { addressAt, formatPrefix, lastAddress, type Prefix } from '@tortie/ip';
import { type FilterTable, type JudgedPacket, judge, type Marks, type NftFamily } from '@tortie/linux';

export interface FilterChain {
  readonly familyName: NftFamily;
  readonly table: string;
  readonly name: string;
  readonly policy?: 'drop' | 'accept';
  readonly contents: FilterTable;
  /** All chains of its table. */
  readonly chains: readonly string[];
}

export interface DroppedPods {
  readonly subject: string;
  readonly text: string;
  readonly remedy: string;
}

/** Any name that a host's end of a pod may have. */
const POD_INTERFACE = 'tor0123456789a';

const sees = (family: NftFamily, version: 4 | 6): boolean => family === 'inet' || (family === 'ip') === (version === 4);

/** What a pod sends to one elsewhere, what it gets from there, and what passes between two of this node. */
function packetsOf(pool: Prefix, uplink: string): JudgedPacket[] {
  const [here, there] = [addressAt(pool, 0), lastAddress(pool)];
  return [
    { in: POD_INTERFACE, out: uplink, source: here, destination: there },
    { in: uplink, out: POD_INTERFACE, source: there, destination: here },
    { in: POD_INTERFACE, out: POD_INTERFACE, source: here, destination: there },
  ];
}

/**
 * `uplinks`: the interface by which packets leave for other nodes, by IP version. `before`: chains that see packets before a way is
 * chosen for them, whose marks others read. Both in the order in which the kernel calls them.
 */
export function droppedPods(
  chains: readonly FilterChain[],
  before: readonly FilterChain[],
  pools: readonly Prefix[],
  uplinks: Readonly<Record<4 | 6, string>>,
): DroppedPods[] {
  const hits = new Map<FilterChain, { because: string; readonly pools: Prefix[] }>();
  for (const pool of pools) {
    const own = (all: readonly FilterChain[]) => all.filter((chain) => sees(chain.familyName, pool.version));
    for (const packet of packetsOf(pool, uplinks[pool.version])) {
      const marks: Marks = { packet: 0, connection: 0 };
      for (const chain of own(before)) judge(chain.contents, chain, packet, marks);
      for (const chain of own(chains)) {
        const { verdict, rule } = judge(chain.contents, chain, packet, marks);
        if (verdict !== 'drop' && verdict !== 'reject') continue;
        const hit = hits.get(chain) ?? {
          because: rule === undefined ? 'its policy is drop' : `a rule in chain ${rule} ${verdict}s them`,
          pools: [],
        };
        if (!hit.pools.includes(pool)) hit.pools.push(pool);
        hits.set(chain, hit);
      }
    }
  }
  return [...hits].map(([chain, { because, pools: dropped }]) => {
    const where = `chain ${chain.name} of table ${chain.familyName} ${chain.table}`;
    return {
      subject: where,
      text: `packets of pods in ${dropped.map(formatPrefix).join(', ')} do not pass ${where}: ${because}, and no rule before that lets them pass`,
      remedy: remedyFor(chain, dropped),
    };
  });
}

function remedyFor({ familyName, table, name, chains }: FilterChain, pools: readonly Prefix[]): string {
  if (table === 'firewalld') {
    const sources = pools.map((pool) => `--add-source=${formatPrefix(pool)}`).join(' ');
    return `firewall-cmd --permanent --zone=trusted ${sources} && firewall-cmd --reload`;
  }
  if (table === 'filter' && name === 'FORWARD' && familyName !== 'inet') {
    return iptablesRemedy(familyName === 'ip' ? 'iptables' : 'ip6tables', chains);
  }
  const rule = (direction: string): string =>
    `nft insert rule ${familyName} ${table} ${name} ${direction} '"tor*"' accept`;
  return `${rule('iifname')}; ${rule('oifname')} (and where those rules are kept, for the next start)`;
}

/** Docker leaves its chain DOCKER-USER alone, and makes the others anew. */
export function iptablesRemedy(command: string, chains: readonly string[]): string {
  const chain = chains.includes('DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD';
  return `${command} -I ${chain} -i tor+ -j ACCEPT; ${command} -I ${chain} -o tor+ -j ACCEPT (at each start, before pods)`;
}

/**
 * The same from what `iptables-legacy -S` prints, which nf_tables knows nothing of: a policy that drops, without an exception for
 * pods' interfaces or a pool.
 */
export function droppedByLegacy(printed: string, command: string, pools: readonly Prefix[]): DroppedPods[] {
  if (!/^-P FORWARD DROP$/m.test(printed) || pools.length === 0) return [];
  const accepting = printed.split('\n').filter((line) => /^-A .*-j ACCEPT$/.test(line));
  const excepts = (option: string, interfaceOption: string): boolean =>
    accepting.some(
      (line) =>
        line.includes(`${interfaceOption} tor+ `) ||
        pools.some((pool) => line.includes(`${option} ${formatPrefix(pool)} `)) ||
        /^-A FORWARD -j ACCEPT$/.test(line),
    );
  if (excepts('-s', '-i') && excepts('-d', '-o')) return [];
  const chains = [...printed.matchAll(/^-N (\S+)$/gm)].map(([, name]) => name!);
  const subject = `chain FORWARD of ${command}`;
  return [
    {
      subject,
      text: `packets of pods in ${pools.map(formatPrefix).join(', ')} do not pass ${subject}: its policy is DROP, and no rule lets them pass`,
      remedy: iptablesRemedy(command, chains),
    },
  ];
}
