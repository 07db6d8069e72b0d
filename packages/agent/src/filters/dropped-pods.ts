/**
 * Whose packet filters keep the packets of pods, and what lets them pass. A verdict of one table cannot be taken back by another:
 * only who made the rule, or who adds one before it, can help. Pure.
 */
import { addressAt, formatPrefix, lastAddress, type Prefix } from '@tortie/ip';
import {
  type FilterTable,
  type JudgedPacket,
  type Judgement,
  judge,
  type Marks,
  type NftFamily,
  type Unjudged,
} from '@tortie/linux';

export interface FilterChain {
  readonly familyName: NftFamily;
  readonly table: string;
  readonly name: string;
  readonly policy?: 'drop' | 'accept';
  readonly contents: FilterTable;
  /** All chains of its table. */
  readonly chains: readonly string[];
  /** Whose chain it is, where it is none of nf_tables. */
  readonly command?: string;
}

export interface DroppedPods {
  /** `pods-unjudged`: they may be. */
  readonly code: 'pods-dropped' | 'pods-unjudged';
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

interface Hit {
  /** Where packets are dropped for sure. */
  readonly because: string | undefined;
  readonly unjudged: Unjudged | undefined;
  readonly pools: readonly Prefix[];
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
  const hits = new Map<FilterChain, Hit>();
  for (const pool of pools) {
    const own = (all: readonly FilterChain[]) => all.filter((chain) => sees(chain.familyName, pool.version));
    for (const packet of packetsOf(pool, uplinks[pool.version])) {
      const marks: Marks = { packet: 0, connection: 0 };
      for (const chain of own(before)) judge(chain.contents, chain, packet, marks);
      for (const chain of own(chains)) {
        const judgement = judge(chain.contents, chain, packet, marks);
        if (judgement.verdict !== 'accept') hits.set(chain, addHit(hits.get(chain), judgement, pool));
      }
    }
  }
  return [...hits].map(([chain, hit]) => (hit.because === undefined ? unjudged(chain, hit) : dropped(chain, hit)));
}

/** What is dropped counts more than what may be. */
function addHit(before: Hit | undefined, { verdict, rule, unjudged: by }: Judgement, pool: Prefix): Hit {
  const isSure = verdict !== 'unknown';
  if (before && !isSure && before.because !== undefined) return before;
  const said = rule === undefined ? 'its policy is drop' : `a rule in chain ${rule} ${verdict}s them`;
  const pools = before && (before.because !== undefined) === isSure ? before.pools : [];
  return {
    because: isSure ? (before?.because ?? said) : undefined,
    unjudged: before?.unjudged ?? by,
    pools: pools.includes(pool) ? pools : [...pools, pool],
  };
}

const placeOf = ({ command, familyName, table, name }: FilterChain): string =>
  command === undefined ? `chain ${name} of table ${familyName} ${table}` : `chain ${name} of ${command}`;

function dropped(chain: FilterChain, { because, pools }: Hit): DroppedPods {
  const where = placeOf(chain);
  return {
    code: 'pods-dropped',
    subject: where,
    text: `packets of pods in ${pools.map(formatPrefix).join(', ')} do not pass ${where}: ${because}, and no rule before that lets them pass`,
    remedy: remedyFor(chain, pools),
  };
}

function unjudged(chain: FilterChain, { unjudged: by, pools }: Hit): DroppedPods {
  const where = placeOf(chain);
  const { familyName, table, command } = chain;
  const why = by
    ? `rule "${by.rule}" of its chain ${by.chain} depends on ${by.what}, which nobody but the kernel knows`
    : 'it has too many rules';
  const list =
    by && command === undefined ? `nft -a list chain ${familyName} ${table} ${by.chain} shows the rule; ` : '';
  return {
    code: 'pods-unjudged',
    subject: where,
    text: `whether packets of pods in ${pools.map(formatPrefix).join(', ')} pass ${where} cannot be judged: ${why}`,
    remedy: `${list}where pods are not reached: ${remedyFor(chain, pools)}`,
  };
}

function remedyFor({ command, familyName, table, name, chains }: FilterChain, pools: readonly Prefix[]): string {
  if (command !== undefined) return iptablesRemedy(command, chains);
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
function iptablesRemedy(command: string, chains: readonly string[]): string {
  const chain = chains.includes('DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD';
  return `${command} -I ${chain} -i tor+ -j ACCEPT; ${command} -I ${chain} -o tor+ -j ACCEPT (at each start, before pods)`;
}
