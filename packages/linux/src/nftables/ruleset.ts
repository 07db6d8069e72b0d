/** Tables, chains, sets and rules of nf_tables: struct nfgenmsg and NFTA_* (linux/netfilter/nf_tables.h). */
import type { Prefix } from '@tortie/ip';
import {
  type AttributeCodec,
  be32,
  listOf,
  nested,
  nestedRow,
  octets,
  readAttributes,
  row,
  schema,
  text,
  writeAttributes,
} from '../netlink/attribute.js';
import { LITTLE_ENDIAN } from '../netlink/byte-order.js';
import { type NetlinkMessage, NLM_F, requireBody } from '../netlink/message.js';
import type { MessageWriter } from '../netlink/message-writer.js';
import { type NftExpression, writeExpressions } from './expression.js';
import type { SetElement } from './interval.js';
import { beginNft, NFGENMSG_OCTETS, NFT, NFT_FAMILIES, type NftFamily } from './messages.js';

export interface NftTable {
  readonly family: NftFamily;
  readonly name: string;
}

/** A chain that the kernel calls for packets. */
export interface NftBaseChain {
  readonly name: string;
  readonly type: 'nat' | 'filter';
  readonly hook: keyof typeof HOOKS;
  /** 100 is where source addresses are changed (srcnat); lower ones come first. */
  readonly priority: number;
}

/** A set of prefixes that do not overlap. */
export interface NftPrefixSet {
  readonly name: string;
  readonly version: 4 | 6;
}

export interface NftRule {
  readonly chain: string;
  /** What `nft list` shows behind the rule; at most 120 characters. */
  readonly comment: string;
  readonly expressions: readonly NftExpression[];
}

/** What stands in a table besides the elements of its sets. */
export interface NftLayout {
  readonly chains: readonly NftBaseChain[];
  readonly sets: readonly NftPrefixSet[];
  /** In their order. */
  readonly rules: readonly NftRule[];
}

/** Whether rules are those of a layout, in its order. Comments tell: whoever changes a rule of a layout changes its comment. */
export const hasRulesOf = (
  layout: NftLayout,
  rules: readonly { readonly chain: string; readonly comment: string }[],
): boolean =>
  rules.length === layout.rules.length &&
  layout.rules.every(({ chain, comment }, at) => rules[at]!.chain === chain && rules[at]!.comment === comment);

/** Prefixes by the name of the set; those of one set do not overlap. */
export type NftElements = Readonly<Record<string, readonly Prefix[]>>;

/** A chain as the kernel tells of it. */
export interface ShownNftChain {
  readonly family: number;
  readonly table: string;
  readonly name: string;
  /** Absent on chains that only other chains call. */
  readonly hook?: string;
  readonly priority?: number;
  readonly policy?: 'drop' | 'accept';
}

/** NF_INET_*. */
const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
const DROP = 0;
/** NFT_SET_INTERVAL. */
const INTERVAL = 4;
const INTERVAL_END = 1;
/** Types of keys as nft numbers them, for who lists the set. */
const KEY_TYPES = { 4: 7, 6: 8 } as const;
/** NFTNL_UDATA_SET_KEYBYTEORDER, one u32, big endian is 2. */
const KEY_BYTE_ORDER = Uint8Array.of(0, 4, ...(LITTLE_ENDIAN ? [2, 0, 0, 0] : [0, 0, 0, 2]));
/** NFTNL_UDATA_RULE_COMMENT. */
const COMMENT = 0;

/** An i32: priorities may be negative. */
const priority: AttributeCodec<number> = {
  min: 4,
  read: (from, start) => from.view.getInt32(start, false),
  write: (to, value) => be32.write(to, value >>> 0),
};

/** Type, length, text and a zero. */
const comment: AttributeCodec<string> = {
  min: 0,
  read(from, start, end) {
    for (let at = start; at + 2 <= end; at += 2 + from.bytes[at + 1]!) {
      if (from.bytes[at] === COMMENT) return text.read(from, at + 2, Math.min(at + 2 + from.bytes[at + 1]!, end));
    }
    return '';
  },
  write(to, value) {
    to.u8(COMMENT);
    to.u8(value.length + 1);
    to.text(value);
  },
};

const table = schema({ name: row(1, text), flags: row(2, be32) });
/** What stands first in messages of every kind. */
const inTable = schema({ table: row(1, text) });
const hook = schema({ number: row(1, be32), priority: row(2, priority) });
const chain = schema({
  table: row(1, text),
  name: row(3, text),
  hook: nestedRow(4, hook),
  policy: row(5, be32),
  type: row(7, text),
});
const set = schema({
  table: row(1, text),
  name: row(2, text),
  flags: row(3, be32),
  keyType: row(4, be32),
  keyOctets: row(5, be32),
  id: row(10, be32),
  userData: row(13, octets),
});
const expressions: AttributeCodec<readonly NftExpression[]> = { min: 0, read: () => [], write: writeExpressions };
const rule = schema({
  table: row(1, text),
  chain: row(2, text),
  expressions: row(4 | 0x8000, expressions),
  comment: row(7, comment),
});
const element = schema({ key: nestedRow(1, schema({ value: row(1, octets) })), flags: row(3, be32) });
const elements = schema({
  table: row(1, text),
  set: row(2, text),
  elements: row(3 | 0x8000, listOf(nested(element))),
});

