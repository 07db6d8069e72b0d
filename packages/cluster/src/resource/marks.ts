/**
 * How we stand to a field, kept in its schema as `x-tortie`: published with it, listed in the reference, and told to whoever
 * applies a resource that has the field. A field without a mark is Calico's and means here what it means there.
 */
import type { SchemaNode } from '../schema/check.js';
import { pointerTo } from '../schema/fault.js';

export interface Mark {
  /**
   * `extension`: ours; Calico does not know it. `kept`: stored and given back, and nothing else was ever meant. `no-effect`:
   * accepted and kept, with a warning, as what Calico does with it is not done here. `refused`: not accepted.
   */
  readonly status: 'extension' | 'kept' | 'no-effect' | 'refused';
  /** Why, and what to do instead. */
  readonly note?: string;
  /** Only these values are meant; absent: all. */
  readonly values?: readonly string[];
}

const MARK = 'x-tortie';

export type Marked = SchemaNode & { readonly [MARK]?: Mark };

const marked = (mark: Mark) => ({ [MARK]: mark });

/** Options of a schema: the field is ours. */
export const extension = () => marked({ status: 'extension' });
/** Options of a schema: the field is kept and shown. */
export const kept = (note: string) => marked({ status: 'kept', note });
/** Options of a schema: the field, or some of its values, are accepted with a warning. */
export const noEffect = (note: string, values?: readonly string[]) =>
  marked({ status: 'no-effect', note, ...(values && { values }) });
/** Options of a schema: the field, or some of its values, are not accepted. */
export const refused = (note: string, values?: readonly string[]) =>
  marked({ status: 'refused', note, ...(values && { values }) });

export const markOf = (schema: SchemaNode): Mark | undefined => (schema as Marked)[MARK];

export interface MarkedValue {
  readonly pointer: string;
  readonly mark: Mark;
}

/** The marked fields that a value has, in document order. */
export function marksIn(schema: SchemaNode, value: unknown, pointer = ''): MarkedValue[] {
  const mark = markOf(schema);
  const found = mark && (!mark.values || mark.values.includes(String(value))) ? [{ pointer, mark }] : [];
  if (Array.isArray(value)) {
    const items = schema.items ?? {};
    return [...found, ...value.flatMap((item, index) => marksIn(items, item, pointerTo(pointer, index)))];
  }
  if (typeof value !== 'object' || value === null) return found;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const known = schema.properties?.[name];
    return known ? marksIn(known, member, pointerTo(pointer, name)) : [];
  });
  return [...found, ...members];
}
