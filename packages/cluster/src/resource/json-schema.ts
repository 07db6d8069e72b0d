/** JSON Schema of a kind, for editors and other programs: what a whole document is, not its `spec` alone. */
import type { SchemaNode } from '../schema/check.js';
import { KINDS, type Kind } from './kinds.js';
import { API_VERSIONS, MetadataSchema } from './resource.js';

type Json = Readonly<Record<string, unknown>>;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Our formats as what every validator knows. */
const PATTERNS: Readonly<Record<string, string>> = {
  'as-number': '^([0-9]{1,10}|[0-9]{1,5}\\.[0-9]{1,5})$',
  duration: '^([0-9]+(\\.[0-9]+)?(h|ms|m|s))+$',
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

/** Whatever a file of resources may hold; `base` is where the schemas of the kinds are. */
export const jsonSchemaOfAll = (base = '.'): Json => ({
  $schema: DIALECT,
  title: 'A resource of Tortie, or a list of them',
  anyOf: [
    ...KINDS.filter(({ readOnly }) => !readOnly).map((kind) => ({ $ref: `${base}/${schemaFile(kind)}` })),
    {
      type: 'object',
      required: ['kind', 'items'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { pattern: 'List$' },
        items: { type: 'array', items: { $ref: '#' } },
      },
    },
  ],
});

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
