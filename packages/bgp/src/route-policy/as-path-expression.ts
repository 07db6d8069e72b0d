/**
 * Expressions over the AS numbers of AS_PATH, parsed into a program for AsPathAutomaton.
 *
 *     64512            this AS                        ^  $       begin and end of the path
 *     .                any AS                         A B        A, then B
 *     [64512-65534 7]  one of these; [^ …] none       A|B        A or B
 *     *  +  ?          any number, at least one, at most one of the thing before
 *     ( )              groups
 *
 * White space separates AS numbers. As on routers, an expression without `^` and `$` may match anywhere in the path.
 */
import { BgpConfigError } from '../config-error.js';

/** Longer ones are mistakes, or attacks on our own patience. */
const MAX_CHARACTERS = 1024;
const MAX_ASN = 0xffffffff;

/** One step of the program. A `class` consumes an AS whose number lies in one of the ranges (low, high, low, high, …). */
export type Instruction =
  | { readonly type: 'class'; readonly ranges: readonly number[]; readonly negated: boolean }
  | { readonly type: 'split'; readonly to: number; readonly or: number }
  | { readonly type: 'jump'; readonly to: number }
  | { readonly type: 'begin' | 'end' | 'match' };

type Node =
  | { readonly type: 'class'; readonly ranges: readonly number[]; readonly negated: boolean }
  | { readonly type: 'begin' | 'end' }
  | { readonly type: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly type: '*' | '+' | '?'; readonly part: Node };

type Token = { readonly text: string; readonly at: number };

/** Gives the program that matches where one of the expressions does. Throws BgpConfigError for what is none. */
export function parseAsPathExpressions(expressions: readonly string[]): readonly Instruction[] {
  const program: Instruction[] = [];
  // Of no expressions none matches.
  if (expressions.length === 0) program.push({ type: 'class', ranges: [], negated: false });
  emit({ type: 'choice', parts: expressions.map((text) => new Parser(text).parse()) }, program);
  program.push({ type: 'match' });
  return program;
}

/** What is wrong with an expression, and what is right; undefined where it is sound. */
export function asPathExpressionFault(expression: string): string | undefined {
  try {
    parseAsPathExpressions([expression]);
    return undefined;
  } catch (error) {
    if (error instanceof BgpConfigError) return error.message;
    throw error;
  }
}

