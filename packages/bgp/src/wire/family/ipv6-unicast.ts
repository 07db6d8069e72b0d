import { AFI, SAFI } from '../../iana.js';

/** IPv6 unicast, RFC 2545: routes travel in MP_REACH_NLRI and MP_UNREACH_NLRI. */
export const ipv6Unicast = {
  name: 'ipv6-unicast',
  afi: AFI.ipv6,
  safi: SAFI.unicast,
  version: 6,
  index: 1,
} as const;
