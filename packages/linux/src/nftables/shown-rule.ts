/** Rules of others as the kernel tells of them: what each of their expressions does, as far as a verdict depends on it. */
import {
  type AttributeCodec,
  be32,
  listOf,
  nested,
  nestedRow,
  type Octets,
  octets,
  readAttributes,
  row,
  schema,
  text,
} from '../netlink/attribute.js';
import { type NetlinkMessage, requireBody } from '../netlink/message.js';
import { NFGENMSG_OCTETS } from './messages.js';
import { readMatch, readTarget, type ShownMatch } from './shown-extension.js';

export type ShownExpression =
  | { readonly type: 'meta'; readonly register: number; readonly key: number }
  | { readonly type: 'set-meta'; readonly register: number; readonly key: number }
  | {
      readonly type: 'payload';
      readonly register: number;
      readonly base: number;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly type: 'ct'; readonly register: number; readonly key: number }
  | { readonly type: 'set-ct'; readonly register: number; readonly key: number }
  | { readonly type: 'fib'; readonly register: number; readonly result: number; readonly flags: number }
  | {
      readonly type: 'bitwise';
      readonly from: number;
      readonly to: number;
      readonly mask: Uint8Array;
      readonly xor: Uint8Array;
    }
  /** Between the order of the network and that of the machine; the same both ways. `size`: octets of each number. */
  | {
      readonly type: 'byte-order';
      readonly from: number;
      readonly to: number;
      readonly length: number;
      readonly size: number;
    }
  | { readonly type: 'compare'; readonly register: number; readonly operator: number; readonly value: Uint8Array }
  | {
      readonly type: 'range';
      readonly register: number;
      readonly not: boolean;
      readonly from: Uint8Array;
      readonly to: Uint8Array;
    }
  /** `to`: where what the map has for the key goes; absent for sets. VERDICT_REGISTER: the packet goes there. */
  | {
      readonly type: 'lookup';
      readonly set: string;
      readonly register: number;
      readonly to: number | undefined;
      readonly not: boolean;
    }
  | { readonly type: 'value'; readonly register: number; readonly value: Uint8Array }
  | ShownMatch
  /** Bits of `mask` go, then those of `mark` are turned. */
  | { readonly type: 'turn-mark'; readonly mark: number; readonly mask: number }
  /** May change the marks of packet and connection. */
  | { readonly type: 'unknown-marks' }
  | ShownVerdict
  | { readonly type: 'reject' }
  /** Leaves the chain in a way nobody here can follow: to another address, or to a program. */
  | { readonly type: 'leave' }
  /** Changes nothing about where the packet goes: counters, logs, comments. */
  | { readonly type: 'aside' }
  /** Puts something into a register that nobody here knows. */
  | { readonly type: 'unknown-value'; readonly register: number }
  /** A condition that nobody here can judge; `what`: what it asks for, by its name. */
  | { readonly type: 'unknown'; readonly what: string };

export interface ShownVerdict {
  readonly type: 'verdict';
  readonly code: number;
  readonly chain: string | undefined;
}

export interface ShownNftRule {
  readonly chain: string;
  /** For who has to find it: `handle 7`, or the rule itself. */
  readonly label: string;
  readonly expressions: readonly ShownExpression[];
}

export const VERDICT_REGISTER = 0;

const value = nestedRow(3, schema({ value: row(1, octets) }));
const verdict = schema({ code: row(1, be32), chain: row(2, text) });
/** struct nft_data: a value or a verdict. */
export const nftData = schema({ value: row(1, octets), verdict: nestedRow(2, verdict) });
const meta = schema({ register: row(1, be32), key: row(2, be32), source: row(3, be32) });
const ct = schema({ register: row(1, be32), key: row(2, be32), source: row(4, be32) });
const fib = schema({ register: row(1, be32), result: row(2, be32), flags: row(3, be32) });
const payload = schema({ register: row(1, be32), base: row(2, be32), offset: row(3, be32), length: row(4, be32) });
const compare = schema({ register: row(1, be32), operator: row(2, be32), data: value });
const range = schema({
  register: row(1, be32),
  operator: row(2, be32),
  from: value,
  to: nestedRow(4, schema({ value: row(1, octets) })),
});
const bitwise = schema({
  from: row(1, be32),
  to: row(2, be32),
  mask: nestedRow(4, schema({ value: row(1, octets) })),
  xor: nestedRow(5, schema({ value: row(1, octets) })),
  operation: row(6, be32),
});
const byteOrder = schema({ from: row(1, be32), to: row(2, be32), length: row(4, be32), size: row(5, be32) });
const lookup = schema({ set: row(1, text), register: row(2, be32), to: row(3, be32), flags: row(5, be32) });
const immediate = schema({ register: row(1, be32), data: nestedRow(2, nftData) });
/** Extensions of iptables: matches and targets by their names. */
const extension = schema({ name: row(1, text), revision: row(2, be32), info: row(3, octets) });
const target = schema({ register: row(1, be32) });

