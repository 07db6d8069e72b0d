/**
 * TypeBox's builder: all its types, and at run time only the part of it that our schemas need.
 *
 * What it makes is what TypeBox makes, JSON Schema (a test compares the two, schema by schema). Loading the whole of
 * TypeBox would cost an agent 12 MB of memory and a third of the time from exec to its first dialled session, for
 * functions that nothing here calls; `bench/run.mjs` shows it.
 */
import type { Static as StaticOf, TSchema, Type as TypeBox } from 'typebox';

/** The TypeScript type of a schema. */
export type Static<Schema extends TSchema> = StaticOf<Schema>;

type Words =
  | 'Array'
  | 'Boolean'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'String'
  | 'Union';

type Schema = Readonly<Record<string, unknown>>;

/** Not enumerable, as in TypeBox: a schema stays plain JSON. */
const OPTIONAL = '~optional';

const simple =
  (type: string) =>
  (options: Schema = {}): Schema => ({ type, ...options });

const builder = {
  Array: (items: Schema, options: Schema = {}): Schema => ({ type: 'array', items, ...options }),
  Boolean: simple('boolean'),
  Integer: simple('integer'),
  Literal: (value: unknown, options: Schema = {}): Schema => ({ type: typeof value, const: value, ...options }),
  Null: simple('null'),
  Number: simple('number'),
  Object(properties: Readonly<Record<string, Schema>>, options: Schema = {}): Schema {
    const required = Object.keys(properties).filter((name) => !(OPTIONAL in properties[name]!));
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
  },
  Optional: (schema: Schema): Schema => Object.defineProperty({ ...schema }, OPTIONAL, { value: true }),
  String: simple('string'),
  Union: (anyOf: readonly Schema[], options: Schema = {}): Schema => ({ anyOf, ...options }),
};

export const Type = builder as unknown as Pick<typeof TypeBox, Words>;
