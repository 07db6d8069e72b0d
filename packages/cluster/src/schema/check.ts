/**
 * Checks a value against a schema and says, for every fault, where it is, what is wrong and what is right.
 *
 * Interprets the part of JSON Schema that `type.ts` makes, instead of compiling it: no code generation at start, and
 * one wording for files and for the REST API. An unknown keyword is ignored, as JSON Schema demands.
 */
import { counted } from '@tortie/ip';
import { type Fault, listed, pointerTo } from './fault.js';
import { COMMON_FORMATS, type Formats } from './formats.js';
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

export interface CheckOptions {
  /** Where the value itself stands. */
  readonly pointer?: string;
  /** What `format` may name; others are ignored. */
  readonly formats?: Formats;
}

/** Every fault of `value`, in document order; an empty list where it fits. */
export function checkValue(
  schema: unknown,
  value: unknown,
  { pointer = '', formats = COMMON_FORMATS }: CheckOptions = {},
): Fault[] {
  return new Walk(formats).faultsOf(schema as SchemaNode, value, pointer);
}

/** A scalar as a message shows it; secrets never get here, see `stringFault`. */
function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of fields';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A fault without its place. */
type Finding = Omit<Fault, 'pointer'>;

const isNot = (value: unknown, expected: string): Finding => ({ message: `is ${show(value)}`, expected });

class Walk {
  readonly #formats: Formats;

  constructor(formats: Formats) {
    this.#formats = formats;
  }

  faultsOf(schema: SchemaNode, value: unknown, pointer: string): Fault[] {
    const one = (finding: Finding | undefined): Fault[] => (finding ? [{ pointer, ...finding }] : []);
    if (schema.const !== undefined) {
      return one(value === schema.const ? undefined : isNot(value, JSON.stringify(schema.const)));
    }
    if (schema.anyOf) return this.#union(schema.anyOf, value, pointer);
    switch (schema.type) {
      case 'object':
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
          return this.#object(schema, value as Record<string, unknown>, pointer);
        }
        return one(isNot(value, groupText(schema)));
      case 'array':
        return Array.isArray(value) ? this.#array(schema, value, pointer) : one(isNot(value, 'a list'));
      case 'string':
        return one(this.#string(schema, value));
      case 'integer':
      case 'number':
        return one(numberFinding(schema, value));
      case 'boolean':
        return one(typeof value === 'boolean' ? undefined : isNot(value, 'true or false'));
      case 'null':
        return one(value === null ? undefined : isNot(value, 'null'));
      default:
        return [];
    }
  }

