/** Groups whose fields have names of the user's own. */
import type { TSchema, TUnsafe } from 'typebox';
import { type Static, Type } from './type.js';

export const mapOf = <Value extends TSchema>(
  values: Value,
  options: Readonly<Record<string, unknown>> = {},
): TUnsafe<Readonly<Record<string, Static<Value>>>> =>
  Type.Object({}, { additionalProperties: values as never, ...options }) as unknown as TUnsafe<
    Readonly<Record<string, Static<Value>>>
  >;
