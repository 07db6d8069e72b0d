/** JSON Schema of a kind, for editors and other programs: what a whole document is, not its `spec` alone. */
import type { SchemaNode } from '../schema/check.js';
import { KINDS, type Kind } from './kinds.js';
import { API_VERSIONS, MetadataSchema } from './resource.js';

type Json = Readonly<Record<string, unknown>>;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Our formats as what every validator knows. */
const PATTERNS: Readonly<Record<string, string>> = {
  'as-number': '^([0-9]{1,10}|[0-9]{1,5}\\.[0-9]{1,5})$',
  'unit-duration': '^([0-9]+(\\.[0-9]+)?(h|ms|m|s))+$',
  community: '^[0-9]{1,10}(:[0-9]{1,10}){1,2}$',
  'ip-prefix': '^[0-9A-Fa-f:.]+/[0-9]{1,3}$',
  'ip-prefix-or-address': '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$',
  'ip-address': '^[0-9A-Fa-f:.]+$',
  'ipv4-address': '^[0-9]{1,3}(\\.[0-9]{1,3}){3}$',
  'interface-address': '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$',
  'peer-ip': '^([0-9A-Fa-f:.]+|[0-9.]+:[0-9]{1,5}|\\[[0-9A-Fa-f:.]+\\]:[0-9]{1,5})$',
  'resource-name': '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
  'dns-name': '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$',
};

/** The file name of a kind's schema. */
export const schemaFile = ({ kind }: Kind): string => `${kind.toLowerCase()}.json`;

/** A document of one kind. */
export function jsonSchemaOf(kind: Kind): Json {
  const { names = 'dns-name' } = kind;
  const metadata = plain(MetadataSchema as SchemaNode);
  const { name, ...others } = metadata.properties as Record<string, Json>;
  return {
    $schema: DIALECT,
    title: kind.kind,
    description: kind.summary,
    ...(kind.readOnly && { readOnly: true }),
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: { enum: [...API_VERSIONS], description: `${API_VERSIONS[0]} is how it is given back` },
      kind: { enum: [kind.kind, ...(kind.aliases ?? [])] },
      metadata: { ...metadata, properties: { name: { ...name, pattern: PATTERNS[names] }, ...others } },
      spec: plain(kind.spec as SchemaNode),
      status: { type: 'object', description: 'What agents say; ignored where a resource is written' },
    },
    additionalProperties: false,
  };
}

/** Whatever a file of resources may hold, by its kind: one file for an editor. */
export function jsonSchemaOfAll(): Json {
  const kinds = KINDS.filter(({ readOnly }) => !readOnly);
  return {
    $schema: DIALECT,
    title: 'A resource of Tortie, or a list of them',
    type: 'object',
    required: ['kind'],
    properties: {
      kind: { anyOf: [{ enum: kinds.flatMap(({ kind, aliases = [] }) => [kind, ...aliases]) }, { pattern: 'List$' }] },
    },
    allOf: kinds.map((kind) => ({
      if: { properties: { kind: { enum: [kind.kind, ...(kind.aliases ?? [])] } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/$defs/${kind.kind}` },
    })),
    if: { properties: { kind: { pattern: 'List$' } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['items'], properties: { items: { type: 'array', items: { type: 'object' } } } },
    $defs: Object.fromEntries(
      kinds.map((kind) => {
        const { $schema: _dialect, ...schema } = jsonSchemaOf(kind);
        return [kind.kind, schema];
      }),
    ),
  };
}

function plain(schema: SchemaNode): Json {
  const { properties, items, anyOf, additionalProperties, ...rest } = schema;
  const pattern = schema.pattern ?? PATTERNS[schema.format ?? ''];
  return {
    ...rest,
    ...(pattern !== undefined && { pattern }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, plain(member)])),
    }),
    ...(items && { items: plain(items) }),
    ...(anyOf && { anyOf: anyOf.map(plain) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'object' ? plain(additionalProperties) : additionalProperties,
    }),
  };
}