const REQUEST = NLM_F.REQUEST;
const CREATE = NLM_F.REQUEST | NLM_F.CREATE;
const APPEND = NLM_F.REQUEST | NLM_F.CREATE | NLM_F.APPEND;

export function writeNftTable(
  to: MessageWriter,
  seq: number,
  { family, name }: NftTable,
  verb: 'add' | 'delete',
): void {
  beginNft(
    to,
    verb === 'add' ? NFT.NEW_TABLE : NFT.DELETE_TABLE,
    NFT_FAMILIES[family],
    verb === 'add' ? CREATE : REQUEST,
    seq,
  );
  writeAttributes(table, to, { name, flags: verb === 'add' ? 0 : undefined });
  to.end();
}

export function writeNftChain(to: MessageWriter, seq: number, { family, name }: NftTable, one: NftBaseChain): void {
  beginNft(to, NFT.NEW_CHAIN, NFT_FAMILIES[family], CREATE, seq);
  const where = { number: HOOKS[one.hook], priority: one.priority };
  writeAttributes(chain, to, { table: name, name: one.name, hook: where, policy: 1, type: one.type });
  to.end();
}

/** `id` is any number that no other set of the batch has. */
export function writeNftSet(
  to: MessageWriter,
  seq: number,
  { family, name }: NftTable,
  one: NftPrefixSet,
  id: number,
): void {
  beginNft(to, NFT.NEW_SET, NFT_FAMILIES[family], CREATE, seq);
  writeAttributes(set, to, {
    table: name,
    name: one.name,
    flags: INTERVAL,
    keyType: KEY_TYPES[one.version],
    keyOctets: one.version === 4 ? 4 : 16,
    id,
    userData: KEY_BYTE_ORDER,
  });
  to.end();
}

export function writeNftRule(to: MessageWriter, seq: number, { family, name }: NftTable, one: NftRule): void {
  beginNft(to, NFT.NEW_RULE, NFT_FAMILIES[family], APPEND, seq);
  writeAttributes(rule, to, { table: name, ...one });
  to.end();
}

/** The attribute that holds the elements ends at 65,535 octets: at most a thousand at once. */
export function writeNftElements(
  to: MessageWriter,
  seq: number,
  { family, name }: NftTable,
  one: string,
  verb: 'add' | 'delete',
  list: readonly SetElement[],
): void {
  const [type, flags] = verb === 'add' ? [NFT.NEW_ELEMENTS, CREATE] : [NFT.DELETE_ELEMENTS, REQUEST];
  beginNft(to, type, NFT_FAMILIES[family], flags, seq);
  const entries = list.map(({ key, isEnd }) => ({ key: { value: key }, flags: isEnd ? INTERVAL_END : undefined }));
  writeAttributes(elements, to, { table: name, set: one, elements: entries });
  to.end();
}

const DUMP = NLM_F.REQUEST | NLM_F.DUMP;

/** Of one table, or of all families and tables. */
export function writeNftChainDump(to: MessageWriter, seq: number): void {
  beginNft(to, NFT.GET_CHAIN, 0, DUMP, seq);
  to.end();
}

export function writeNftRuleDump(to: MessageWriter, seq: number, { family, name }: NftTable): void {
  beginNft(to, NFT.GET_RULE, NFT_FAMILIES[family], DUMP, seq);
  writeAttributes(rule, to, { table: name });
  to.end();
}

export function writeNftElementDump(to: MessageWriter, seq: number, { family, name }: NftTable, one: string): void {
  beginNft(to, NFT.GET_ELEMENTS, NFT_FAMILIES[family], DUMP, seq);
  writeAttributes(elements, to, { table: name, set: one });
  to.end();
}

export function readNftChain(message: NetlinkMessage): ShownNftChain {
  requireBody(message, NFGENMSG_OCTETS);
  const values = readAttributes(chain, message, message.start + NFGENMSG_OCTETS, message.end);
  const name = Object.entries(HOOKS).find(([, number]) => number === values.hook?.number)?.[0];
  return {
    family: message.bytes[message.start]!,
    table: values.table ?? '',
    name: values.name ?? '',
    ...(values.hook && name !== undefined && { hook: name, priority: values.hook.priority ?? 0 }),
    ...(values.policy !== undefined && { policy: values.policy === DROP ? ('drop' as const) : ('accept' as const) }),
  };
}

/** Chain and comment of a rule. */
export function readNftRule(message: NetlinkMessage): { readonly chain: string; readonly comment: string } {
  requireBody(message, NFGENMSG_OCTETS);
  const values = readAttributes(rule, message, message.start + NFGENMSG_OCTETS, message.end);
  return { chain: values.chain ?? '', comment: values.comment ?? '' };
}

/** What one message of a dump has of a set. */
export function readNftElements(message: NetlinkMessage): SetElement[] {
  requireBody(message, NFGENMSG_OCTETS);
  const values = readAttributes(elements, message, message.start + NFGENMSG_OCTETS, message.end);
  return (values.elements ?? []).flatMap(({ key, flags = 0 }) =>
    key?.value ? [{ key: key.value, isEnd: (flags & INTERVAL_END) !== 0 }] : [],
  );
}

/** The table a notification is about; undefined where it is about none. */
export function nftTableOf(message: NetlinkMessage): { readonly family: number; readonly table: string } | undefined {
  if (message.end - message.start < NFGENMSG_OCTETS) return undefined;
  const values = readAttributes(inTable, message, message.start + NFGENMSG_OCTETS, message.end);
  return { family: message.bytes[message.start]!, table: values.table ?? '' };
}
