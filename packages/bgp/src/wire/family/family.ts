/** The address families, one row each. A family's `index` is its place here; arrays by family use it. */
import { ipv4Unicast } from './ipv4-unicast.js';
import { ipv6Unicast } from './ipv6-unicast.js';

export type FamilyName = 'ipv4-unicast' | 'ipv6-unicast';

export interface Family {
  readonly name: FamilyName;
  readonly afi: number;
  readonly safi: number;
  readonly version: 4 | 6;
  /** Dense, from 0. */
  readonly index: number;
}

export const FAMILIES: readonly Family[] = [ipv4Unicast, ipv6Unicast];

/** The family whose routes travel in the UPDATE's own fields. RFC 4271 section 4.3. */
export const BODY_FAMILY: Family = ipv4Unicast;

const byName = new Map(FAMILIES.map((family) => [family.name, family]));

export const familyByName = (name: FamilyName): Family => byName.get(name)!;

/** The index of an AFI/SAFI, or -1 for one that is not in the table. */
export function familyIndex(afi: number, safi: number): number {
  for (let index = 0; index < FAMILIES.length; index++) {
    const family = FAMILIES[index]!;
    if (family.afi === afi && family.safi === safi) return index;
  }
  return -1;
}

export const familyOf = (afi: number, safi: number): Family | undefined => FAMILIES[familyIndex(afi, safi)];
