/**
 * What the chains of a table do with a packet that begins a connection, as the kernel would find it. Conditions that cannot be
 * judged from the packet alone (sets, marks, extensions of iptables) count as not met: the packet is an ordinary one.
 */
import { type Address, addressToBytes } from '@tortie/ip';
import { LITTLE_ENDIAN } from '../netlink/byte-order.js';
import type { ShownExpression, ShownNftRule } from './shown-rule.js';

export interface JudgedPacket {
  readonly in: string;
  readonly out: string;
  readonly source: Address;
  readonly destination: Address;
}

export type Verdict = 'accept' | 'drop' | 'reject';

/** `rule`: the chain whose rule says so; undefined where it is the policy. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly rule: string | undefined;
}

/** As deep as the kernel lets chains call one another. */
const MAX_DEPTH = 16;
const VERDICT = {
  DROP: 0,
  ACCEPT: 1,
  QUEUE: 3,
  STOLEN: 2,
  CONTINUE: -1,
  BREAK: -2,
  JUMP: -3,
  GOTO: -4,
  RETURN: -5,
} as const;
const META = { PROTOCOL: 1, MARK: 3, IIFNAME: 6, OIFNAME: 7, NFPROTO: 15, L4PROTO: 16 } as const;
const CT = { STATE: 0, STATUS: 2, MARK: 3 } as const;
const NEW = 8;
const TCP = 6;
const NETWORK_HEADER = 1;
const COMPARE = { EQUAL: 0, NOT_EQUAL: 1 } as const;
const NAME_OCTETS = 16;

/** The rules of a table by their chains, in order. */
export type RulesByChain = ReadonlyMap<string, readonly ShownNftRule[]>;

/** Done once for all packets: a table may have tens of thousands. */
export function rulesByChain(rules: readonly ShownNftRule[]): RulesByChain {
  const chains = new Map<string, ShownNftRule[]>();
  for (const rule of rules) {
    const before = chains.get(rule.chain);
    if (before) before.push(rule);
    else chains.set(rule.chain, [rule]);
  }
  return chains;
}

/** The answer of a base chain. */
export const judge = (
  chains: RulesByChain,
  base: { readonly name: string; readonly policy?: 'drop' | 'accept' },
  packet: JudgedPacket,
): Judgement => run(chains, base.name, packet, 0) ?? { verdict: base.policy ?? 'accept', rule: undefined };

/** Undefined: the packet comes out at the end of the chain. */
function run(chains: RulesByChain, name: string, packet: JudgedPacket, depth: number): Judgement | undefined {
  if (depth > MAX_DEPTH) return undefined;
  for (const { expressions } of chains.get(name) ?? []) {
    const end = endOf(expressions, packet);
    if (end === undefined) continue;
    if (end.type === 'reject') return { verdict: 'reject', rule: name };
    switch (end.code) {
      case VERDICT.ACCEPT:
        return { verdict: 'accept', rule: name };
      case VERDICT.DROP:
        return { verdict: 'drop', rule: name };
      case VERDICT.RETURN:
        return undefined;
      case VERDICT.JUMP:
      case VERDICT.GOTO: {
        const there = run(chains, end.chain ?? '', packet, depth + 1);
        if (there || end.code === VERDICT.GOTO) return there;
      }
    }
  }
  return undefined;
}

type End = Extract<ShownExpression, { type: 'verdict' | 'reject' }>;

