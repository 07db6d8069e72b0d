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

export type ShownExpression =
  | { readonly type: 'meta'; readonly register: number; readonly key: number }
  | {
      readonly type: 'payload';
      readonly register: number;
      readonly base: number;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly type: 'ct'; readonly register: number; readonly key: number }
  | {
      readonly type: 'bitwise';
      readonly from: number;
      readonly to: number;
      readonly mask: Uint8Array;
      readonly xor: Uint8Array;
    }
  | { readonly type: 'compare'; readonly register: number; readonly operator: number; readonly value: Uint8Array }
  | { readonly type: 'verdict'; readonly code: number; readonly chain: string | undefined }
  | { readonly type: 'reject' }
  /** Changes nothing about where the packet goes: counters, logs, comments. */
  | { readonly type: 'aside' }
  /** Puts something into a register that nobody here knows. */
  | { readonly type: 'unknown-value'; readonly register: number }
  /** A condition that nobody here can judge, or an end that nobody here knows. */
  | { readonly type: 'unknown' };

export interface ShownNftRule {
  readonly chain: string;
  readonly expressions: readonly ShownExpression[];
}

const value = nestedRow(3, schema({ value: row(1, octets) }));
const verdict = schema({ code: row(1, be32), chain: row(2, text) });
const meta = schema({ register: row(1, be32), key: row(2, be32), source: row(3, be32) });
const ct = schema({ register: row(1, be32), key: row(2, be32), source: row(4, be32) });
const payload = schema({ register: row(1, be32), base: row(2, be32), offset: row(3, be32), length: row(4, be32) });
const compare = schema({ register: row(1, be32), operator: row(2, be32), data: value });
const bitwise = schema({
  from: row(1, be32),
  to: row(2, be32),
  mask: nestedRow(4, schema({ value: row(1, octets) })),
  xor: nestedRow(5, schema({ value: row(1, octets) })),
  operation: row(6, be32),
});
const immediate = schema({
  register: row(1, be32),
  data: nestedRow(2, schema({ value: row(1, octets), verdict: nestedRow(2, verdict) })),
});
/** Extensions of iptables: matches and targets by their names. */
const extension = schema({ name: row(1, text) });
const target = schema({ register: row(1, be32) });

const ASIDE = new Set(['counter', 'log', 'notrack', 'last', 'quota']);
/** Targets of iptables after which a packet goes on. */
const ASIDE_TARGETS = new Set(['LOG', 'NFLOG', 'MARK', 'CONNMARK', 'TCPMSS', 'TRACE', 'CLASSIFY', 'DSCP', 'TTL', 'HL']);

const none: ShownExpression = { type: 'unknown' };

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
const rule = schema({ chain: row(2, text), expressions: row(4, listOf(nested(expression))) });

export function readShownNftRule(message: NetlinkMessage): ShownNftRule {
  requireBody(message, NFGENMSG_OCTETS);
  const values = readAttributes(rule, message, message.start + NFGENMSG_OCTETS, message.end);
  const expressions = (values.expressions ?? []).map(({ name = '', data }) =>
    data ? readExpression(name, data) : none,
  );
  return { chain: values.chain ?? '', expressions };
}

function readExpression(name: string, at: Place): ShownExpression {
  const { start, end } = at;
  switch (name) {
    case 'meta': {
      const { register, key, source } = readAttributes(meta, at, start, end);
      if (source !== undefined) return { type: 'aside' };
      return register === undefined || key === undefined ? none : { type: 'meta', register, key };
    }
    case 'ct': {
      const { register, key, source } = readAttributes(ct, at, start, end);
      if (source !== undefined) return { type: 'aside' };
      return register === undefined || key === undefined ? none : { type: 'ct', register, key };
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
    case 'bitwise': {
      const { from, to, mask, xor, operation = 0 } = readAttributes(bitwise, at, start, end);
      if (from === undefined || to === undefined) return none;
      if (operation !== 0 || !mask?.value || !xor?.value) return { type: 'unknown-value', register: to };
      return { type: 'bitwise', from, to, mask: mask.value, xor: xor.value };
    }
    case 'immediate': {
      const { register, data } = readAttributes(immediate, at, start, end);
      if (data?.verdict?.code !== undefined) {
        return { type: 'verdict', code: data.verdict.code | 0, chain: data.verdict.chain };
      }
      return register === undefined ? none : { type: 'unknown-value', register };
    }
    case 'reject':
      return { type: 'reject' };
    case 'match':
      return readAttributes(extension, at, start, end).name === 'comment' ? { type: 'aside' } : none;
    case 'target': {
      const { name: called = '' } = readAttributes(extension, at, start, end);
      if (called === 'REJECT') return { type: 'reject' };
      return ASIDE_TARGETS.has(called) ? { type: 'aside' } : none;
    }
    case 'fib':
    case 'rt':
    case 'socket':
    case 'hash':
    case 'numgen': {
      const { register } = readAttributes(target, at, start, end);
      return register === undefined ? none : { type: 'unknown-value', register };
    }
    default:
      return ASIDE.has(name) ? { type: 'aside' } : none;
  }
}
