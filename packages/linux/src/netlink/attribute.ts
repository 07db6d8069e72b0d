/**
 * Netlink attributes (struct nlattr) as tables: a schema names each attribute, its number and its codec; both directions
 * come from the table. What a schema does not name is skipped in reading, as netlink asks of its users.
 */
import { type Address, addressFromBytes } from '@tortie/ip';
import { LinuxError } from '../errors.js';
import { align4, LITTLE_ENDIAN } from './byte-order.js';
import type { MessageWriter } from './message-writer.js';

/** Where attributes lie. */
export interface Octets {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export interface AttributeCodec<T> {
  /** Octets the value has at least; the table checks before it reads. */
  readonly min: number;
  read(from: Octets, start: number, end: number): T;
  write(to: MessageWriter, value: T): void;
}

export interface AttributeRow<T> {
  readonly type: number;
  readonly codec: AttributeCodec<T>;
}

/** Rows of one table hold values of different types. */
type Rows = Readonly<Record<string, AttributeRow<unknown>>>;

export type AttributeValues<R extends Rows> = {
  -readonly [K in keyof R]?: R[K] extends AttributeRow<infer T> ? T | undefined : never;
};

export interface AttributeSchema<R extends Rows> {
  readonly rows: R;
  readonly byType: ReadonlyMap<number, readonly [name: keyof R & string, row: R[keyof R]]>;
}

const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;
const HEADER_OCTETS = 4;

export const row = <T>(type: number, codec: AttributeCodec<T>): AttributeRow<T> => ({ type, codec });

export function schema<R extends Rows>(rows: R): AttributeSchema<R> {
  const byType = new Map<number, readonly [keyof R & string, R[keyof R]]>();
  for (const name of Object.keys(rows)) byType.set(rows[name]!.type & TYPE_MASK, [name, rows[name] as R[keyof R]]);
  return { rows, byType };
}

/** Reads octets[start..end). Throws LinuxError `ERR_LINUX_MESSAGE` where a length runs out of bounds or is too short. */
export function readAttributes<R extends Rows>(
  table: AttributeSchema<R>,
  from: Octets,
  start: number,
  end: number,
): AttributeValues<R> {
  const values: AttributeValues<R> = {};
  for (let at = start; at < end; ) {
    const length = end - at < HEADER_OCTETS ? 0 : from.view.getUint16(at, LITTLE_ENDIAN);
    if (length < HEADER_OCTETS || at + length > end) {
      throw new LinuxError('ERR_LINUX_MESSAGE', `netlink attribute at octet ${at} is cut: nla_len is ${length}`);
    }
    const type = from.view.getUint16(at + 2, LITTLE_ENDIAN) & TYPE_MASK;
    const found = table.byType.get(type);
    if (found) {
      const codec = found[1].codec;
      if (length - HEADER_OCTETS < codec.min) {
        throw new LinuxError('ERR_LINUX_MESSAGE', `netlink attribute ${found[0]} (${type}) is too short: ${length}`);
      }
      values[found[0]] = codec.read(from, at + HEADER_OCTETS, at + length) as (typeof values)[(typeof found)[0]];
    }
    at += align4(length);
  }
  return values;
}

/** Writes what is present, in the order of the table. */
export function writeAttributes<R extends Rows>(
  table: AttributeSchema<R>,
  to: MessageWriter,
  values: AttributeValues<R>,
): void {
  for (const name of Object.keys(table.rows)) {
    const value = values[name];
    if (value === undefined) continue;
    const { type, codec } = table.rows[name]!;
    to.attribute(type, () => codec.write(to, value));
  }
}

export const u8: AttributeCodec<number> = {
  min: 1,
  read: (from, start) => from.bytes[start]!,
  write: (to, value) => to.u8(value),
};
export const u16: AttributeCodec<number> = {
  min: 2,
  read: (from, start) => from.view.getUint16(start, LITTLE_ENDIAN),
  write: (to, value) => to.u16(value),
};
export const u32: AttributeCodec<number> = {
  min: 4,
  read: (from, start) => from.view.getUint32(start, LITTLE_ENDIAN),
  write: (to, value) => to.u32(value),
};
/** A 16-bit number in network order, as ports are. */
export const be16: AttributeCodec<number> = {
  min: 2,
  read: (from, start) => from.view.getUint16(start, false),
  write: (to, value) => to.be16(value),
};
/** A 32-bit number in network order, as all of nf_tables are. */
export const be32: AttributeCodec<number> = {
  min: 4,
  read: (from, start) => from.view.getUint32(start, false),
  write: (to, value) => to.be32(value),
};
/** Present or not; carries no value. */
export const flag: AttributeCodec<true> = { min: 0, read: () => true, write: () => {} };
/** One octet a character: what the kernel says and what interfaces are called is ASCII. */
export const text: AttributeCodec<string> = {
  min: 0,
  read(from, start, end) {
    let value = '';
    for (let at = start; at < end && from.bytes[at] !== 0; at++) value += String.fromCharCode(from.bytes[at]!);
    return value;
  },
  write: (to, value) => to.text(value),
};
export const octets: AttributeCodec<Uint8Array> = {
  min: 0,
  read: (from, start, end) => from.bytes.slice(start, end),
  write: (to, value) => to.octets(value),
};
/** 4 or 16 octets say which version it is. */
export const address: AttributeCodec<Address> = {
  min: 4,
  read: (from, start, end) => addressFromBytes(from.bytes, end - start >= 16 ? 6 : 4, start),
  write: (to, value) => to.address(value),
};
/** `aa:bb:cc:dd:ee:ff`; other hardware addresses have other lengths. */
export const mac: AttributeCodec<string> = {
  min: 0,
  read: (from, start, end) =>
    [...from.bytes.subarray(start, end)].map((octet) => octet.toString(16).padStart(2, '0')).join(':'),
  write: (to, value) => {
    for (const octet of value.split(':')) to.u8(Number.parseInt(octet, 16));
  },
};

/** Attributes inside an attribute. */
export function nested<R extends Rows>(table: AttributeSchema<R>): AttributeCodec<AttributeValues<R>> {
  return {
    min: 0,
    read: (from, start, end) => readAttributes(table, from, start, end),
    write: (to, values) => writeAttributes(table, to, values),
  };
}

/** Values one behind the other, each an attribute of its own with number 1. */
export function listOf<T>(codec: AttributeCodec<T>): AttributeCodec<readonly T[]> {
  const one = schema({ value: row(1 | NESTED, codec) });
  return {
    min: 0,
    read(from, start, end) {
      const values: T[] = [];
      for (let at = start; at < end; ) {
        const length = end - at < HEADER_OCTETS ? 0 : from.view.getUint16(at, LITTLE_ENDIAN);
        // Its own reader tells what is wrong with a length that is cut.
        const { value } = readAttributes(one, from, at, length < HEADER_OCTETS ? end : Math.min(at + length, end));
        if (value !== undefined) values.push(value as T);
        at += align4(length);
      }
      return values;
    },
    write(to, values) {
      for (const value of values) to.attribute(1 | NESTED, () => codec.write(to, value));
    },
  };
}

/** A row whose number carries NLA_F_NESTED, which strict parsing asks for. */
export const nestedRow = <R extends Rows>(type: number, table: AttributeSchema<R>): AttributeRow<AttributeValues<R>> =>
  row(type | NESTED, nested(table));
