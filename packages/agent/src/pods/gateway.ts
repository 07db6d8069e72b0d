/** Constants of every pod's link. */
import { type Address, parseAddress } from '@tortie/ip';

/** MAC of the host's end of every veth: nothing on the link tells hosts apart. */
export const HOST_MAC = 'ee:ee:ee:ee:ee:ee';

/**
 * Next hops of a pod's default routes. The IPv4 one exists only as an ARP answer of the host's end; the IPv6 one is the
 * link-local address that follows from HOST_MAC (RFC 4291 appendix A).
 */
export const GATEWAYS: Readonly<Record<4 | 6, Address>> = {
  4: parseAddress('169.254.1.1'),
  6: parseAddress('fe80::ecee:eeff:feee:eeee'),
};
