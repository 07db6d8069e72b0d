/**
 * The rules of iptables-legacy, which nf_tables knows nothing of, as what `iptables-legacy -S` prints of table filter -> what judges
 * those of nf_tables. Matches that are not known here hold perhaps. Pure.
 */
import { addressToBytes, type IpVersion, parseAddress } from '@tortie/ip';
import { type FilterTable, filterTable, type ShownExpression, type ShownNftRule } from '@tortie/linux';

export interface LegacyFilter {
  readonly policy: 'accept' | 'drop';
  readonly contents: FilterTable;
  /** Those that somebody has made. */
  readonly chains: readonly string[];
}

/** Of nf_tables: keys of meta, header, verdicts, the operators of comparisons. */
const META = { IIFNAME: 6, OIFNAME: 7, L4PROTO: 16 } as const;
const NETWORK_HEADER = 1;
const VERDICTS: Readonly<Record<string, number>> = { DROP: 0, ACCEPT: 1, RETURN: -5, QUEUE: 3 };
const [JUMP, GOTO] = [-3, -4];
const [EQUAL, NOT_EQUAL] = [0, 1];
const REGISTER = 1;
const NAME_OCTETS = 16;
/** Where the addresses of a packet lie. */
const OFFSETS: Readonly<Record<IpVersion, Readonly<Record<'-s' | '-d', number>>>> = {
  4: { '-s': 12, '-d': 16 },
  6: { '-s': 8, '-d': 24 },
};
const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  'ipv6-icmp': 58,
  icmpv6: 58,
  sctp: 132,
};
const STATES: Readonly<Record<string, number>> = { INVALID: 1, ESTABLISHED: 2, RELATED: 4, NEW: 8, UNTRACKED: 64 };
const ASIDE_TARGETS = new Set(['LOG', 'NFLOG', 'TRACE', 'TCPMSS', 'CLASSIFY', 'DSCP', 'TTL', 'HL', 'CHECKSUM']);

export function readLegacyFilter(printed: string, version: IpVersion): LegacyFilter {
  const lines = printed.split('\n').filter((line) => line !== '');
  const chains = lines.flatMap((line) => /^-N (\S+)$/.exec(line)?.[1] ?? []);
  const rules = lines.filter((line) => line.startsWith('-A ')).map((line) => readRule(line, version, chains));
  const policy = lines.includes('-P FORWARD DROP') ? 'drop' : 'accept';
  return { policy, contents: filterTable(rules), chains };
}

/** `-A FORWARD ! -i eth0 -s 10.0.0.0/8 -p tcp -m set --match-set bad src -m comment --comment "a b" -j DROP`. */
function readRule(line: string, version: IpVersion, chains: readonly string[]): ShownNftRule {
  const words = (line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).slice(1);
  const chain = words.shift() ?? '';
  const expressions: ShownExpression[] = [];
  let not = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '!') {
      not = true;
      continue;
    }
    switch (word) {
      case '-s':
      case '-d':
        expressions.push(...address(words.shift() ?? '', OFFSETS[version][word], not));
        break;
      case '-i':
      case '-o':
        expressions.push(...interfaceName(words.shift() ?? '', word === '-i' ? META.IIFNAME : META.OIFNAME, not));
        break;
      case '-p':
        expressions.push(...protocol(words.shift() ?? '', not));
        break;
      case '-m':
        expressions.push(...match(words.shift() ?? '', optionsOf(words)));
        break;
      case '-j':
      case '-g':
        expressions.push(target(words.shift() ?? '', word === '-g' ? GOTO : JUMP, chains));
        optionsOf(words);
        break;
      default:
        expressions.push({ type: 'unknown', what: word });
    }
    not = false;
  }
  return { chain, label: line, expressions };
}

/** What follows the name of a match or target, up to the next of them. */
function optionsOf(words: string[]): string[] {
  const next = words.findIndex((word) => /^-[a-z]$/.test(word));
  const options = words.splice(0, next < 0 ? words.length : next);
  // It belongs to what comes next.
  if (options.at(-1) === '!') words.unshift(options.pop()!);
  return options;
}

function address(text: string, offset: number, not: boolean): ShownExpression[] {
  const [base = '', length] = text.split('/');
  const value = addressToBytes(parseAddress(base));
  const bits = Number(length ?? value.length * 8);
  if (!Number.isInteger(bits)) return [{ type: 'unknown', what: text }];
  const mask = value.map((_, at) => (0xff00 >> Math.max(0, Math.min(8, bits - 8 * at))) & 0xff);
  return [
    { type: 'payload', register: REGISTER, base: NETWORK_HEADER, offset, length: value.length },
    { type: 'bitwise', from: REGISTER, to: REGISTER, mask, xor: new Uint8Array(value.length) },
    compare(
      value.map((octet, at) => octet & mask[at]!),
      not,
    ),
  ];
}

/** `tor+`: all that begin so. */
function interfaceName(text: string, key: number, not: boolean): ShownExpression[] {
  const isPrefix = text.endsWith('+');
  const name = [...(isPrefix ? text.slice(0, -1) : text)].map((letter) => letter.charCodeAt(0));
  const octets = Uint8Array.from({ length: isPrefix ? name.length : NAME_OCTETS }, (_, at) => name[at] ?? 0);
  return [{ type: 'meta', register: REGISTER, key }, compare(octets, not)];
}

function protocol(text: string, not: boolean): ShownExpression[] {
  const number = PROTOCOLS[text] ?? Number(text);
  if (text === 'all' || number === 0) return [];
  if (!Number.isInteger(number)) return [{ type: 'unknown', what: `-p ${text}` }];
  return [{ type: 'meta', register: REGISTER, key: META.L4PROTO }, compare(Uint8Array.of(number), not)];
}

const compare = (value: Uint8Array, not: boolean): ShownExpression => ({
  type: 'compare',
  register: REGISTER,
  operator: not ? NOT_EQUAL : EQUAL,
  value,
});

function match(name: string, options: readonly string[]): ShownExpression[] {
  if (name === 'comment') return [];
  const [option, list = '', ...more] = options.filter((word) => word !== '!');
  if ((option === '--ctstate' || option === '--state') && more.length === 0) {
    const states = list.split(',').map((state) => STATES[state]);
    if (states.every((state) => state !== undefined))
      return [{ type: 'state-in', states: states.reduce((sum, one) => sum | one, 0), not: options.includes('!') }];
  }
  return [{ type: 'unknown', what: ['-m', name, ...options].join(' ') }];
}

function target(name: string, how: number, chains: readonly string[]): ShownExpression {
  if (chains.includes(name)) return { type: 'verdict', code: how, chain: name };
  const code = VERDICTS[name];
  if (code !== undefined) return { type: 'verdict', code, chain: undefined };
  if (name === 'REJECT') return { type: 'reject' };
  return ASIDE_TARGETS.has(name) ? { type: 'aside' } : { type: 'unknown-marks' };
}
