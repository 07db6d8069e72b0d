/** Our own AS numbers in the AS_PATH of a received route: a loop, unless `allowAsIn` lets so many pass. RFC 4271 section 9.1.2. */
import type { AttributeTable } from './attribute-table.js';
import { asnOccurrences } from './block-edit.js';
import type { RibSession } from './rib-session.js';
import { ROUTE_FLAG } from './route-row.js';

/**
 * The flags that a route with these canonical attributes gets on a session. The speaker's own number is a fact of the attribute
 * set, so the path is read only where the session has another number (local-as) or allows some.
 */
export function ownAsFlags(session: RibSession, speakerAsn: number, table: AttributeTable, id: number): number {
  const { allowAsIn = 0 } = session;
  const { localAsn } = session.receive;
  if (allowAsIn === 0 && localAsn === speakerAsn) return 0;
  const block = table.block(id);
  const loop = localAsn !== speakerAsn && asnOccurrences(block, localAsn) > allowAsIn;
  const allowed = allowAsIn > 0 && asnOccurrences(block, speakerAsn) <= allowAsIn;
  return (loop ? ROUTE_FLAG.localAsLoop : 0) | (allowed ? ROUTE_FLAG.ownAsAllowed : 0);
}
