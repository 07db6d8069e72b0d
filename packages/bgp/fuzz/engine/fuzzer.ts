/**
 * The search, as libFuzzer does it: an input that reaches a counter, or a number of turns of it, that none reached before
 * joins the corpus; a smaller one that reaches the same takes its place. Everything follows from the seed.
 */
import type { Target } from '../target.js';
import { mutateOctets, pick, type Random } from './octet-mutator.js';
import { mutateRecords } from './record-mutator.js';

export interface Finding {
  readonly target: string;
  /** The same for every input that fails in the same place. */
  readonly key: string;
  readonly error: Error;
  readonly input: Uint8Array;
}

interface Entry {
  readonly input: Uint8Array;
  /** Features of which it is the smallest input. */
  owned: number;
}

const BUCKETS = 8;
const bucket = (count: number): number =>
  count < 4 ? count - 1 : count < 8 ? 3 : count < 16 ? 4 : count < 32 ? 5 : count < 128 ? 6 : 7;

/** The error's kind, its text without numbers, and the first place of the package in its stack. */
function keyOf(error: Error): string {
  const frame = error.stack?.split('\n').find((line) => /\/(src|targets)\//.test(line)) ?? '';
  const place = /\/((?:src|targets)\/[^:)]+)/.exec(frame)?.[1] ?? '';
  return `${error.name}: ${error.message.replaceAll(/[0-9a-f]*\d[0-9a-f]*/g, '#').slice(0, 100)} @ ${place}`;
}

export class Fuzzer {
  readonly target: Target;
  readonly findings = new Map<string, Finding>();
  executions = 0;
  readonly #counters: Uint32Array;
  readonly #random: Random;
  readonly #entries: Entry[] = [];
  /** By feature (counter and bucket): the size of the smallest input, and that input. */
  readonly #size: Float64Array;
  readonly #owner: (Entry | undefined)[] = [];
  readonly #reached: Uint8Array;
  /** The largest share of its work limit that a run took. */
  heaviest = 0;

  constructor(target: Target, counters: Uint32Array, random: Random) {
    this.target = target;
    this.#counters = counters;
    this.#random = random;
    this.#size = new Float64Array(counters.length * BUCKETS).fill(Number.POSITIVE_INFINITY);
    this.#reached = new Uint8Array(counters.length);
  }

  /** Counters that some run reached. */
  get covered(): number {
    return this.#reached.reduce((sum, each) => sum + each, 0);
  }

  get features(): number {
    return this.#owner.reduce((sum, each) => (each ? sum + 1 : sum), 0);
  }

  /** Whether the counter was reached. */
  reached(counter: number): boolean {
    return this.#reached[counter] === 1;
  }

  get corpus(): readonly Uint8Array[] {
    return this.#entries.map(({ input }) => input);
  }

