/** The reference of kinds in docs/RESOURCES.md, made from their schemas. */
import { KINDS, type Kind, type Mark, markOf } from '../src/index.js';
import type { SchemaNode } from '../src/schema/index.js';

export function resourceReference(): string {
  return [...kindTable(), ...KINDS.flatMap(kindSection)].join('\n');
}

function kindTable(): string[] {
  return [
    '| kind | also | what |',
    '|---|---|---|',
    ...KINDS.map(({ kind, plural, shortNames, summary, readOnly }) => {
      const words = [plural, ...shortNames].map((word) => `\`${word}\``).join(', ');
      return `| ${kind} | ${words} | ${summary}${readOnly ? '; read only' : ''} |`;
    }),
    '',
  ];
}

interface Row {
  readonly path: string;
  readonly schema: SchemaNode;
  readonly required: boolean;
}

function kindSection(kind: Kind): string[] {
  const rows = rowsOf(kind.spec as SchemaNode, '');
  return [
    `### ${kind.kind}`,
    '',
    `${kind.summary}.`,
    '',
    '| field of `spec` | type | default | meaning | beside Calico |',
    '|---|---|---|---|---|',
    ...rows.map(({ path, schema, required }) =>
      [
        '',
        ` \`${path}\` `,
        ` ${typeText(schema)} `,
        ` ${required ? '**required**' : schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``} `,
        ` ${cell(schema.description ?? schema.items?.description ?? '')} `,
        ` ${cell(kind.readOnly ? '' : markText(markOf(schema)))} `,
        '',
      ].join('|'),
    ),
    '',
  ];
}

/** Fields, and those inside of groups and lists behind them. Lists that look the same are told of once. */
function rowsOf(schema: SchemaNode, at: string, seen = new Map<string, string>()): Row[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const path = `${at}${name}`;
    const inner = member.type === 'array' ? member.items : member;
    const row: Row = { path, schema: member, required: required.has(name) };
    if (inner?.type !== 'object' || !inner.properties) return [row];
    const shape = Object.keys(inner.properties).join();
    const like = seen.get(shape);
    const below = member.type === 'array' ? `${path}[].` : `${path}.`;
    if (like !== undefined && Object.keys(inner.properties).length > 5) {
      return [{ ...row, schema: { ...member, description: `${member.description}; as ${like}` } }];
    }
    seen.set(shape, path);
    return [row, ...rowsOf(inner, below, seen)];
  });
}

function typeText(schema: SchemaNode): string {
  if (schema.anyOf)
    return schema.anyOf.map((one) => (one.const === undefined ? typeText(one) : `\`${one.const}\``)).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === 'object') return schema.properties ? 'group' : 'map';
  if (schema.type === 'integer' && schema.minimum !== undefined && schema.maximum !== undefined) {
    return `${schema.minimum} to ${schema.maximum}`;
  }
  return schema.format ?? schema.type ?? '';
}

function markText(mark: Mark | undefined): string {
  if (!mark) return '';
  const { status, note, values } = mark;
  const of = values ? ` (${values.join(', ')})` : '';
  const said = {
    extension: 'ours',
    kept: 'kept and shown',
    'no-effect': 'no effect yet, with a warning',
    refused: 'refused',
  };
  return `${said[status]}${of}${note === undefined ? '' : `: ${note}`}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