/** What a rule says of the packet; undefined where it does not concern it. */
function endOf(expressions: readonly ShownExpression[], packet: JudgedPacket): End | undefined {
  const registers = new Registers();
  for (const one of expressions) {
    switch (one.type) {
      case 'meta':
        registers.set(one.register, metaOf(one.key, packet));
        break;
      case 'ct':
        registers.set(one.register, ctOf(one.key));
        break;
      case 'payload':
        registers.set(one.register, one.base === NETWORK_HEADER ? headerOf(one.offset, one.length, packet) : undefined);
        break;
      case 'bitwise': {
        const before = registers.get(one.from, one.mask.length);
        registers.set(
          one.to,
          before?.map((octet, at) => (octet & one.mask[at]!) ^ one.xor[at]!),
        );
        break;
      }
      case 'compare': {
        const found = registers.get(one.register, one.value.length);
        if (!found || !holds(one.operator, found, one.value)) return undefined;
        break;
      }
      case 'unknown-value':
        registers.set(one.register, undefined);
        break;
      case 'verdict':
      case 'reject':
        return one;
      case 'unknown':
        return undefined;
      case 'aside':
    }
  }
  return undefined;
}

function holds(operator: number, found: Uint8Array, value: Uint8Array): boolean {
  const at = found.findIndex((octet, index) => octet !== value[index]);
  const order = at < 0 ? 0 : found[at]! - value[at]!;
  if (operator === COMPARE.EQUAL) return order === 0;
  if (operator === COMPARE.NOT_EQUAL) return order !== 0;
  return [order < 0, order <= 0, order > 0, order >= 0][operator - 2] ?? false;
}

/** Sixteen of four octets; 1 to 4 are the older names of four each. */
class Registers {
  readonly #octets = new Uint8Array(64);
  readonly #known = new Uint8Array(64);

  set(register: number, value: Uint8Array | undefined): void {
    const at = offsetOf(register);
    this.#known.fill(0, at, at + Math.max(4, value?.length ?? NAME_OCTETS));
    if (!value) return;
    this.#octets.set(value.subarray(0, 64 - at), at);
    this.#known.fill(1, at, at + value.length);
  }

  get(register: number, length: number): Uint8Array | undefined {
    const at = offsetOf(register);
    return this.#known.subarray(at, at + length).every(Boolean) ? this.#octets.slice(at, at + length) : undefined;
  }
}

const offsetOf = (register: number): number => Math.min(48, register < 8 ? (register - 1) * 16 : (register - 8) * 4);

function metaOf(key: number, { in: from, out, source }: JudgedPacket): Uint8Array | undefined {
  switch (key) {
    case META.IIFNAME:
      return nameOctets(from);
    case META.OIFNAME:
      return nameOctets(out);
    case META.NFPROTO:
      return Uint8Array.of(source.version === 4 ? 2 : 10);
    case META.PROTOCOL:
      return source.version === 4 ? Uint8Array.of(0x08, 0x00) : Uint8Array.of(0x86, 0xdd);
    case META.L4PROTO:
      return Uint8Array.of(TCP);
    case META.MARK:
      return new Uint8Array(4);
  }
  return undefined;
}

/** A new connection without translation or mark. */
function ctOf(key: number): Uint8Array | undefined {
  if (key === CT.STATE) return LITTLE_ENDIAN ? Uint8Array.of(NEW, 0, 0, 0) : Uint8Array.of(0, 0, 0, NEW);
  return key === CT.STATUS || key === CT.MARK ? new Uint8Array(4) : undefined;
}

const nameOctets = (name: string): Uint8Array =>
  Uint8Array.from({ length: NAME_OCTETS }, (_, at) => name.charCodeAt(at) || 0);

/** The octets of addresses and of the protocol; nothing else of the header is known. RFC 791 section 3.1, RFC 8200 section 3. */
function headerOf(offset: number, length: number, { source, destination }: JudgedPacket): Uint8Array | undefined {
  const header = new Uint8Array(40);
  const known = new Uint8Array(40);
  const put = (at: number, octets: Uint8Array): void => {
    header.set(octets, at);
    known.fill(1, at, at + octets.length);
  };
  const [from, to, protocol] = source.version === 4 ? [12, 16, 9] : [8, 24, 6];
  put(from, addressToBytes(source));
  put(to, addressToBytes(destination));
  put(protocol, Uint8Array.of(TCP));
  return known.subarray(offset, offset + length).every(Boolean) && offset + length <= 40
    ? header.slice(offset, offset + length)
    : undefined;
}