  /** Small inputs that together reach every counter that small ones reach; then, up to so many octets, what else is small. */
  smallCorpus(maxOctets: number): readonly Uint8Array[] {
    const left = new Set<number>();
    for (let index = 0; index < this.#reached.length; index++) if (this.#reached[index] === 1) left.add(index);
    const inputs = this.corpus.filter((input) => input.length <= 4096 && this.fails(input) === undefined);
    inputs.sort((x, y) => x.length - y.length);
    const chosen = inputs.filter((input) => {
      this.fails(input);
      const before = left.size;
      for (const index of left) if (this.#counters[index]! > 0) left.delete(index);
      return left.size < before;
    });
    let octets = chosen.reduce((sum, { length }) => sum + length, 0);
    for (const input of inputs) {
      if (chosen.includes(input) || octets + input.length > maxOctets) continue;
      chosen.push(input);
      octets += input.length;
    }
    return chosen;
  }

  /** Runs an input and takes it up where it reaches something new. */
  try(input: Uint8Array): void {
    this.executions++;
    const error = this.fails(input);
    if (error) {
      const key = keyOf(error);
      const known = this.findings.get(key);
      if (!known || known.input.length > input.length) {
        this.findings.set(key, { target: this.target.name, key, error, input });
      }
      return;
    }
    this.#learn(input);
  }

  /** So many runs of mutated inputs. */
  search(runs: number): void {
    for (let run = 0; run < runs; run++) {
      const input = this.#mutate(this.#choose(), this.#choose());
      this.try(input.length > this.target.maxOctets ? input.slice(0, this.target.maxOctets) : input);
    }
  }

  /** The error that an input leads to. */
  fails(input: Uint8Array): Error | undefined {
    const counters = this.#counters;
    counters.fill(0);
    try {
      this.target.run(input);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    let work = 0;
    for (let index = 0; index < counters.length; index++) work += counters[index]!;
    const limit = this.target.workLimit(input.length);
    this.heaviest = Math.max(this.heaviest, work / limit);
    if (work > limit) return new Error(`work of ${work} for ${input.length} octets`);
    return undefined;
  }

  /** A smaller input that fails in the same place. */
  minimize(finding: Finding): Uint8Array {
    let best = finding.input;
    const holds = (input: Uint8Array): boolean => {
      const error = this.fails(input);
      return error !== undefined && keyOf(error) === finding.key;
    };
    for (let size = best.length >> 1; size > 0; ) {
      let shrunk = false;
      for (let at = 0; at < best.length; ) {
        const input = joined(best.subarray(0, at), best.subarray(at + size));
        if (holds(input)) {
          best = input;
          shrunk = true;
        } else at += size;
      }
      // Records hold their length, so a cut inside of one goes with the length before it.
      if (this.target.headOctets !== undefined) best = this.#shrinkBodies(best, size, holds);
      if (!shrunk || size > 1) size >>= 1;
    }
    return best;
  }

  #shrinkBodies(input: Uint8Array, size: number, holds: (input: Uint8Array) => boolean): Uint8Array {
    let best = input;
    for (let at = this.target.headOctets!; at + 4 <= best.length; ) {
      const length = (best[at + 2]! << 8) | best[at + 3]!;
      for (let from = at + 4; from + size <= Math.min(best.length, at + 4 + ((best[at + 2]! << 8) | best[at + 3]!)); ) {
        const shorter = ((best[at + 2]! << 8) | best[at + 3]!) - size;
        const cut = joined(best.subarray(0, from), best.subarray(from + size));
        cut[at + 2] = shorter >>> 8;
        cut[at + 3] = shorter & 0xff;
        if (holds(cut)) best = cut;
        else from += size;
      }
      at += 4 + Math.min(length, (best[at + 2]! << 8) | best[at + 3]!);
    }
    return best;
  }

  #learn(input: Uint8Array): void {
    const counters = this.#counters;
    const size = this.#size;
    let entry: Entry | undefined;
    for (let index = 0; index < counters.length; index++) {
      const count = counters[index]!;
      if (count === 0) continue;
      const feature = index * BUCKETS + bucket(count);
      if (input.length >= size[feature]!) continue;
      this.#reached[index] = 1;
      size[feature] = input.length;
      entry ??= { input, owned: 0 };
      const former = this.#owner[feature];
      if (former) former.owned--;
      this.#owner[feature] = entry;
      entry.owned++;
    }
    if (!entry) return;
    this.#entries.push(entry);
    if (this.#entries.length % 64 === 0) {
      const kept = this.#entries.filter(({ owned }) => owned > 0);
      this.#entries.splice(0, this.#entries.length, ...kept);
    }
  }

  /** Mostly a recent one or one that owns much. */
  #choose(): Uint8Array {
    const entries = this.#entries;
    if (entries.length === 0) return new Uint8Array();
    if (this.#random() < 0.3)
      return entries[entries.length - 1 - pick(this.#random, Math.ceil(entries.length / 8))]!.input;
    const first = entries[pick(this.#random, entries.length)]!;
    const second = entries[pick(this.#random, entries.length)]!;
    return (first.owned >= second.owned ? first : second).input;
  }

  #mutate(input: Uint8Array, donor: Uint8Array): Uint8Array {
    const { headOctets } = this.target;
    if (headOctets === undefined || this.#random() < 0.03) return mutateOctets(input, donor, this.#random);
    return mutateRecords(input, donor, headOctets, this.#random);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
