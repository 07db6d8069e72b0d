/**
 * Runs a program over an AS path by keeping the set of places it can be at: for each AS every instruction is looked at
 * once at most, so the time is the path's length times the program's, whatever a peer sends. There is no backtracking.
 *
 * A set is one element, as in its length: an AS number or class matches where one of its members does.
 */
import { wordAt } from '../rib/attribute-keys.js';
import { type Instruction, parseAsPathExpressions } from './as-path-expression.js';

/** AS_SET and AS_CONFED_SET. RFC 4271 section 4.3, RFC 5065 section 3. */
const isSet = (segment: number): boolean => segment === 1 || segment === 4;

export class AsPathAutomaton {
  readonly #program: readonly Instruction[];
  /** Places that wait for the next AS, and those reached with it. */
  #now: Int32Array;
  #then: Int32Array;
  #count = 0;
  /** By instruction: the step in which it was reached last. */
  readonly #reached: Int32Array;
  #step = 0;
  readonly #stack: Int32Array;

  /** Throws BgpConfigError. */
  constructor(expressions: readonly string[]) {
    this.#program = parseAsPathExpressions(expressions);
    const { length } = this.#program;
    this.#now = new Int32Array(length);
    this.#then = new Int32Array(length);
    this.#reached = new Int32Array(length);
    // Each instruction is pushed by two others at most.
    this.#stack = new Int32Array(2 * length + 1);
  }

  /** Whether the value of AS_PATH in `bytes[start..end)`, in 4-octet numbers, matches. */
  matches(bytes: Uint8Array, start: number, end: number): boolean {
    this.#step = 0;
    this.#reached.fill(-1);
    this.#count = 0;
    let done = this.#follow(0, this.#now, true, start === end);
    for (let at = start; at < end && !done; ) {
      const set = isSet(bytes[at]!);
      const members = bytes[at + 1]!;
      at += 2;
      for (let left = set ? 1 : members; left > 0 && !done; left--) {
        const width = set ? members : 1;
        const next = at + 4 * width;
        done = this.#consume(bytes, at, width, next >= end);
        at = next;
      }
    }
    return done;
  }

  /** One element of the path: `width` AS numbers at `at`. True where the program has come to its end. */
  #consume(bytes: Uint8Array, at: number, width: number, last: boolean): boolean {
    const from = this.#now;
    const count = this.#count;
    const to = this.#then;
    this.#step++;
    this.#count = 0;
    let done = false;
    for (let i = 0; i < count && !done; i++) {
      const place = from[i]!;
      if (holds(this.#program[place]!, bytes, at, width)) done = this.#follow(place + 1, to, false, last);
    }
    this.#now = to;
    this.#then = from;
    // Without ^ the match may begin behind any AS.
    return done || this.#follow(0, to, false, last);
  }

  /** Adds every place that can be reached from here without an AS. */
  #follow(start: number, into: Int32Array, first: boolean, last: boolean): boolean {
    const stack = this.#stack;
    const reached = this.#reached;
    let depth = 0;
    stack[depth++] = start;
    while (depth > 0) {
      const place = stack[--depth]!;
      if (reached[place] === this.#step) continue;
      reached[place] = this.#step;
      const instruction = this.#program[place]!;
      switch (instruction.type) {
        case 'match':
          return true;
        case 'class':
          into[this.#count++] = place;
          break;
        case 'jump':
          stack[depth++] = instruction.to;
          break;
        case 'split':
          stack[depth++] = instruction.or;
          stack[depth++] = instruction.to;
          break;
        case 'begin':
          if (first) stack[depth++] = place + 1;
          break;
        case 'end':
          if (last) stack[depth++] = place + 1;
          break;
      }
    }
    return false;
  }
}

function holds(instruction: Instruction, bytes: Uint8Array, at: number, width: number): boolean {
  if (instruction.type !== 'class') return false;
  const { ranges, negated } = instruction;
  for (let member = 0; member < width; member++) {
    const asn = wordAt(bytes, at + 4 * member) >>> 0;
    let inside = false;
    for (let i = 0; i < ranges.length && !inside; i += 2) inside = asn >= ranges[i]! && asn <= ranges[i + 1]!;
    if (inside !== negated) return true;
  }
  return false;
}
