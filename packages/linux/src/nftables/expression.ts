/** What a rule does, step by step: expressions with their attributes. Written only: rules are known again by their comments. */
import {
  type AttributeValues,
  be32,
  nestedRow,
  octets,
  row,
  schema,
  text,
  writeAttributes,
} from '../netlink/attribute.js';
import { LITTLE_ENDIAN } from '../netlink/byte-order.js';
import type { MessageWriter } from '../netlink/message-writer.js';

export type NftExpression =
  /** Goes on where packets are of this IP version. */
  | { readonly type: 'version'; readonly version: 4 | 6 }
  /** Goes on where an address of the packet is (or is not) in a set. */
  | {
      readonly type: 'address-in';
      readonly version: 4 | 6;
      readonly which: 'source' | 'destination';
      readonly set: string;
      readonly not?: boolean;
    }
  /** Goes on where the name of the interface that packets came by begins so. */
  | { readonly type: 'in-interface'; readonly prefix: string }
  /** Goes on where frames were sent to this MAC, written as ee:ee:ee:ee:ee:ee. */
  | { readonly type: 'sent-to'; readonly mac: string }
  /** Goes on where the route back to the source leads over another interface than the packet came by, or nowhere. */
  | { readonly type: 'no-way-back' }
  | { readonly type: 'counter' }
  | { readonly type: 'drop' }
  /** Source address of the interface it leaves by, and a random port. */
  | { readonly type: 'masquerade' };

/** The first 16-octet register. */
const REGISTER = 1;
const META_IIFNAME = 6;
const META_IIFTYPE = 8;
const META_NFPROTO = 15;
const ARPHRD_ETHER = 1;
const NFPROTO = { 4: 2, 6: 10 } as const;
const COMPARE_EQUAL = 0;
const LINK_HEADER = 0;
const NETWORK_HEADER = 1;
const MAC_OCTETS = 6;
/** Where addresses stand in the IP header. RFC 791 section 3.1, RFC 8200 section 3. */
const OFFSETS = { 4: { source: 12, destination: 16 }, 6: { source: 8, destination: 24 } } as const;
const LOOKUP_INVERTED = 1;
const FIB_OIF = 1;
/** Look for the source address, over the interface the packet came by, and tell only whether there is such a route. */
const FIB_SOURCE_BY_INTERFACE = 1 | 8 | 32;
const VERDICT_REGISTER = 0;
const NF_DROP = 0;
const FULLY_RANDOM_PORTS = 0x10;

const meta = schema({ register: row(1, be32), key: row(2, be32) });
const compare = schema({
  register: row(1, be32),
  operator: row(2, be32),
  data: nestedRow(3, schema({ value: row(1, octets) })),
});
const payload = schema({ register: row(1, be32), base: row(2, be32), offset: row(3, be32), length: row(4, be32) });
const lookup = schema({ set: row(1, text), register: row(2, be32), flags: row(5, be32) });
const fib = schema({ register: row(1, be32), result: row(2, be32), flags: row(3, be32) });
const masquerade = schema({ flags: row(1, be32) });
const immediate = schema({
  register: row(1, be32),
  data: nestedRow(2, schema({ verdict: nestedRow(2, schema({ code: row(1, be32) })) })),
});
const none = schema({});

const EXPRESSION = { NAME: 1, DATA: 2 | 0x8000, LIST_ELEMENT: 1 | 0x8000 } as const;

export function writeExpressions(to: MessageWriter, expressions: readonly NftExpression[]): void {
  for (const expression of expressions) writeExpression(to, expression);
}

function writeExpression(to: MessageWriter, expression: NftExpression): void {
  switch (expression.type) {
    case 'version':
      one(to, 'meta', meta, { register: REGISTER, key: META_NFPROTO });
      equals(to, Uint8Array.of(NFPROTO[expression.version]));
      return;
    case 'address-in': {
      const { version, which, set, not } = expression;
      const [offset, length] = [OFFSETS[version][which], version === 4 ? 4 : 16];
      one(to, 'payload', payload, { register: REGISTER, base: NETWORK_HEADER, offset, length });
      one(to, 'lookup', lookup, { set, register: REGISTER, flags: not ? LOOKUP_INVERTED : undefined });
      return;
    }
    case 'in-interface':
      one(to, 'meta', meta, { register: REGISTER, key: META_IIFNAME });
      equals(
        to,
        Uint8Array.from(expression.prefix, (letter) => letter.charCodeAt(0)),
      );
      return;
    case 'sent-to':
      one(to, 'meta', meta, { register: REGISTER, key: META_IIFTYPE });
      equals(to, hostOrder16(ARPHRD_ETHER));
      one(to, 'payload', payload, { register: REGISTER, base: LINK_HEADER, offset: 0, length: MAC_OCTETS });
      equals(
        to,
        Uint8Array.from(expression.mac.split(':'), (octet) => Number.parseInt(octet, 16)),
      );
      return;
    case 'no-way-back':
      one(to, 'fib', fib, { register: REGISTER, result: FIB_OIF, flags: FIB_SOURCE_BY_INTERFACE });
      equals(to, new Uint8Array(4));
      return;
    case 'counter':
      one(to, 'counter', none, {});
      return;
    case 'drop':
      one(to, 'immediate', immediate, { register: VERDICT_REGISTER, data: { verdict: { code: NF_DROP } } });
      return;
    case 'masquerade':
      one(to, 'masq', masquerade, { flags: FULLY_RANDOM_PORTS });
  }
}

const hostOrder16 = (value: number): Uint8Array =>
  LITTLE_ENDIAN ? Uint8Array.of(value & 255, value >> 8) : Uint8Array.of(value >> 8, value & 255);

function equals(to: MessageWriter, value: Uint8Array): void {
  one(to, 'cmp', compare, { register: REGISTER, operator: COMPARE_EQUAL, data: { value } });
}

function one<R extends Parameters<typeof schema>[0]>(
  to: MessageWriter,
  name: string,
  table: ReturnType<typeof schema<R>>,
  values: AttributeValues<R>,
): void {
  to.attribute(EXPRESSION.LIST_ELEMENT, () => {
    to.attribute(EXPRESSION.NAME, () => to.text(name));
    to.attribute(EXPRESSION.DATA, () => writeAttributes(table, to, values));
  });
}
