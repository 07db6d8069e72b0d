import { AFI, SAFI } from '../../iana.js';

/** IPv4 unicast: the family of RFC 4271, whose routes travel in the UPDATE's own fields unless the next hop is IPv6. */
export const ipv4Unicast = {
  name: 'ipv4-unicast',
  afi: AFI.ipv4,
  safi: SAFI.unicast,
  version: 4,
  index: 0,
} as const;
