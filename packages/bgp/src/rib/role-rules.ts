/** ONLY_TO_CUSTOMER by the role that we have towards a peer. RFC 9234 section 5. */
import { ATTRIBUTE_TYPE } from '../iana.js';
import { attributeCursor, findAttribute } from '../wire/attribute/walk.js';
import type { Role } from '../wire/capability/role.js';
import { u32At } from '../wire/reader.js';
import type { RibSession } from './rib-session.js';

const cursor = attributeCursor();

/** Roles of ours whose peers are customers, peers or route server clients: routes to them may go no further up. */
const MARKING: readonly Role[] = ['provider', 'peer', 'rs'];
/** Roles of ours whose peers are providers, peers or route servers: what is marked does not go to them. */
const HOLDING: readonly Role[] = ['customer', 'peer', 'rs-client'];

/** What the export side asks: the AS number that routes without ONLY_TO_CUSTOMER get, and whether those with it stay. */
export interface RoleExport {
  readonly adds: number | undefined;
  readonly holds: boolean;
}

export function roleExport({ type, role, send }: RibSession): RoleExport | undefined {
  if (type !== 'ebgp' || role === undefined) return undefined;
  return { adds: MARKING.includes(role) ? send.localAsn : undefined, holds: HOLDING.includes(role) };
}

/** The AS number that received routes without ONLY_TO_CUSTOMER get: the peer's, where it is above us or beside us. */
export const addedOnImport = ({ type, role, asn }: RibSession): number | undefined =>
  type === 'ebgp' && role !== undefined && HOLDING.includes(role) ? asn : undefined;

/** Whether a canonical block says that the peer should not have sent the route: it was marked before it got there. */
export function isLeak({ type, role, asn }: RibSession, block: Uint8Array): boolean {
  if (type !== 'ebgp' || role === undefined) return false;
  if (!findAttribute(block, 0, block.length, ATTRIBUTE_TYPE.onlyToCustomer, cursor)) return false;
  // From a peer, its own mark is in order.
  if (role === 'peer') return u32At(block, cursor.valueStart) !== asn;
  return role === 'provider' || role === 'rs';
}