const INVERTED = 1;
const ASIDE = new Set(['counter', 'log', 'notrack', 'last', 'flow_offload', 'objref']);
/** Verdicts of their own. */
const LEAVE = new Set(['nat', 'masq', 'redir', 'tproxy', 'queue', 'synproxy', 'dup', 'fwd']);

/** A verdict as attributes have it. */
export const readVerdict = (one: { readonly code?: number | undefined; readonly chain?: string | undefined }) =>
  one.code === undefined ? undefined : ({ type: 'verdict', code: one.code | 0, chain: one.chain } as const);

/** Where the attributes of one expression lie. */
interface Place extends Octets {
  readonly start: number;
  readonly end: number;
}
const place: AttributeCodec<Place> = {
  min: 0,
  read: ({ bytes, view }, start, end) => ({ bytes, view, start, end }),
  write: () => {
    throw new TypeError('rules of others are read, not written');
  },
};
const expression = schema({ name: row(1, text), data: row(2, place) });
const rule = schema({ chain: row(2, text), handle: row(3, octets), expressions: row(4, listOf(nested(expression))) });

export function readShownNftRule(message: NetlinkMessage): ShownNftRule {
  requireBody(message, NFGENMSG_OCTETS);
  const values = readAttributes(rule, message, message.start + NFGENMSG_OCTETS, message.end);
  const expressions = (values.expressions ?? []).map(({ name = '', data }) =>
    data ? readExpression(name, data) : { type: 'unknown' as const, what: name },
  );
  // The kernel counts handles in 64 bits, most significant octet first.
  const handle = [...(values.handle ?? [])].reduce((sum, octet) => sum * 256 + octet, 0);
  return { chain: values.chain ?? '', label: `handle ${handle}`, expressions };
}

function readExpression(name: string, at: Place): ShownExpression {
  const { start, end } = at;
  const none: ShownExpression = { type: 'unknown', what: name };
  switch (name) {
    case 'meta': {
      const { register, key, source } = readAttributes(meta, at, start, end);
      if (key === undefined) return none;
      if (source !== undefined) return { type: 'set-meta', register: source, key };
      return register === undefined ? none : { type: 'meta', register, key };
    }
    case 'ct': {
      const { register, key, source } = readAttributes(ct, at, start, end);
      if (key === undefined) return none;
      if (source !== undefined) return { type: 'set-ct', register: source, key };
      return register === undefined ? none : { type: 'ct', register, key };
    }
    case 'fib': {
      const { register, result, flags } = readAttributes(fib, at, start, end);
      if (register === undefined || result === undefined || flags === undefined) return none;
      return { type: 'fib', register, result, flags };
    }
    case 'payload': {
      const { register, base, offset, length } = readAttributes(payload, at, start, end);
      // Without a register it writes into the packet.
      if (register === undefined || base === undefined || offset === undefined || length === undefined) return none;
      return { type: 'payload', register, base, offset, length };
    }
    case 'cmp': {
      const { register, operator, data } = readAttributes(compare, at, start, end);
      if (register === undefined || operator === undefined || !data?.value) return none;
      return { type: 'compare', register, operator, value: data.value };
    }
    case 'range': {
      const { register, operator, from, to } = readAttributes(range, at, start, end);
      if (register === undefined || !from?.value || !to?.value) return none;
      return { type: 'range', register, not: operator === INVERTED, from: from.value, to: to.value };
    }
    case 'bitwise': {
      const { from, to, mask, xor, operation = 0 } = readAttributes(bitwise, at, start, end);
      if (from === undefined || to === undefined) return none;
      if (operation !== 0 || !mask?.value || !xor?.value) return { type: 'unknown-value', register: to };
      return { type: 'bitwise', from, to, mask: mask.value, xor: xor.value };
    }
    case 'byteorder': {
      const { from, to, length, size } = readAttributes(byteOrder, at, start, end);
      if (from === undefined || to === undefined || !length || !size) return none;
      return { type: 'byte-order', from, to, length, size };
    }
    case 'lookup': {
      const { set, register, to, flags = 0 } = readAttributes(lookup, at, start, end);
      if (set === undefined || register === undefined) return none;
      return { type: 'lookup', set, register, to, not: (flags & INVERTED) !== 0 };
    }
    case 'immediate': {
      const { register, data } = readAttributes(immediate, at, start, end);
      const one = readVerdict(data?.verdict ?? {});
      if (one) return one;
      if (register === undefined) return none;
      return data?.value ? { type: 'value', register, value: data.value } : { type: 'unknown-value', register };
    }
    case 'reject':
      return { type: 'reject' };
    case 'match':
    case 'target': {
      const { name: called = '', revision = 0, info } = readAttributes(extension, at, start, end);
      return (name === 'match' ? readMatch : readTarget)(called, revision, info ?? new Uint8Array());
    }
    case 'exthdr':
    case 'rt':
    case 'socket':
    case 'hash':
    case 'osf':
    case 'tunnel':
    case 'xfrm':
    case 'numgen': {
      const { register } = readAttributes(target, at, start, end);
      return register === undefined ? none : { type: 'unknown-value', register };
    }
    default:
      if (LEAVE.has(name)) return { type: 'leave' };
      return ASIDE.has(name) ? { type: 'aside' } : none;
  }
}
