/** The configuration reference of the README, made from the schema: a table per group of fields. */
import { AgentConfigFile } from '../src/api/config.js';
import type { SchemaNode } from '../src/schema/check.js';

interface Section {
  /** Where the group may stand: a schema that is used in several places is shown once. */
  readonly titles: string[];
  readonly schema: SchemaNode;
}

export function configReference(): string {
  const sections: Section[] = [{ titles: ['Top level'], schema: AgentConfigFile as unknown as SchemaNode }];
  const lines: string[] = [];
  for (let section = sections.shift(); section; section = sections.shift()) {
    lines.push(`#### ${section.titles.join(', ')}`, '', '| field | type | default | meaning |', '|---|---|---|---|');
    const required = new Set(section.schema.required ?? []);
    for (const [name, schema] of Object.entries(section.schema.properties ?? {})) {
      const inner = schema.type === 'array' ? schema.items : schema;
      if (inner?.type === 'object') {
        const titles = section.titles
          .map((title) => (title === 'Top level' ? name : `${title}.${name}`))
          .map((title) => (schema.type === 'array' ? `${title}[]` : title));
        const same = sections.find((each) => each.schema.properties === inner.properties);
        if (same) same.titles.push(...titles);
        else sections.push({ titles, schema: inner });
      }
      lines.push(
        `| \`${name}\` | ${typeText(schema)} | ${defaultText(schema, required.has(name))} | ${meaning(schema)} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

function defaultText({ default: initial }: SchemaNode, required: boolean): string {
  if (required) return '**required**';
  return initial === undefined ? '' : `\`${JSON.stringify(initial)}\``;
}

function typeText(schema: SchemaNode): string {
  if (schema.anyOf) {
    return schema.anyOf
      .map((member) => (member.const === undefined ? typeText(member) : `\`${member.const}\``))
      .join(', ');
  }
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === 'object') return 'group';
  if (schema.type === 'integer' && schema.minimum !== undefined && schema.maximum !== undefined) {
    return `${schema.minimum} to ${schema.maximum}`;
  }
  return schema.format ?? schema.type ?? '';
}

const meaning = ({ description = '', items }: SchemaNode): string =>
  (description || items?.description || '').replaceAll('|', '\\|');
