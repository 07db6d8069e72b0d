/**
 * Puts counters into JavaScript: one in each function, branch, loop and operand that may be left out, so that coverage is
 * of edges and every run is counted exactly, on every version of Node alike. Lines stay where they are.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Node as AcornNode, parse } from 'acorn';

/** Where instrumented code finds the counters: a Uint32Array. */
export const COUNTERS = 'tortieFuzzCounters';

/** More turns of one loop within one run than this are a hang. */
const MAX_TURNS = 20_000_000;

type Tree = AcornNode & Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string';

/** The same module, counting; `claim` gives the index of one more counter. */
export function instrument(source: string, claim: () => number): string {
  const opened = new Map<number, string>();
  const closed = new Map<number, string>();
  const open = (at: number, text: string) => opened.set(at, (opened.get(at) ?? '') + text);
  const close = (at: number, text: string) => closed.set(at, (closed.get(at) ?? '') + text);
  const count = (): string => `__c[${claim()}]++`;
  const turn = (): string => `if(__c[${claim()}]++>${MAX_TURNS})throw new Error("a loop without end")`;

  /** Visits what `node` holds after what it opens and before what it closes, so wrappings nest. */
  function statement(node: Tree, text: string): void {
    if (node.type === 'BlockStatement') {
      open(node.start + 1, `${text};`);
      visit(node);
      return;
    }
    open(node.start, `{${text};`);
    visit(node);
    close(node.end, '}');
  }

  function expression(node: Tree): void {
    open(node.start, `(${count()},`);
    visit(node);
    close(node.end, ')');
  }

  function children(node: Tree, except: readonly string[] = []): void {
    for (const [key, value] of Object.entries(node)) {
      if (except.includes(key)) continue;
      if (isTree(value)) visit(value);
      else if (Array.isArray(value)) for (const each of value) if (isTree(each)) visit(each);
    }
  }

  function visit(node: Tree): void {
    const part = (key: string): Tree => node[key] as Tree;
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        children(node, ['body']);
        if (part('body').type === 'BlockStatement') statement(part('body'), count());
        else expression(part('body'));
        return;
      case 'IfStatement':
        visit(part('test'));
        statement(part('consequent'), count());
        if (node.alternate) statement(part('alternate'), count());
        else close(node.end, ` else ${count()};`);
        return;
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
        children(node, ['body']);
        statement(part('body'), turn());
        return;
      case 'SwitchCase': {
        const [first] = node.consequent as readonly Tree[];
        if (node.test) visit(part('test'));
        if (first) open(first.start, `${count()};`);
        for (const each of node.consequent as readonly Tree[]) visit(each);
        return;
      }
      case 'ConditionalExpression':
        visit(part('test'));
        expression(part('consequent'));
        expression(part('alternate'));
        return;
      case 'LogicalExpression':
        visit(part('left'));
        expression(part('right'));
        return;
      case 'CatchClause':
        if (node.param) visit(part('param'));
        statement(part('body'), count());
        return;
      default:
        children(node);
    }
  }

  visit(parse(source, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as Tree);
  const places = [...new Set([...opened.keys(), ...closed.keys()])].sort((x, y) => x - y);
  let text = `const __c=globalThis.${COUNTERS};`;
  let from = 0;
  for (const at of places) {
    text += source.slice(from, at) + (closed.get(at) ?? '') + (opened.get(at) ?? '');
    from = at;
  }
  return text + source.slice(from);
}

/** Copies built folders into `to`; `counted` is the one whose modules get counters. Gives the names of the counters. */
export function instrumentTree(
  dist: string,
  to: string,
  folders: readonly string[],
  counted: string,
): readonly string[] {
  const places: string[] = [];
  for (const folder of folders) {
    mkdirSync(join(to, folder), { recursive: true });
    for (const name of readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.js')) continue;
      const target = join(to, folder, name);
      if (folder !== counted) {
        cpSync(join(dist, folder, name), target);
        continue;
      }
      mkdirSync(join(target, '..'), { recursive: true });
      const source = readFileSync(join(dist, folder, name), 'utf8');
      writeFileSync(
        target,
        instrument(source, () => places.push(name) - 1),
      );
    }
  }
  return places;
}
