/**
 * What the chains of a table do with a packet that begins a connection, as the kernel would find it. A condition that cannot be judged
 * from the packet alone may hold or not: where both ways do not come to the same end, the verdict is unknown.
 */
import { LITTLE_ENDIAN } from '../netlink/byte-order.js';
import {
  CT,
  ctOf,
  headerOf,
  type JudgedPacket,
  KIND_UNICAST,
  type Marks,
  META,
  metaOf,
  STATE_NEW,
  toNumber,
  u32,
} from './judged-packet.js';
import { Registers } from './registers.js';
import { type ShownExpression, type ShownNftRule, VERDICT_REGISTER } from './shown-rule.js';
import { compareOctets, elementFor, type MapData, type ShownSet } from './shown-set.js';

export type Verdict = 'accept' | 'drop' | 'reject' | 'unknown';

/** `rule`: the chain whose rule says so; undefined where it is the policy, or where it is unknown. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly rule: string | undefined;
  /** Why it is unknown: the first rule on which that depends, and what it asks for. */
  readonly unjudged?: Unjudged;
}

export interface Unjudged {
  readonly chain: string;
  /** As `ShownNftRule` has it. */
  readonly rule: string;
  readonly what: string;
}

/** What stands in a table: rules by their chains, in order, and sets by their names. */
export interface FilterTable {
  readonly chains: ReadonlyMap<string, readonly ShownNftRule[]>;
  readonly sets: ReadonlyMap<string, ShownSet>;
}

/** As deep as the kernel lets chains call one another. */
const MAX_DEPTH = 16;
/** Rules looked at for one packet: chains that call one another in turn are many more than they seem. */
const MAX_STEPS = 2_000_000;
const VERDICT = { DROP: 0, ACCEPT: 1, STOLEN: 2, QUEUE: 3, JUMP: -3, GOTO: -4, RETURN: -5 } as const;
const COMPARE = { EQUAL: 0, NOT_EQUAL: 1 } as const;
/** NFT_FIB_RESULT_ADDRTYPE; of flags, source and destination alone. */
const FIB = { ADDRESS_KIND: 3, ENDS: 3 } as const;

type End = Extract<ShownExpression, { type: 'verdict' | 'reject' | 'leave' }>;

/** What a rule may do, and what keeps that from being sure; no ends: it does not concern the packet. */
interface Effect {
  readonly ends: readonly End[];
  readonly unsure?: string | undefined;
}

const NOTHING: Effect = { ends: [] };

/** Done once for all packets: a table may have tens of thousands. */
export function filterTable(rules: Iterable<ShownNftRule>, sets: Iterable<ShownSet> = []): FilterTable {
  const chains = new Map<string, ShownNftRule[]>();
  for (const rule of rules) {
    const before = chains.get(rule.chain);
    if (before) before.push(rule);
    else chains.set(rule.chain, [rule]);
  }
  return { chains, sets: new Map([...sets].map((set) => [set.name, set])) };
}

/** Whether what rules do may depend on marks that chains before them have set. */
export const readsMarks = ({ chains }: FilterTable): boolean =>
  [...chains.values()].some((rules) =>
    rules.some(({ expressions }) =>
      expressions.some(
        (one) =>
          one.type === 'mark-is' ||
          (one.type === 'meta' && one.key === META.MARK) ||
          (one.type === 'ct' && one.key === CT.MARK),
      ),
    ),
  );

/** The answer of a base chain. What it does to marks stands in `marks` then. */
export function judge(
  table: FilterTable,
  base: { readonly name: string; readonly policy?: 'drop' | 'accept' },
  packet: JudgedPacket,
  marks: Marks = { packet: 0, connection: 0 },
): Judgement {
  const run = new Run(table, packet, marks);
  if (!run.chain(base.name, 0)) run.outcomes.push({ verdict: base.policy ?? 'accept', rule: undefined });
  const { outcomes } = run;
  const passes = outcomes.some(({ verdict }) => verdict === 'accept');
  const fails = outcomes.some(({ verdict }) => verdict === 'drop' || verdict === 'reject');
  const isUnknown = (passes && fails) || outcomes.some(({ verdict }) => verdict === 'unknown');
  if (!isUnknown) return outcomes[0]!;
  return { verdict: 'unknown', rule: undefined, ...(run.unjudged && { unjudged: run.unjudged }) };
}

class Run {
  /** All ends the packet may come to. */
  readonly outcomes: Judgement[] = [];
  /** The first rule that does something perhaps. */
  unjudged: Unjudged | undefined;
  readonly #table: FilterTable;
  readonly #packet: JudgedPacket;
  readonly #marks: Marks;
  /** Whether the packet may have come to an end before. */
  #isLeft = false;
  #steps = 0;

