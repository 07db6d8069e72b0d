/**
 * To whom a route may go. RFC 4271 section 9.2 and RFC 4456 section 6: a route from a non-client goes to clients only,
 * one from a client to everyone; RFC 1997: NO_ADVERTISE, NO_EXPORT, NO_EXPORT_SUBCONFED.
 */
import { ATTRIBUTE_FACT } from '../rib/attribute-keys.js';
import { PEER_KIND } from '../rib/peer-table.js';

/** Whether a route learned inside the AS goes to a peer inside the AS. `kind` is the source's, see PEER_KIND. */
export function mayReflect(kind: number, toClient: boolean, clientToClient: boolean): boolean {
  const fromClient = (kind & PEER_KIND.client) !== 0;
  if (fromClient && toClient) return clientToClient;
  return fromClient || toClient;
}

/** Whether a route of a source of this kind may be sent on to peers of one treatment. */
export function mayAdvertise(
  kind: number,
  facts: number,
  toEbgp: boolean,
  toClient: boolean,
  clientToClient: boolean,
): boolean {
  if ((facts & ATTRIBUTE_FACT.noAdvertise) !== 0) return false;
  if (toEbgp) return (facts & (ATTRIBUTE_FACT.noExport | ATTRIBUTE_FACT.noExportSubconfed)) === 0;
  if ((kind & (PEER_KIND.ebgp | PEER_KIND.local)) !== 0) return true;
  return mayReflect(kind, toClient, clientToClient);
}
