/** Groups whose fields have names of the user's own. */
import type { TSchema, TUnsafe } from 'typebox';
import { type Static, Type } from './type.js';

type Options = Readonly<Record<string, unknown>>;

export const mapOf = <Value extends TSchema>(
  values: Value,
  options: Options = {},
): TUnsafe<Readonly<Record<string, Static<Value>>>> =>
  Type.Object({}, { additionalProperties: values as never, ...options }) as unknown as TUnsafe<
    Readonly<Record<string, Static<Value>>>
  >;

/** Any group of fields; what is in it is checked elsewhere, or by nobody. */
export const anyGroup = (options: Options = {}): TUnsafe<Readonly<Record<string, unknown>>> =>
  ({ type: 'object', ...options }) as unknown as TUnsafe<Readonly<Record<string, unknown>>>;
