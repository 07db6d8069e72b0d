/** Query parameters arrive as text: gives them the type their schema asks for, where the text is of that type. */
import type { SchemaNode } from './check.js';

export function coerceQuery(schema: unknown, query: unknown): Record<string, unknown> {
  const properties = (schema as SchemaNode).properties ?? {};
  const coerced: Record<string, unknown> = {};
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    coerced[name] = coerceText(properties[name], value);
  }
  for (const [name, member] of Object.entries(properties)) {
    if (coerced[name] === undefined && member.default !== undefined) coerced[name] = member.default;
  }
  return coerced;
}

function coerceText(schema: SchemaNode | undefined, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if ((schema?.type === 'integer' || schema?.type === 'number') && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (schema?.type === 'boolean' && (value === 'true' || value === '')) return true;
  if (schema?.type === 'boolean' && value === 'false') return false;
  return value;
}
