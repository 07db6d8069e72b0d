/**
 * Pods send from their own addresses only: what comes from a pod's link over IPv6 and whose way back does not lead over that link is
 * dropped, before connections are tracked (RFC 3704 section 2.2). For IPv4 the kernel does so by itself, by rp_filter of the host's
 * end, which is as strict at 2 as at 1 where an interface has no address; for IPv6 it has nothing like it.
 *
 * ```
 * table inet tortie-pods {
 *   chain sources {
 *     type filter hook prerouting priority raw - 10
 *     meta nfproto ipv6 iifname "tor*" ether daddr ee:ee:ee:ee:ee:ee fib saddr . iif oif missing counter drop
 *   }
 * }
 * ```
 * The MAC tells a pod's link from an interface of the host that is called so, towards a top-of-rack router for example.
 */
import type { NftLayout } from '@tortie/linux';
import { HOST_MAC } from './gateway.js';
import { HOST_INTERFACE_PREFIX } from './names.js';

export const SOURCE_CHECK_TABLE = { family: 'inet', name: 'tortie-pods' } as const;

export const SOURCE_CHECK_LAYOUT: NftLayout = {
  chains: [{ name: 'sources', type: 'filter', hook: 'prerouting', priority: -310 }],
  sets: [],
  rules: [
    {
      chain: 'sources',
      comment: 'tortie: pods send from their own addresses, IPv6, 1',
      expressions: [
        { type: 'version', version: 6 },
        { type: 'in-interface', prefix: HOST_INTERFACE_PREFIX },
        { type: 'sent-to', mac: HOST_MAC },
        { type: 'no-way-back' },
        { type: 'counter' },
        { type: 'drop' },
      ],
    },
  ],
};
