/** Sets and maps of others: what they have for a key, as the kernel would find it. */
import { be32, listOf, nested, nestedRow, octets, readAttributes, row, schema, text } from '../netlink/attribute.js';
import { type NetlinkMessage, NLM_F, requireBody } from '../netlink/message.js';
import type { MessageWriter } from '../netlink/message-writer.js';
import { beginNft, NFGENMSG_OCTETS, NFT } from './messages.js';
import { nftData, readVerdict, type ShownVerdict } from './shown-rule.js';

/** What a map has for a key. */
export type MapData = ShownVerdict | { readonly type: 'value'; readonly value: Uint8Array };

export interface ShownElement {
  readonly key: Uint8Array;
  /** Last key of a range, in sets of several fields. */
  readonly keyEnd: Uint8Array | undefined;
  /** The first key that is behind a range, in sets of one field. */
  readonly isEnd: boolean;
  readonly isCatchAll: boolean;
  readonly data: MapData | undefined;
  /** It holds only now and then: limits and quotas of elements. */
  readonly isUncertain: boolean;
}

export interface ShownSet {
  readonly name: string;
  readonly isInterval: boolean;
  readonly keyOctets: number;
  /** Octets of each field of a key; empty where there is one. */
  readonly fields: readonly number[];
  /** Undefined: too many to be read. */
  readonly elements: readonly ShownElement[] | undefined;
}

const FLAG = { INTERVAL: 4 } as const;
const ELEMENT = { END: 1, CATCH_ALL: 2 } as const;

const field = schema({ octets: row(1, be32) });
const description = schema({ list: row(2, listOf(nested(field))) });
const set = schema({
  name: row(2, text),
  flags: row(3, be32),
  keyOctets: row(5, be32),
  description: row(9, nested(description)),
});
const data = schema({ value: row(1, octets) });
const expression = schema({ name: row(1, text) });
const element = schema({
  key: nestedRow(1, data),
  data: nestedRow(2, nftData),
  flags: row(3, be32),
  expression: nestedRow(7, expression),
  keyEnd: nestedRow(10, data),
});
const elements = schema({ set: row(2, text), elements: row(3, listOf(nested(element))) });

/** All sets of one table. */
export function writeNftSetDump(to: MessageWriter, seq: number, family: number, table: string): void {
  beginNft(to, NFT.GET_SET, family, NLM_F.REQUEST | NLM_F.DUMP, seq);
  to.attribute(1, () => to.text(table));
  to.end();
}

export function readShownSet(message: NetlinkMessage): Omit<ShownSet, 'elements'> {
  requireBody(message, NFGENMSG_OCTETS);
  const values = readAttributes(set, message, message.start + NFGENMSG_OCTETS, message.end);
  return {
    name: values.name ?? '',
    isInterval: ((values.flags ?? 0) & FLAG.INTERVAL) !== 0,
    keyOctets: values.keyOctets ?? 0,
    fields: (values.description?.list ?? []).map(({ octets: length = 0 }) => length),
  };
}

/** What one message of a dump has of a set. */
export function readShownElements(message: NetlinkMessage): ShownElement[] {
  requireBody(message, NFGENMSG_OCTETS);
  const values = readAttributes(elements, message, message.start + NFGENMSG_OCTETS, message.end);
  return (values.elements ?? []).map(({ key, keyEnd, flags = 0, data: found, expression: one }) => ({
    key: key?.value ?? new Uint8Array(),
    keyEnd: keyEnd?.value,
    isEnd: (flags & ELEMENT.END) !== 0,
    isCatchAll: (flags & ELEMENT.CATCH_ALL) !== 0,
    data: readVerdict(found?.verdict ?? {}) ?? (found?.value && { type: 'value', value: found.value }),
    isUncertain: one?.name !== undefined && one.name !== 'counter',
  }));
}

/** Order of octets, as numbers of the network are ordered. */
export function compareOctets(x: Uint8Array, y: Uint8Array): number {
  for (let at = 0; at < Math.min(x.length, y.length); at++) if (x[at] !== y[at]) return x[at]! - y[at]!;
  return x.length - y.length;
}

/** The element that has the key; undefined where none has. */
export function elementFor(
  { isInterval, fields, elements: all = [] }: ShownSet,
  key: Uint8Array,
): ShownElement | undefined {
  const catchAll = all.find(({ isCatchAll }) => isCatchAll);
  if (fields.length > 1 && isInterval)
    return all.find((one) => !one.isCatchAll && isWithin(one, fields, key)) ?? catchAll;
  if (!isInterval) return all.find((one) => !one.isCatchAll && compareOctets(one.key, key) === 0) ?? catchAll;
  let last: ShownElement | undefined;
  for (const one of all) {
    if (one.isCatchAll || compareOctets(one.key, key) > 0) continue;
    const order = last ? compareOctets(one.key, last.key) : 1;
    // Where one range ends another may begin.
    if (order > 0 || (order === 0 && !one.isEnd)) last = one;
  }
  return last && !last.isEnd ? last : catchAll;
}

/** Each field begins at a multiple of four octets. */
function isWithin({ key: from, keyEnd: to = from }: ShownElement, fields: readonly number[], key: Uint8Array): boolean {
  let at = 0;
  for (const length of fields) {
    const part = key.subarray(at, at + length);
    if (compareOctets(part, from.subarray(at, at + length)) < 0) return false;
    if (compareOctets(part, to.subarray(at, at + length)) > 0) return false;
    at += Math.ceil(length / 4) * 4;
  }
  return true;
}
