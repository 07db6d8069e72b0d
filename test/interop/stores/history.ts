/**
 * What clients of address management did and were told, and whether one truth over time explains it. Pure.
 *
 * A handle is worked on by one client at a time and never used again once it is released, so its operations are a sequence;
 * handles of all clients overlap in time, and meet over addresses. A client *holds* an address from the answer to its assign
 * until it asks for the release: whatever the order of what happened in between, nobody else may hold it then.
 *
 * An operation without an answer (`unknown`) may have been done, or be done later: it proves nothing, and only allows more.
 */

export type Verb = 'assign' | 'release' | 'read' | 'check';

/** One line of a client's history. Times are microseconds of the machine's monotonic clock. */
export type HistoryLine =
  | { readonly type: 'call'; readonly at: number; readonly verb: Verb; readonly handle: string }
  /** Of the call before it. `texts`: addresses, or what a check found. */
  | { readonly type: 'ok'; readonly at: number; readonly texts: readonly string[] }
  /** Refused, and certainly not done. */
  | { readonly type: 'refused'; readonly at: number; readonly code: string }
  | { readonly type: 'unknown'; readonly at: number; readonly code: string };

export interface Operation {
  readonly client: string;
  readonly verb: Verb;
  readonly handle: string;
  readonly calledAt: number;
  /** Infinity where the client died. */
  readonly answeredAt: number;
  readonly outcome: 'ok' | 'refused' | 'unknown';
  readonly texts: readonly string[];
}

/** What is there when everything has come to rest. */
export interface FinalState {
  readonly assignments: readonly { readonly address: string; readonly handle: string }[];
  /** Broken invariants. */
  readonly findings: readonly string[];
}

/** The operations of one client. A call without an answer is where it died. */
export function operationsOf(client: string, lines: readonly HistoryLine[]): Operation[] {
  const operations: Operation[] = [];
  for (const [at, line] of lines.entries()) {
    if (line.type !== 'call') continue;
    const next = lines[at + 1];
    const answer = next?.type === 'call' ? undefined : next;
    operations.push({
      client,
      verb: line.verb,
      handle: line.handle,
      calledAt: line.at,
      answeredAt: answer?.at ?? Number.POSITIVE_INFINITY,
      outcome: answer?.type ?? 'unknown',
      texts: answer?.type === 'ok' ? answer.texts : [],
    });
  }
  return operations;
}

interface Holding {
  readonly handle: string;
  readonly address: string;
  readonly from: number;
  /** When the release was asked for; Infinity: never. */
  readonly until: number;
}

/** Every contradiction, as a sentence; empty where all is well. */
export function findContradictions(operations: readonly Operation[], final: FinalState): string[] {
  const byHandle = new Map<string, Operation[]>();
  for (const operation of [...operations].sort((x, y) => x.calledAt - y.calledAt)) {
    const { verb, handle, outcome, texts } = operation;
    if (verb !== 'check') byHandle.set(handle, [...(byHandle.get(handle) ?? []), operation]);
    else if (outcome === 'ok' && texts.length > 0) byHandle.set(`check ${handle}`, [operation]);
  }
  const present = new Map<string, string[]>();
  for (const { address, handle } of final.assignments) present.set(handle, [...(present.get(handle) ?? []), address]);
  const contradictions = final.findings.map((finding) => `at the end: ${finding}`);
  const holdings: Holding[] = [];
  for (const [handle, sequence] of byHandle) {
    const one = followHandle(handle, sequence, present.get(handle) ?? []);
    contradictions.push(...one.contradictions);
    holdings.push(...one.holdings);
  }
  for (const handle of present.keys()) if (!byHandle.has(handle)) contradictions.push(`nobody asked for ${handle}`);
  return [...contradictions, ...findSharedAddresses(holdings)];
}

interface Followed {
  readonly contradictions: string[];
  readonly holdings: Holding[];
}

/** Goes through the operations of one handle; `present` is what it has at the end. */
function followHandle(handle: string, sequence: readonly Operation[], present: readonly string[]): Followed {
  const contradictions: string[] = [];
  const holdings: Holding[] = [];
  const wrong = ({ verb, client, calledAt }: Operation, text: string): void => {
    contradictions.push(`${verb} of ${handle} by ${client}, called at ${calledAt}: ${text}`);
  };
  let held: { readonly addresses: string; readonly from: number } | undefined;
  /** An assign without an answer may have been done, or be done at any later moment. */
  let mayAppear = false;
  /** A release was asked for; until one is answered it may or may not have been done. */
  let released: 'no' | 'asked' | 'yes' = 'no';
  for (const operation of sequence) {
    const { verb, outcome, texts, calledAt, answeredAt } = operation;
    const said = [...texts].sort().join(' ');
    if (verb === 'check') {
      wrong(operation, `broken: ${said}`);
    } else if (verb === 'release') {
      if (held) {
        const { addresses, from } = held;
        for (const address of addresses.split(' ')) holdings.push({ handle, address, from, until: calledAt });
        if (outcome === 'ok' && said !== addresses) wrong(operation, `released "${said}", it had ${addresses}`);
      } else if (outcome === 'ok' && said !== '' && released === 'yes' && !mayAppear) {
        wrong(operation, `released ${said} a second time`);
      }
      held = undefined;
      released = outcome === 'ok' ? 'yes' : released === 'yes' ? 'yes' : 'asked';
    } else if (outcome === 'unknown') {
      if (verb === 'assign') mayAppear = true;
    } else if (held) {
      if (outcome === 'refused') wrong(operation, `refused, it has ${held.addresses}`);
      else if (said !== held.addresses) wrong(operation, `got "${said}", it has ${held.addresses}`);
    } else if (verb === 'assign' && outcome === 'ok') {
      held = { addresses: said, from: answeredAt };
    } else if (verb === 'read' && said !== '' && released !== 'asked' && !mayAppear) {
      wrong(operation, `read ${said}, it has nothing`);
    }
  }
  const there = [...present].sort().join(' ');
  if (held) {
    const { addresses, from } = held;
    for (const address of addresses.split(' ')) {
      holdings.push({ handle, address, from, until: Number.POSITIVE_INFINITY });
    }
    if (there !== addresses) contradictions.push(`${handle} has "${there}" at the end; it was assigned ${addresses}`);
  } else if (there !== '' && released !== 'asked' && !mayAppear) {
    contradictions.push(`${handle} has ${there} at the end; it was released, or never assigned`);
  }
  return { contradictions, holdings };
}

function findSharedAddresses(holdings: readonly Holding[]): string[] {
  const contradictions: string[] = [];
  const last = new Map<string, Holding>();
  for (const holding of [...holdings].sort((x, y) => x.from - y.from)) {
    const { address, handle, from, until } = holding;
    const before = last.get(address);
    if (before && before.handle !== handle && from < before.until) {
      contradictions.push(
        `${address} was with ${before.handle} from ${before.from} to ${before.until}, and with ${handle} from ${from} to ${until}`,
      );
    }
    if (!before || until > before.until) last.set(address, holding);
  }
  return contradictions;
}
