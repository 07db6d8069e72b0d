/**
 * What a session does to received routes by itself, before its import policy. A session with nothing to do has none, and
 * pays nothing.
 */
import { ATTRIBUTE_TYPE } from '../iana.js';
import { ATTRIBUTE_FACT } from './attribute-keys.js';
import { ATTRIBUTE, type AttributeTable, CANONICAL } from './attribute-table.js';
import { editBlock, prependedPath, wordValue } from './block-edit.js';
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
}

function ruleSet(session: RibSession): RuleSet | undefined {
  const ebgp = session.type === 'ebgp';
  const rules: RuleSet = {
    onlyToCustomer: addedOnImport(session),
    role: ebgp ? session.role : undefined,
    longLived: session.longLived?.sent === true,
    prepended: ebgp && session.localAsnPrependIn === true ? session.receive.localAsn : undefined,
  };
  return Object.values(rules).some((rule) => rule !== undefined && rule !== false) ? rules : undefined;
}

export class ImportRules {
  /** Equal keys, equal routes. */
  readonly key: string;
  readonly #session: RibSession;
  readonly #table: AttributeTable;
  readonly #rules: RuleSet;

  constructor(session: RibSession, rules: RuleSet, table: AttributeTable) {
    this.key = JSON.stringify(rules);
    this.#session = session;
    this.#table = table;
    this.#rules = rules;
  }

  /** The flags of a route with these canonical attributes. */
  flags(canonical: number): number {
    const facts = this.#table.word(canonical, ATTRIBUTE.facts);
    const { role, longLived } = this.#rules;
    const marked = role !== undefined && (facts & ATTRIBUTE_FACT.onlyToCustomer) !== 0;
    const leaked = marked && isLeak(this.#session, this.#table.block(canonical));
    const stale = longLived && (facts & ATTRIBUTE_FACT.llgrStale) !== 0;
    return (leaked ? ROUTE_FLAG.leaked : 0) | (stale ? ROUTE_FLAG.leastPreferred : 0);
  }

  /** The canonical attributes that the import policy gets: an id with a reference of the caller's own. */
  apply(canonical: number): number {
    const table = this.#table;
    const { onlyToCustomer, prepended } = this.#rules;
    const facts = table.word(canonical, ATTRIBUTE.facts);
    const marks = onlyToCustomer !== undefined && (facts & ATTRIBUTE_FACT.onlyToCustomer) === 0;
    if (!marks && prepended === undefined) {
      table.retain(canonical);
      return canonical;
    }
    const changes = new Map<number, Uint8Array>();
    if (prepended !== undefined) changes.set(ATTRIBUTE_TYPE.asPath, prependedPath(table.block(canonical), prepended));
    if (marks) changes.set(ATTRIBUTE_TYPE.onlyToCustomer, wordValue(onlyToCustomer));
    const block = editBlock(table.block(canonical), changes);
    return table.internCanonical(block, 0, block.length, CANONICAL);
  }
}

/** The rules of a session; undefined where there are none. */
export function importRules(session: RibSession, table: AttributeTable): ImportRules | undefined {
  const rules = ruleSet(session);
  return rules && new ImportRules(session, rules, table);
}
