/**
 * Fills in the defaults that a schema states: a new object, the input stays as it is. Lists are left as written; a
 * group that is absent is made where all its members are optional and one has a default.
 */
import type { SchemaNode } from './check.js';

export function withDefaults(schema: unknown, value: unknown): unknown {
  return fill(schema as SchemaNode, value);
}

function fill(schema: SchemaNode, value: unknown): unknown {
  if (value === undefined && schema.default !== undefined) return JSON.parse(JSON.stringify(schema.default));
  if (schema.type !== 'object' || !schema.properties) return value;
  if (value === undefined && (schema.required?.length ?? 0) > 0) return undefined;
  const filled: Record<string, unknown> = { ...(value as Record<string, unknown> | undefined) };
  for (const [name, member] of Object.entries(schema.properties)) {
    const result = fill(member, filled[name]);
    if (result !== undefined) filled[name] = result;
  }
  return value === undefined && Object.keys(filled).length === 0 ? undefined : filled;
}