  constructor(table: FilterTable, packet: JudgedPacket, marks: Marks) {
    this.#table = table;
    this.#packet = packet;
    this.#marks = marks;
  }

  /** Whether the packet cannot come out at the end of the chain. */
  chain(name: string, depth: number): boolean {
    if (depth > MAX_DEPTH) return this.#end('unknown', name, true);
    let mayReturn = false;
    for (const { label, expressions } of this.#table.chains.get(name) ?? []) {
      if (++this.#steps > MAX_STEPS) return this.#end('unknown', name, true);
      const { ends, unsure } = this.#effectOf(expressions);
      const isSure = unsure === undefined;
      const what = unsure ?? (ends.some(isLeaving) ? 'where it sends the packet' : undefined);
      if (what !== undefined && ends.length > 0) this.unjudged ??= { chain: name, rule: label, what };
      for (const end of ends) {
        const goesOn = this.#follow(end, name, isSure, depth);
        if (goesOn === 'returns') mayReturn = true;
        if (isSure && goesOn !== 'in this chain') return !mayReturn;
      }
    }
    return false;
  }

  /** Where the packet goes on after an end of a rule. */
  #follow(end: End, name: string, isSure: boolean, depth: number): 'in this chain' | 'returns' | 'nowhere' {
    if (end.type === 'leave') return this.#ended('unknown', name, isSure);
    if (end.type === 'reject') return this.#ended('reject', name, isSure);
    switch (end.code) {
      case VERDICT.ACCEPT:
        return this.#ended('accept', name, isSure);
      case VERDICT.DROP:
        return this.#ended('drop', name, isSure);
      case VERDICT.STOLEN:
      case VERDICT.QUEUE:
        return this.#ended('unknown', name, isSure);
      case VERDICT.RETURN:
        if (!isSure) this.#isLeft = true;
        return 'returns';
      case VERDICT.JUMP:
      case VERDICT.GOTO: {
        // What is done there is done only perhaps.
        if (!isSure) this.#isLeft = true;
        if (this.chain(end.chain ?? '', depth + 1)) return 'nowhere';
        return end.code === VERDICT.GOTO ? 'returns' : 'in this chain';
      }
    }
    return 'in this chain';
  }

  #ended(verdict: Verdict, name: string, isSure: boolean): 'nowhere' {
    this.#end(verdict, name, isSure);
    return 'nowhere';
  }

  #end(verdict: Verdict, name: string, isSure: boolean): true {
    this.outcomes.push({ verdict, rule: name });
    if (!isSure) this.#isLeft = true;
    return true;
  }

  #effectOf(expressions: readonly ShownExpression[]): Effect {
    const registers = new Registers();
    /** The first condition that holds perhaps. */
    let unsure: string | undefined;
    const given = (condition: boolean | undefined, one: ShownExpression): boolean => {
      if (condition === undefined) unsure ??= whatOf(one);
      return condition !== false;
    };
    for (const one of expressions) {
      switch (one.type) {
        case 'verdict':
        case 'reject':
        case 'leave':
          return { ends: [one], unsure };
        case 'lookup': {
          const found = this.#lookUp(one, registers);
          if (found === 'unknown') {
            if (one.to === VERDICT_REGISTER)
              return { ends: verdictsOf(this.#table.sets.get(one.set)), unsure: unsure ?? whatOf(one) };
            unsure ??= whatOf(one);
            if (one.to !== undefined) registers.set(one.to, undefined);
          } else if ((found === undefined) !== one.not) return NOTHING;
          else if (one.to !== undefined && found?.type === 'value') registers.set(one.to, found.value);
          else if (one.to === VERDICT_REGISTER && found?.type === 'verdict') return { ends: [found], unsure };
          break;
        }
        case 'set-meta':
          if (one.key === META.MARK) this.#mark('packet', registers.get(one.register, 4), unsure === undefined);
          break;
        case 'set-ct':
          if (one.key === CT.MARK) this.#mark('connection', registers.get(one.register, 4), unsure === undefined);
          break;
        case 'turn-mark': {
          const { packet } = this.#marks;
          const turned = packet === undefined ? undefined : u32((packet & ~one.mask) ^ one.mark);
          this.#mark('packet', turned, unsure === undefined);
          break;
        }
        case 'unknown-marks':
          this.#mark('packet', undefined, false);
          this.#mark('connection', undefined, false);
          break;
        case 'compare':
        case 'range':
        case 'state-in':
        case 'mark-is':
        case 'address-kinds':
        case 'unknown':
          if (!given(this.#holds(one, registers), one)) return NOTHING;
          break;
        case 'aside':
          break;
        default:
          load(one, registers, this.#packet, this.#marks);
      }
    }
    return NOTHING;
  }

  #mark(of: keyof Marks, value: Uint8Array | undefined, isSure: boolean): void {
    this.#marks[of] = value && isSure && !this.#isLeft ? toNumber(value) : undefined;
  }

  /** What a set has for the key: itself a value for sets. */
  #lookUp(
    { set: name, register, to }: Extract<ShownExpression, { type: 'lookup' }>,
    registers: Registers,
  ): MapData | { readonly type: 'member' } | 'unknown' | undefined {
    const set = this.#table.sets.get(name);
    const length = set?.keyOctets ?? 0;
    const key = length > 0 ? registers.get(register, length) : undefined;
    if (!set?.elements) return 'unknown';
    if (set.elements.length === 0) return undefined;
    if (!key) return 'unknown';
    const found = elementFor(set, key);
    if (!found) return undefined;
    if (found.isUncertain || (to !== undefined && !found.data)) return 'unknown';
    return to === undefined ? { type: 'member' } : found.data;
  }

  /** Whether a condition holds; undefined: perhaps. */
  #holds(one: ShownExpression, registers: Registers): boolean | undefined {
    switch (one.type) {
      case 'compare': {
        const found = registers.get(one.register, one.value.length);
        return found && compares(one.operator, compareOctets(found, one.value));
      }
      case 'range': {
        const found = registers.get(one.register, one.from.length);
        return found && (compareOctets(found, one.from) >= 0 && compareOctets(found, one.to) <= 0) !== one.not;
      }
      case 'state-in':
        return ((one.states & STATE_NEW) !== 0) !== one.not;
      case 'mark-is': {
        const mark = this.#marks[one.of];
        return mark === undefined ? undefined : ((mark & one.mask) >>> 0 === one.mark) !== one.not;
      }
      case 'address-kinds': {
        const fits = (kinds: number, not: boolean): boolean =>
          kinds === 0 || ((kinds & (1 << KIND_UNICAST)) !== 0) !== not;
        return fits(one.source, one.notSource) && fits(one.destination, one.notDestination);
      }
    }
    return undefined;
  }
}

