/**
 * What a session does to received routes by itself, before its import policy. A session with nothing to do has none, and
 * pays nothing.
 */
import { ATTRIBUTE_TYPE, WELL_KNOWN_COMMUNITY } from '../iana.js';
import { ATTRIBUTE_FACT } from './attribute-keys.js';
import { ATTRIBUTE, type AttributeTable, CANONICAL } from './attribute-table.js';
import { addedCommunities, editBlock, prependedPath, wordValue } from './block-edit.js';
import type { RibSession } from './rib-session.js';
import { addedOnImport, isLeak } from './role-rules.js';
import { ROUTE_FLAG } from './route-row.js';

/** What the rules of a session are; equal ones do the same. */
interface RuleSet {
  /** The value of the ONLY_TO_CUSTOMER that routes without one get. RFC 9234 section 5. */
  readonly onlyToCustomer: number | undefined;
  /** Routes may be leaks. */
  readonly role: RibSession['role'];
  /** LLGR_STALE means something. RFC 9494 section 4.3. */
  readonly longLived: boolean;
  /** Put in front of AS_PATH. RFC 7705 section 3.1. */
  readonly prepended: number | undefined;
  /** GRACEFUL_SHUTDOWN makes a route the last choice. RFC 8326 section 4.2. */
  readonly lowers: boolean;
  /** So is every route, and says so. RFC 8326 section 4.1. */
  readonly drains: boolean;
  /** BLACKHOLE is honoured; from another AS the route stays in ours. RFC 7999 section 3.2. */
  readonly blackhole: boolean;
  readonly ebgp: boolean;
}

function ruleSet(session: RibSession): RuleSet | undefined {
  const ebgp = session.type === 'ebgp';
  const rules: RuleSet = {
    onlyToCustomer: addedOnImport(session),
    role: ebgp ? session.role : undefined,
    longLived: session.longLived?.sent === true,
    prepended: ebgp && session.localAsnPrependIn === true ? session.receive.localAsn : undefined,
    lowers: ebgp && session.acceptGracefulShutdown !== false,
    drains: ebgp && session.gracefulShutdown === true,
    blackhole: session.blackhole === true,
    ebgp: false,
  };
  const any = Object.values(rules).some((rule) => rule !== undefined && rule !== false);
  return any ? { ...rules, ebgp } : undefined;
}

export class ImportRules {
  /** Equal keys, equal routes. */
  readonly key: string;
  readonly #session: RibSession;
  readonly #table: AttributeTable;
  readonly #rules: RuleSet;
  /** The facts of attributes that the rules are about; -1 where they are about every route. */
  readonly #watched: number;

  constructor(session: RibSession, rules: RuleSet, table: AttributeTable) {
    this.key = JSON.stringify(rules);
    this.#session = session;
    this.#table = table;
    this.#rules = rules;
    const all = rules.onlyToCustomer !== undefined || rules.prepended !== undefined || rules.drains;
    this.#watched = all ? -1 : watchedFacts(rules);
  }

  /** Whether a route with these canonical attributes is any of the rules' business: the others cost no more than this. */
  concern(canonical: number): boolean {
    return this.#watched === -1 || (this.#table.word(canonical, ATTRIBUTE.facts) & this.#watched) !== 0;
  }

  /** The flags of a route with these canonical attributes. */
  flags(canonical: number): number {
    const facts = this.#table.word(canonical, ATTRIBUTE.facts);
    const { role, longLived } = this.#rules;
    const marked = role !== undefined && (facts & ATTRIBUTE_FACT.onlyToCustomer) !== 0;
    const leaked = marked && isLeak(this.#session, this.#table.block(canonical));
    const stale = longLived && (facts & ATTRIBUTE_FACT.llgrStale) !== 0;
    const blackhole = this.#rules.blackhole && (facts & ATTRIBUTE_FACT.blackhole) !== 0;
    return (
      (leaked ? ROUTE_FLAG.leaked : 0) |
      (stale ? ROUTE_FLAG.leastPreferred : 0) |
      (blackhole ? ROUTE_FLAG.blackhole : 0)
    );
  }

  /** The canonical attributes that the import policy gets: an id with a reference of the caller's own. */
  apply(canonical: number): number {
    const table = this.#table;
    const { onlyToCustomer, prepended, lowers, drains } = this.#rules;
    const facts = table.word(canonical, ATTRIBUTE.facts);
    const marks = onlyToCustomer !== undefined && (facts & ATTRIBUTE_FACT.onlyToCustomer) === 0;
    const last = drains || (lowers && (facts & ATTRIBUTE_FACT.gracefulShutdown) !== 0);
    const added = this.#communities(facts);
    if (!marks && prepended === undefined && !last && added.length === 0) {
      table.retain(canonical);
      return canonical;
    }
    const changes = new Map<number, Uint8Array | undefined>();
    if (last) changes.set(ATTRIBUTE_TYPE.localPref, wordValue(0));
    if (added.length > 0) changes.set(...addedCommunities(table.block(canonical), added));
    if (prepended !== undefined) changes.set(ATTRIBUTE_TYPE.asPath, prependedPath(table.block(canonical), prepended));
    if (marks) changes.set(ATTRIBUTE_TYPE.onlyToCustomer, wordValue(onlyToCustomer));
    const block = editBlock(table.block(canonical), changes);
    return table.internCanonical(block, 0, block.length, CANONICAL);
  }

  /** What a route with these facts is marked with. */
  #communities(facts: number): readonly number[] {
    const { drains, blackhole, ebgp } = this.#rules;
    const confined = ATTRIBUTE_FACT.noExport | ATTRIBUTE_FACT.noAdvertise;
    const holds = blackhole && ebgp && (facts & ATTRIBUTE_FACT.blackhole) !== 0 && (facts & confined) === 0;
    if (!drains && !holds) return NONE;
    return [
      ...(drains ? [WELL_KNOWN_COMMUNITY.gracefulShutdown] : []),
      ...(holds ? [WELL_KNOWN_COMMUNITY.noExport] : []),
    ];
  }
}

const NONE: readonly number[] = [];

const watchedFacts = ({ role, longLived, lowers, blackhole }: RuleSet): number =>
  (role === undefined ? 0 : ATTRIBUTE_FACT.onlyToCustomer) |
  (longLived ? ATTRIBUTE_FACT.llgrStale : 0) |
  (lowers ? ATTRIBUTE_FACT.gracefulShutdown : 0) |
  (blackhole ? ATTRIBUTE_FACT.blackhole : 0);

/** The rules of a session; undefined where there are none. */
export function importRules(session: RibSession, table: AttributeTable): ImportRules | undefined {
  const rules = ruleSet(session);
  return rules && new ImportRules(session, rules, table);
}
