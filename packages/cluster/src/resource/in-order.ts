/** A resource with its fields in the order of its schema, so that two that say the same are also written the same. */
import type { SchemaNode } from '../schema/check.js';
import { kindOf } from './kinds.js';
import type { Resource } from './resource.js';

export function inOrder<Given extends Resource>(resource: Given): Given {
  const spec = kindOf(resource.kind)?.spec;
  return spec ? { ...resource, spec: ordered(spec as SchemaNode, resource.spec) } : resource;
}

function ordered(schema: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => ordered(schema.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return value;
  const known = Object.keys(schema.properties ?? {});
  const rank = (name: string): number => (known.includes(name) ? known.indexOf(name) : known.length);
  const entries = Object.entries(value).sort(([x], [y]) => rank(x) - rank(y) || (x < y ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, ordered(schema.properties?.[name] ?? {}, member)]));
}
