/**
 * What generators of clients and readers want of the description besides what the routes say: a name for every operation and
 * for every schema that has one, problems by their media type, ETags, servers and examples.
 */
import * as api from '../api/index.js';
import { EXAMPLES } from './examples.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Group = { [name: string]: Json };

interface Operation {
  operationId?: string;
  parameters?: readonly { readonly name: string; readonly in: string }[];
  requestBody?: { readonly content: Record<string, { schema: Json; example?: Json }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }>; headers?: Json }>;
}

export interface Description {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Json> };
}

const STATUS: Readonly<Record<string, string>> = {
  200: 'Done; the answer',
  201: 'Made; what was made',
  202: 'Begun; how far it is',
  204: 'Done; there is nothing to say',
  '4XX': 'The request cannot be carried out, and says why; nothing was changed',
  '5XX': 'The agent or its store cannot do it at the moment',
};

const ETAG = { ETag: { description: 'Revision of the resource, for If-Match', schema: { type: 'string' } } };

/** Makes `description` complete, in place. */
export function describe(description: Description): Description {
  const named = new NamedSchemas();
  for (const [path, operations] of Object.entries(description.paths ?? {})) {
    const conditional = Object.values(operations).some(({ parameters = [] }) =>
      parameters.some(({ name, in: place }) => place === 'header' && name === 'if-match'),
    );
    for (const [method, operation] of Object.entries(operations)) {
      operation.operationId = operationIdOf(method, path);
      for (const content of Object.values(operation.requestBody?.content ?? {})) {
        content.schema = named.refer(content.schema);
        const example = EXAMPLES[operation.operationId];
        if (example !== undefined) content.example = example;
      }
      for (const [status, response] of Object.entries(operation.responses)) {
        response.description = STATUS[status.toUpperCase()] ?? 'The request cannot be carried out at the moment';
        for (const content of Object.values(response.content ?? {})) content.schema = named.refer(content.schema);
        if (!status.startsWith('2')) response.content = problemContent(response.content);
        else if (conditional && method === 'get') response.headers = ETAG;
      }
    }
  }
  description.components = { ...description.components, schemas: named.used };
  return description;
}

/** `get /v1/peers/{name}` is getPeersByName. */
export function operationIdOf(method: string, path: string): string {
  const words = path.split('/').flatMap((part) => {
    if (part === '' || part === 'v1') return [];
    const parameter = /^\{(\w+)\}$/.exec(part);
    return parameter ? ['by', parameter[1]!] : part.split('-');
  });
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

const problemContent = (content: Operation['responses'][string]['content']): Record<string, { schema: Json }> =>
  Object.fromEntries(Object.values(content ?? {}).map((one) => ['application/problem+json', one]));

/** The schemas of the API under the names that they have in the code, and references to them in place of copies. */
class NamedSchemas {
  readonly #names = new Map<string, string>();
  /** By name: those that something refers to. */
  readonly used: Record<string, Json> = {};

  constructor() {
    for (const [name, schema] of Object.entries(api)) {
      if (!isGroup(schema) || schema.type !== 'object') continue;
      const text = canonical(schema);
      if (!this.#names.has(text)) this.#names.set(text, name);
    }
  }

  refer(schema: Json): Json {
    const name = isGroup(schema) ? this.#names.get(canonical(schema)) : undefined;
    if (name === undefined) return this.#inside(schema);
    // Entered before what is inside it, which may refer to it as well.
    if (!(name in this.used)) {
      this.used[name] = {};
      this.used[name] = this.#inside(schema);
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #inside(value: Json): Json {
    if (Array.isArray(value)) return value.map((one: Json) => this.refer(one));
    if (!isGroup(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.refer(one)]));
  }
}

const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One text for equal schemas, whatever the order of their keys; a constant is a list of one there. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isGroup(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, one]) =>
    key === 'const' ? `"enum":[${canonical(one)}]` : `${JSON.stringify(key)}:${canonical(one)}`,
  );
  return `{${members.sort().join()}}`;
}