/** What a condition asks for that cannot be told, in words. */
function whatOf(one: ShownExpression): string {
  if (one.type === 'unknown') return one.what;
  if (one.type === 'mark-is') return `the mark of the ${one.of}`;
  return one.type === 'lookup' ? `set ${one.set}` : 'what it compares';
}

const isLeaving = (end: End): boolean =>
  end.type === 'leave' || (end.type === 'verdict' && (end.code === VERDICT.STOLEN || end.code === VERDICT.QUEUE));

/** Puts into a register what an expression asks for. */
function load(one: ShownExpression, registers: Registers, packet: JudgedPacket, marks: Marks): void {
  switch (one.type) {
    case 'meta':
      registers.set(one.register, metaOf(one.key, packet, marks));
      break;
    case 'ct':
      registers.set(one.register, ctOf(one.key, marks));
      break;
    case 'payload':
      registers.set(one.register, headerOf(one.base, one.offset, one.length, packet));
      break;
    case 'fib': {
      const isKnown = one.result === FIB.ADDRESS_KIND && (one.flags & ~FIB.ENDS) === 0;
      registers.set(one.register, isKnown ? u32(KIND_UNICAST) : undefined);
      break;
    }
    case 'value':
      registers.set(one.register, one.value);
      break;
    case 'unknown-value':
      registers.set(one.register, undefined);
      break;
    case 'bitwise': {
      const before = registers.get(one.from, one.mask.length);
      const after = before?.map((octet, at) => (octet & one.mask[at]!) ^ one.xor[at]!);
      registers.set(one.to, after);
      break;
    }
    case 'byte-order': {
      const before = registers.get(one.from, one.length);
      registers.set(one.to, before && (LITTLE_ENDIAN ? turned(before, one.size) : before));
    }
  }
}

/** Each number of `size` octets the other way round. */
const turned = (octets: Uint8Array, size: number): Uint8Array =>
  octets.map((_, at) => octets[at - (at % size) + size - 1 - (at % size)] ?? 0);

function compares(operator: number, order: number): boolean {
  if (operator === COMPARE.EQUAL) return order === 0;
  if (operator === COMPARE.NOT_EQUAL) return order !== 0;
  return [order < 0, order <= 0, order > 0, order >= 0][operator - 2] ?? false;
}

/** All verdicts a map may have for a key. */
const verdictsOf = (set: ShownSet | undefined): End[] =>
  set?.elements ? set.elements.flatMap(({ data }) => (data?.type === 'verdict' ? [data] : [])) : [{ type: 'leave' }];
