/** A YAML document that still knows where each of its nodes stood. */
import {
  type Document,
  isMap,
  isNode,
  isPair,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  parseDocument,
} from 'yaml';

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlFault extends Position {
  readonly detail: string;
}

export interface YamlSource {
  readonly value: unknown;
  /** Where the value (or, with `key`, the name) that a JSON pointer names stands; of its nearest parent if absent. */
  locate(pointer: string, key?: boolean): Position;
}

/** The parser's codes in an operator's words, where its own message does not say what would be right. */
const DETAILS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab as indentation; indent with spaces',
  DUPLICATE_KEY: 'this field is there twice in its group; remove one of the two',
  MULTIPLE_DOCS: 'a second document begins here; remove the "---" line, the file holds one document',
};

const detailOf = (code: string, message: string): string => DETAILS[code] ?? `this is no YAML: ${message}`;

/** Parses text as YAML 1.2 of one document; gives the faults, with their places, where it is none. */
export function parseYaml(text: string): { source: YamlSource } | { faults: readonly YamlFault[] } {
  const lines = new LineCounter();
  return sourceOf(parseDocument(text, { ...OPTIONS, lineCounter: lines }), lines);
}

/** The same of a text that may hold several documents, JSON included; empty ones are left out. */
export function parseYamlDocuments(text: string): { sources: readonly YamlSource[]; faults: readonly YamlFault[] } {
  const lines = new LineCounter();
  const sources: YamlSource[] = [];
  const faults: YamlFault[] = [];
  for (const document of parseAllDocuments(text, { ...OPTIONS, lineCounter: lines })) {
    const parsed = sourceOf(document, lines);
    if ('faults' in parsed) faults.push(...parsed.faults);
    else if (parsed.source.value !== null && parsed.source.value !== undefined) sources.push(parsed.source);
  }
  return { sources, faults };
}

const OPTIONS = { prettyErrors: false, version: '1.2' } as const;

function sourceOf(document: Document, lines: LineCounter): { source: YamlSource } | { faults: readonly YamlFault[] } {
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map((error) => ({
        ...place(error.pos[0]),
        detail: detailOf(error.code, firstLine(error.message)),
      })),
    };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const detail = `this is no YAML: ${error instanceof Error ? error.message : error}`;
    return { faults: [{ ...place(document.range?.[0] ?? 0), detail }] };
  }
  const locate = (pointer: string, key = false): Position => {
    let node: unknown = document.contents;
    let offset = startOf(node) ?? 0;
    const members = pointer.split('/').slice(1);
    for (const [depth, raw] of members.entries()) {
      const member = raw.replaceAll('~1', '/').replaceAll('~0', '~');
      const child = childOf(node, member);
      if (child === undefined) break;
      node = isPair(child) ? child.value : child;
      const wanted = key && depth === members.length - 1 && isPair(child) ? child.key : node;
      offset = startOf(wanted) ?? (isPair(child) ? startOf(child.key) : undefined) ?? offset;
    }
    return place(offset);
  };
  return { source: { value, locate } };
}

const firstLine = (message: string): string => message.split('\n', 1)[0]!;

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

function childOf(node: unknown, member: string): Pair | Node | undefined {
  if (isMap(node)) {
    return node.items.find((pair) => String(isNode(pair.key) ? pair.key.toJSON() : pair.key) === member);
  }
  const items = (node as { items?: unknown[] } | null)?.items;
  const item = Array.isArray(items) ? items[Number(member)] : undefined;
  return isNode(item) ? item : undefined;
}
