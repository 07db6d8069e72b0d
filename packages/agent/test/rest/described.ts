/** The API's own description, as far as tests look at it. */
import type { SchemaNode } from '../../src/schema/check.js';

/** A schema as the document has it: texts that are fixed are lists of one. */
export interface DescribedSchema extends SchemaNode {
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly DescribedSchema[];
  readonly properties?: Readonly<Record<string, DescribedSchema>>;
  readonly additionalProperties?: boolean | DescribedSchema;
  readonly items?: DescribedSchema;
}

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: DescribedSchema }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: DescribedSchema; readonly example?: unknown }>>;
  };
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: DescribedSchema }> }>>;
}

/** By path and method. */
export type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** What is described for a status: by itself, else with its whole class. */
export const responseOf = ({ responses }: Operation, status: number): Operation['responses'][string] | undefined =>
  responses[status] ?? responses[`${String(status)[0]}XX`] ?? responses[`${String(status)[0]}xx`];

/** The schema with every group closed: a field that it does not name is then a fault, but in groups of the user's own names. */
export function closed(schema: SchemaNode): SchemaNode {
  return {
    ...schema,
    ...(schema.type === 'object' &&
      typeof schema.additionalProperties !== 'object' &&
      schema.properties && {
        additionalProperties: false,
        properties: Object.fromEntries(
          Object.entries(schema.properties).map(([name, member]) => [name, closed(member)]),
        ),
      }),
    ...(schema.items && { items: closed(schema.items) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map(closed) }),
  };
}

/** The document with what it refers to in place, for tests that look at schemas. */
export function resolved<T>(document: T): T {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref } = value as { $ref?: string };
    if (typeof $ref === 'string') return walk(components?.schemas?.[$ref.replace('#/components/schemas/', '')]);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one)]));
  };
  return walk(document) as T;
}