class Parser {
  readonly #text: string;
  readonly #tokens: Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.length > MAX_CHARACTERS) {
      throw new BgpConfigError(`the expression has ${text.length} characters; at most ${MAX_CHARACTERS}`, 'asPaths');
    }
    this.#tokens = [...text.matchAll(/\d+|\S/gu)].map((match) => ({ text: match[0], at: match.index }));
  }

  parse(): Node {
    if (this.#tokens.length === 0) this.#fail('is empty; ".*" matches every path and "^$" the empty one');
    const node = this.#choice();
    const rest = this.#peek();
    if (rest) this.#fail(`has ")" at ${rest.at + 1} without "("`);
    return node;
  }

  #fail(what: string): never {
    throw new BgpConfigError(`the AS path expression "${this.#text}" ${what}`, 'asPaths');
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(text: string): boolean {
    if (this.#peek()?.text !== text) return false;
    this.#next++;
    return true;
  }

  #choice(): Node {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0]! : { type: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (let token = this.#peek(); token && token.text !== '|' && token.text !== ')'; token = this.#peek()) {
      parts.push(this.#repeated());
    }
    return { type: 'sequence', parts };
  }

  #repeated(): Node {
    let node = this.#atom();
    for (let token = this.#peek(); token && /^[*+?]$/.test(token.text); token = this.#peek()) {
      if (node.type === 'begin' || node.type === 'end')
        this.#fail(`has "${token.text}" at ${token.at + 1} behind "^" or "$"`);
      // One is enough: (A*)+ is A*, and so on; nesting would only make the program longer.
      const type =
        node.type === '*' || node.type === '+' || node.type === '?' ? merged(node.type, token.text) : token.text;
      const part: Node = node.type === '*' || node.type === '+' || node.type === '?' ? node.part : node;
      node = { type: type as '*' | '+' | '?', part };
      this.#next++;
    }
    return node;
  }

  #atom(): Node {
    const token = this.#peek()!;
    this.#next++;
    switch (token.text) {
      case '^':
        return { type: 'begin' };
      case '$':
        return { type: 'end' };
      case '.':
        return { type: 'class', ranges: [0, MAX_ASN], negated: false };
      case '[':
        return this.#class(token.at);
      case '(': {
        const node = this.#choice();
        if (!this.#take(')')) this.#fail(`has "(" at ${token.at + 1} without ")"`);
        return node;
      }
    }
    if (/^\d/.test(token.text)) {
      const asn = this.#asn(token);
      return { type: 'class', ranges: [asn, asn], negated: false };
    }
    if (/^[*+?]$/.test(token.text))
      this.#fail(`has "${token.text}" at ${token.at + 1} with nothing before it to repeat`);
    if (token.text === '_') this.#fail('has "_"; AS numbers are whole here, so write a space, or nothing at the ends');
    return this.#fail(`has "${token.text}" at ${token.at + 1}; known are AS numbers and . [ ] ^ $ * + ? | ( )`);
  }

  #class(at: number): Node {
    const negated = this.#take('^');
    const ranges: number[] = [];
    while (!this.#take(']')) {
      if (this.#take(',')) continue;
      const low = this.#member(at);
      const high = this.#take('-') ? this.#member(at) : low;
      if (high < low) this.#fail(`has the range ${low}-${high}, which holds nothing; write ${high}-${low}`);
      ranges.push(low, high);
    }
    if (ranges.length === 0) this.#fail(`has "[" at ${at + 1} with no AS number in it; "." is any AS`);
    return { type: 'class', ranges, negated };
  }

  #member(at: number): number {
    const token = this.#peek();
    if (!token) this.#fail(`has "[" at ${at + 1} without "]"`);
    if (!/^\d/.test(token.text)) {
      this.#fail(`has "${token.text}" at ${token.at + 1} inside of [ ]; write AS numbers and ranges: [64512-65534 7]`);
    }
    this.#next++;
    return this.#asn(token);
  }

  #asn({ text, at }: Token): number {
    if (Number(text) > MAX_ASN) this.#fail(`has ${text} at ${at + 1}; AS numbers end at ${MAX_ASN}`);
    return Number(text);
  }
}

/** Two repetitions in a row as one. */
const merged = (inner: string, outer: string): string => (inner === outer ? inner : '*');

function emit(node: Node, program: Instruction[]): void {
  switch (node.type) {
    case 'class':
    case 'begin':
    case 'end':
      program.push(node);
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, program);
      return;
    case 'choice': {
      const jumps: number[] = [];
      for (const [index, part] of node.parts.entries()) {
        const last = index === node.parts.length - 1;
        const split = last ? -1 : program.push({ type: 'jump', to: 0 }) - 1;
        emit(part, program);
        if (last) break;
        jumps.push(program.push({ type: 'jump', to: 0 }) - 1);
        program[split] = { type: 'split', to: split + 1, or: program.length };
      }
      for (const jump of jumps) program[jump] = { type: 'jump', to: program.length };
      return;
    }
    case '*': {
      const split = program.push({ type: 'jump', to: 0 }) - 1;
      emit(node.part, program);
      program.push({ type: 'jump', to: split });
      program[split] = { type: 'split', to: split + 1, or: program.length };
      return;
    }
    case '+': {
      const start = program.length;
      emit(node.part, program);
      program.push({ type: 'split', to: start, or: program.length + 1 });
      return;
    }
    case '?': {
      const split = program.push({ type: 'jump', to: 0 }) - 1;
      emit(node.part, program);
      program[split] = { type: 'split', to: split + 1, or: program.length };
      return;
    }
  }
}
