/** A policy bound to the tables of a RIB: routes go in and come out as ids of attribute sets. */
import { ATTRIBUTE_FACT } from '../rib/attribute-keys.js';
import { ATTRIBUTE, type AttributeTable, canonicalContext, KEPT_FACTS } from '../rib/attribute-table.js';
import type { PeerTable } from '../rib/peer-table.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import { MAX_BLOCK_OCTETS } from '../wire/attribute/canonical.js';
import { Action } from './action.js';
import { type AttributeTest, attributeTest, RouteMatch } from './match.js';
import type { PolicyTerm, PolicyTermRef, PolicyTrace, RoutePolicy } from './policy.js';
import { NO, UNKNOWN, VerdictCache, YES } from './verdict-cache.js';

interface CompiledTerm {
  readonly verdict: PolicyTerm['action'];
  readonly route: RouteMatch | undefined;
  readonly test: AttributeTest | undefined;
  /** Columns of the cache. */
  readonly testColumn: number;
  readonly action: Action | undefined;
  readonly actionColumn: number;
}

/** Parts of a match that only RouteMatch looks at. */
const concernsRoute = ({
  prefixes,
  notPrefixes,
  families,
  sources,
  peers,
}: NonNullable<PolicyTerm['match']>): boolean =>
  (prefixes ?? notPrefixes ?? families ?? sources ?? peers) !== undefined;

export class CompiledPolicy {
  readonly policy: RoutePolicy;
  readonly #terms: readonly CompiledTerm[];
  readonly #otherwise: boolean;
  readonly #table: AttributeTable;
  readonly #peers: PeerTable;
  readonly #export: boolean;
  readonly #tests: number;
  readonly #actions: number;
  #cache: VerdictCache | undefined;
  /** The term that decided last, or -1; and those before it that matched, where anybody asks. */
  #decider = -1;
  #passed: number[] | undefined;

  /** Throws BgpConfigError for an AS path expression that is none. */
  constructor(policy: RoutePolicy, table: AttributeTable, peers: PeerTable, side: 'import' | 'export') {
    this.policy = policy;
    this.#otherwise = policy.otherwise !== 'reject';
    this.#table = table;
    this.#peers = peers;
    this.#export = side === 'export';
    let tests = 0;
    let actions = 0;
    this.#terms = policy.terms.map(({ match = {}, action, set }) => {
      const test = attributeTest(match);
      return {
        verdict: action,
        route: concernsRoute(match) ? new RouteMatch(match) : undefined,
        test,
        testColumn: test ? tests++ : 0,
        action: set && action !== 'reject' ? new Action(set, side) : undefined,
        actionColumn: set ? actions++ : 0,
      };
    });
    this.#tests = tests;
    this.#actions = actions;
  }

  /** What becomes of a peer's route: an id with a reference of the caller's own, or 0 where it is rejected, or grew too long. */
  apply(key: PrefixKey, version: 4 | 6, id: number, source: number): number {
    const table = this.#table;
    const terms = this.#terms;
    let current = id;
    let changes = 0;
    this.#decider = -1;
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i]!;
      if (term.route !== undefined && !term.route.matches(key, version, source, this.#peers)) continue;
      if (term.test !== undefined && !this.#ask(term, current)) continue;
      if (term.action !== undefined) {
        const changed = this.#change(term, current, version, source);
        if (changed === 0) {
          this.#decider = i;
          return this.#end(false, current, changes > 0);
        }
        // The cache may let go of it before the last term was asked.
        table.retain(changed);
        if (changes++ > 0) table.release(current);
        current = changed;
      }
      if (term.verdict === 'next') {
        this.#passed?.push(i);
        continue;
      }
      this.#decider = i;
      return this.#end(term.verdict === 'accept', current, changes > 0);
    }
    return this.#end(this.#otherwise, current, changes > 0);
  }

  #end(accepted: boolean, id: number, held: boolean): number {
    if (accepted && !held) this.#table.retain(id);
    if (!accepted && held) this.#table.release(id);
    return accepted ? id : 0;
  }

  /** How apply() comes to its verdict. `names` has the names of the terms: those of an equal policy may be others. */
  trace(key: PrefixKey, version: 4 | 6, id: number, source: number, names: RoutePolicy = this.policy): PolicyTrace {
    this.#passed = [];
    const result = this.apply(key, version, id, source);
    const passed = this.#passed;
    this.#passed = undefined;
    this.forget();
    if (result !== 0) this.#table.release(result);
    const termRef = (index: number): PolicyTermRef => {
      const name = names.terms[index]?.name;
      return { index, ...(name !== undefined && { name }) };
    };
    return {
      verdict: result === 0 ? 'reject' : 'accept',
      decided: this.#decider < 0 ? undefined : termRef(this.#decider),
      passed: passed.map(termRef),
    };
  }

  /** Forgets attribute sets and gives up the references to them; to be called when an UPDATE or a batch is done. */
  forget(): void {
    this.#cache?.forget();
  }

  #slot(id: number): number {
    this.#cache ??= new VerdictCache(this.#table, this.#tests, this.#actions);
    return this.#cache.slot(id);
  }

  #ask({ test, testColumn }: CompiledTerm, id: number): boolean {
    const at = this.#slot(id) * this.#tests + testColumn;
    const { verdicts } = this.#cache!;
    if (verdicts[at] === UNKNOWN) verdicts[at] = test!(this.#table, id) ? YES : NO;
    return verdicts[at] === YES;
  }

  /** The changed attributes' id, or 0 where they would be too long; the reference is the cache's. */
  #change({ action, actionColumn }: CompiledTerm, id: number, version: 4 | 6, source: number): number {
    const at = this.#slot(id) * this.#actions + actionColumn;
    const { results } = this.#cache!;
    if (results[at] === 0) results[at] = this.#make(action!, id, version, source);
    return results[at]!;
  }

  #make(action: Action, id: number, version: 4 | 6, source: number): number {
    const table = this.#table;
    const facts = table.word(id, ATTRIBUTE.facts);
    const peer = this.#peers.peers[source]?.address;
    let kept = facts & KEPT_FACTS;
    if (this.#export) {
      if (action.set.med !== undefined) kept |= ATTRIBUTE_FACT.keepMed;
      if (action.nextHop(version, peer)) kept |= ATTRIBUTE_FACT.keepNextHop;
    } else if (action.set.prependAsns && (facts & ATTRIBUTE_FACT.ownAs) === 0) {
      kept |= ATTRIBUTE_FACT.ownAsPrepended;
    }
    const block = action.apply(table.block(id), version, peer);
    // No message could carry it, and the table holds none that long.
    if (block.length > MAX_BLOCK_OCTETS) return 0;
    return table.internCanonical(block, 0, block.length, canonicalContext(kept));
  }
}