  /**
   * A union of literals is named by its words; any other union by the faults of the member that comes nearest, and by the
   * words that would do instead.
   */
  #union(members: readonly SchemaNode[], value: unknown, pointer: string): Fault[] {
    const words = members.flatMap(({ const: word }) => (word === undefined ? [] : [String(word)]));
    const near = typeof value === 'string' ? suggest(value, words) : undefined;
    const suggestion = near === undefined ? {} : { suggestion: near };
    if (words.length === members.length) {
      if (members.some((member) => member.const === value)) return [];
      return [{ pointer, ...isNot(value, listed(words)), ...suggestion }];
    }
    let nearest: readonly Fault[] | undefined;
    for (const member of members) {
      const found = this.faultsOf(member, value, pointer);
      if (found.length === 0) return [];
      if (member.type === 'null' || member.const !== undefined) continue;
      if (!nearest || found.length < nearest.length) nearest = found;
    }
    if (words.length === 0) return [...(nearest ?? [])];
    const or = `, or ${listed(words)}`;
    return (nearest ?? []).map((fault) =>
      fault.expected === undefined
        ? { ...fault, message: fault.message + or, ...suggestion }
        : { ...fault, expected: fault.expected + or, ...suggestion },
    );
  }

  #object(schema: SchemaNode, value: Record<string, unknown>, pointer: string): Fault[] {
    const faults: Fault[] = [];
    const { properties = {}, additionalProperties: others } = schema;
    const names = Object.keys(properties);
    for (const [name, member] of Object.entries(value)) {
      const known = Object.hasOwn(properties, name)
        ? properties[name]
        : typeof others === 'object'
          ? others
          : undefined;
      if (known) {
        faults.push(...this.faultsOf(known, member, pointerTo(pointer, name)));
      } else if (others === false) {
        const near = suggest(
          name,
          names.filter((candidate) => !Object.hasOwn(value, candidate)),
        );
        faults.push({
          pointer: pointerTo(pointer, name),
          message: `unknown field "${name}"`,
          expected: names.join(', '),
          ...(near === undefined ? {} : { suggestion: near }),
          atKey: true,
        });
      }
    }
    for (const name of schema.required ?? []) {
      if (Object.hasOwn(value, name)) continue;
      const text = properties[name]?.description;
      faults.push({ pointer, message: `"${name}" is missing${text ? `: ${lowerFirst(text)}` : ''}` });
    }
    return faults;
  }

  #array(schema: SchemaNode, value: readonly unknown[], pointer: string): Fault[] {
    const faults: Fault[] = [];
    const { minItems, maxItems, items, uniqueItems } = schema;
    if (minItems !== undefined && value.length < minItems) {
      faults.push({
        pointer,
        message: `has ${counted(value.length, 'entry', 'entries')}; at least ${minItems} must be there`,
      });
    }
    if (maxItems !== undefined && value.length > maxItems) {
      return [
        ...faults,
        { pointer, message: `has ${counted(value.length, 'entry', 'entries')}; at most ${maxItems} are allowed` },
      ];
    }
    for (const [index, item] of value.entries()) {
      if (items) faults.push(...this.faultsOf(items, item, pointerTo(pointer, index)));
      if (uniqueItems && value.indexOf(item) < index) {
        faults.push({ pointer: pointerTo(pointer, index), message: `${show(item)} is there twice` });
      }
    }
    return faults;
  }

  #string(schema: SchemaNode, value: unknown): Finding | undefined {
    const format = schema.format === undefined ? undefined : this.#formats[schema.format];
    if (typeof value !== 'string') {
      if (schema.writeOnly) return { message: 'it must be a text' };
      if (format && value !== null && typeof value !== 'object') {
        return { message: format(String(value)) ?? 'must be in quotes' };
      }
      return isNot(value, `a text${typeof value === 'number' ? `, in quotes: "${value}"` : ''}`);
    }
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
    if (value.length < minLength) return { message: 'is empty' };
    if (value.length > maxLength) {
      return { message: `has ${counted(value.length, 'character')}; at most ${maxLength} are allowed` };
    }
    const message = format?.(value);
    if (message !== undefined) return { message };
    if (pattern === undefined || new RegExp(pattern, 'u').test(value)) return undefined;
    return { message: `is ${show(value)}; it must match ${pattern}` };
  }
}

function groupText({ properties, additionalProperties: others }: SchemaNode): string {
  const names = Object.keys(properties ?? {});
  return names.length > 0 || typeof others !== 'object'
    ? `a group of fields: ${names.join(', ')}`
    : 'a group of fields';
}

function numberFinding(schema: SchemaNode, value: unknown): Finding | undefined {
  const whole = schema.type === 'integer';
  const { minimum, maximum } = schema;
  const range =
    minimum !== undefined && maximum !== undefined
      ? ` ${minimum} to ${maximum}`
      : minimum !== undefined
        ? ` ${minimum} or more`
        : '';
  const right = `a ${whole ? 'whole ' : ''}number${range}`;
  if (typeof value === 'string' && /^-?\d+$/.test(value)) {
    return { message: `is the text ${show(value)}`, expected: `${right}, without quotes` };
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return isNot(value, right);
  const outside = (minimum !== undefined && value < minimum) || (maximum !== undefined && value > maximum);
  return outside || (whole && !Number.isInteger(value)) ? isNot(value, right) : undefined;
}

const lowerFirst = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text);
