/**
 * What a session does to received routes by itself, before its import policy. A session with nothing to do has none, and
 * pays nothing.
 */
import { ATTRIBUTE_TYPE } from '../iana.js';
import { ATTRIBUTE_FACT } from './attribute-keys.js';
import { ATTRIBUTE, type AttributeTable, CANONICAL } from './attribute-table.js';
import { editBlock, wordValue } from './block-edit.js';
import type { RibSession } from './rib-session.js';
import { addedOnImport, isLeak } from './role-rules.js';
import { ROUTE_FLAG } from './route-row.js';

export class ImportRules {
  readonly #session: RibSession;
  readonly #table: AttributeTable;
  /** The value of the ONLY_TO_CUSTOMER that routes without one get. */
  readonly #onlyToCustomer: number | undefined;

  constructor(session: RibSession, table: AttributeTable) {
    this.#session = session;
    this.#table = table;
    this.#onlyToCustomer = addedOnImport(session);
  }

  /** The flags of a route with these canonical attributes. */
  flags(canonical: number): number {
    const facts = this.#table.word(canonical, ATTRIBUTE.facts);
    const marked = (facts & ATTRIBUTE_FACT.onlyToCustomer) !== 0;
    const leaked = marked && isLeak(this.#session, this.#table.block(canonical));
    // RFC 9494 section 4.3: of a neighbour to whom we have advertised the capability.
    const stale = this.#session.longLived?.sent === true && (facts & ATTRIBUTE_FACT.llgrStale) !== 0;
    return (leaked ? ROUTE_FLAG.leaked : 0) | (stale ? ROUTE_FLAG.leastPreferred : 0);
  }

  /** The canonical attributes that the import policy gets: an id with a reference of the caller's own. */
  apply(canonical: number): number {
    const table = this.#table;
    const facts = table.word(canonical, ATTRIBUTE.facts);
    const marks = this.#onlyToCustomer !== undefined && (facts & ATTRIBUTE_FACT.onlyToCustomer) === 0;
    if (!marks) {
      table.retain(canonical);
      return canonical;
    }
    const changes = new Map([[ATTRIBUTE_TYPE.onlyToCustomer, wordValue(this.#onlyToCustomer)]]);
    const block = editBlock(table.block(canonical), changes);
    return table.internCanonical(block, 0, block.length, CANONICAL);
  }
}

/** The rules of a session; undefined where there are none. */
export const importRules = (session: RibSession, table: AttributeTable): ImportRules | undefined =>
  (session.type === 'ebgp' && session.role !== undefined) || session.longLived?.sent === true
    ? new ImportRules(session, table)
    : undefined;
