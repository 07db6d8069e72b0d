/** Does the role that a peer says to have go with ours? RFC 9234 section 4.2. */
import type { Capability } from '../wire/capability/capability.js';
import { ROLES, type Role } from '../wire/capability/role.js';

/** Our role by the peer's. RFC 9234 section 4.2, table 2. */
const OPPOSITE: Readonly<Record<Role, Role>> = {
  provider: 'customer',
  customer: 'provider',
  rs: 'rs-client',
  'rs-client': 'rs',
  peer: 'peer',
};

/** The number in the peer's OPEN; undefined where it says none. The first counts, as they must be equal. */
export const roleOf = (capabilities: readonly Capability[]): number | undefined =>
  capabilities.find((capability) => capability.type === 'role')?.role;

const named = (number: number): string => (ROLES[number] ? `"${ROLES[number]}"` : String(number));

/**
 * What is wrong with the roles in a peer's OPEN; undefined where nothing is. `strict`: a peer without one is refused. A
 * peer that says two different things is refused whether or not we have a role.
 */
export function roleMismatch(
  capabilities: readonly Capability[],
  ours: Role | undefined,
  strict: boolean,
): string | undefined {
  const said = new Set(capabilities.flatMap((capability) => (capability.type === 'role' ? [capability.role] : [])));
  if (said.size > 1) return `the peer says to have several roles: ${[...said].map(named).join(', ')}`;
  if (ours === undefined) return undefined;
  const [theirs] = said;
  if (theirs === undefined) return strict ? `the peer says no role, and "${OPPOSITE[ours]}" is required` : undefined;
  if (ROLES[theirs] === OPPOSITE[ours]) return undefined;
  return `the peer says to have the role ${named(theirs)}; ours is "${ours}", which goes with "${OPPOSITE[ours]}"`;
}
