/**
 * Checks a value against one of our schemas and says, for every fault, where it is, what is wrong and what is right.
 *
 * Interprets the part of JSON Schema that `src/api` uses, instead of compiling it: no code generation at start, and
 * one wording for the file and for the REST API. An unknown keyword is ignored, as JSON Schema demands.
 */
import type { Issue } from '../errors.js';
import { FORMATS } from './formats.js';
import { suggest } from './suggest.js';

/** What the walker reads of a schema. TypeBox schemas are such objects. */
export interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
}

export const pointerTo = (parent: string, member: string | number): string =>
  `${parent}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Every fault of `value`, in document order; an empty list where it fits. */
export function checkValue(schema: unknown, value: unknown, pointer = ''): Issue[] {
  const issues: Issue[] = [];
  walk(schema as SchemaNode, value, pointer, issues);
  return issues;
}

/** A scalar as a message shows it; secrets never get here, see `walk`. */
function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of fields';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function walk(schema: SchemaNode, value: unknown, pointer: string, issues: Issue[]): void {
  const fail = (detail: string): void => {
    issues.push({ pointer, detail });
  };
  if (schema.const !== undefined) {
    if (value !== schema.const) fail(`is ${show(value)}; it must be ${JSON.stringify(schema.const)}`);
    return;
  }
  if (schema.anyOf) {
    checkUnion(schema.anyOf, value, pointer, issues);
    return;
  }
  switch (schema.type) {
    case 'object':
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        checkObject(schema, value as Record<string, unknown>, pointer, issues);
      } else {
        fail(`is ${show(value)}; it must be a group of fields: ${Object.keys(schema.properties ?? {}).join(', ')}`);
      }
      return;
    case 'array':
      if (Array.isArray(value)) checkArray(schema, value, pointer, issues);
      else fail(`is ${show(value)}; it must be a list`);
      return;
    case 'string': {
      const detail = stringFault(schema, value);
      if (detail) fail(detail);
      return;
    }
    case 'integer':
    case 'number': {
      const detail = numberFault(schema, value);
      if (detail) fail(detail);
      return;
    }
    case 'boolean':
      if (typeof value !== 'boolean') fail(`is ${show(value)}; it must be true or false`);
      return;
    case 'null':
      if (value !== null) fail(`is ${show(value)}; it must be null`);
      return;
    default:
      return;
  }
}

/**
 * A union of literals is named by its words; any other union by the issues of the member that comes nearest, and by the
 * words that would do instead.
 */
function checkUnion(members: readonly SchemaNode[], value: unknown, pointer: string, issues: Issue[]): void {
  if (members.every((member) => member.const !== undefined)) {
    const words = members.map((member) => String(member.const));
    if (members.some((member) => member.const === value)) return;
    const near = typeof value === 'string' ? suggest(value, words) : undefined;
    issues.push({
      pointer,
      detail: `is ${show(value)}; it must be ${listed(words)}${near ? ` (did you mean ${near}?)` : ''}`,
    });
    return;
  }
  let nearest: Issue[] | undefined;
  for (const member of members) {
    const found: Issue[] = [];
    walk(member, value, pointer, found);
    if (found.length === 0) return;
    if (member.type !== 'null' && member.const === undefined && (!nearest || found.length < nearest.length))
      nearest = found;
  }
  const words = members.flatMap(({ const: word }) => (typeof word === 'string' ? [word] : []));
  const near = typeof value === 'string' ? suggest(value, words) : undefined;
  const or = words.length === 0 ? '' : `, or ${listed(words)}${near ? ` (did you mean ${near}?)` : ''}`;
  issues.push(...(nearest ?? []).map((issue) => ({ ...issue, detail: `${issue.detail}${or}` })));
}

function checkObject(schema: SchemaNode, value: Record<string, unknown>, pointer: string, issues: Issue[]): void {
  const properties = schema.properties ?? {};
  const names = Object.keys(properties);
  for (const [name, member] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known) {
      walk(known, member, pointerTo(pointer, name), issues);
    } else if (schema.additionalProperties === false) {
      const free = names.filter((candidate) => !Object.hasOwn(value, candidate));
      const near = suggest(name, free);
      issues.push({
        pointer: pointerTo(pointer, name),
        detail: `unknown field "${name}"; ${near ? `did you mean "${near}"?` : `known are ${names.join(', ')}`}`,
        atKey: true,
      });
    }
  }
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name)) continue;
    const text = properties[name]?.description;
    issues.push({ pointer, detail: `"${name}" is missing${text ? `: ${lowerFirst(text)}` : ''}` });
  }
}

function checkArray(schema: SchemaNode, value: readonly unknown[], pointer: string, issues: Issue[]): void {
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    issues.push({ pointer, detail: `has ${value.length} entries; at least ${schema.minItems} must be there` });
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    issues.push({ pointer, detail: `has ${value.length} entries; at most ${schema.maxItems} are allowed` });
    return;
  }
  for (const [index, item] of value.entries()) {
    if (schema.items) walk(schema.items, item, pointerTo(pointer, index), issues);
    if (schema.uniqueItems && value.indexOf(item) < index) {
      issues.push({ pointer: pointerTo(pointer, index), detail: `${show(item)} is there twice` });
    }
  }
}

function stringFault(schema: SchemaNode, value: unknown): string | undefined {
  if (typeof value !== 'string') {
    if (schema.writeOnly) return 'it must be a text';
    const format = schema.format === undefined ? undefined : FORMATS[schema.format];
    if (format && value !== null && typeof value !== 'object') return format(String(value)) ?? 'must be in quotes';
    return `is ${show(value)}; it must be a text${typeof value === 'number' ? `, in quotes: "${value}"` : ''}`;
  }
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  if (value.length < minLength) return 'is empty';
  if (value.length > maxLength) return `has ${value.length} characters; at most ${maxLength} are allowed`;
  const fault = schema.format === undefined ? undefined : FORMATS[schema.format]?.(value);
  if (fault) return fault;
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    return `is ${show(value)}; it must match ${schema.pattern}`;
  }
  return undefined;
}

function numberFault(schema: SchemaNode, value: unknown): string | undefined {
  const whole = schema.type === 'integer';
  const { minimum, maximum } = schema;
  const range =
    minimum !== undefined && maximum !== undefined
      ? ` ${minimum} to ${maximum}`
      : minimum !== undefined
        ? ` ${minimum} or more`
        : '';
  const right = `it must be a ${whole ? 'whole ' : ''}number${range}`;
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return `is the text ${show(value)}; ${right}, without quotes`;
  if (typeof value !== 'number' || !Number.isFinite(value)) return `is ${show(value)}; ${right}`;
  if (whole && !Number.isInteger(value)) return `is ${value}; ${right}`;
  if ((minimum !== undefined && value < minimum) || (maximum !== undefined && value > maximum)) {
    return `is ${value}; ${right}`;
  }
  return undefined;
}

const lowerFirst = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text);

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
