import type { Address } from '@tortie/ip';

export interface Neighbour {
  readonly ifindex: number;
  /** Absent on bridge and vxlan forwarding entries without destination. */
  readonly address?: Address;
  readonly mac?: string;
  /** NUD_* bits: 0x02 reachable, 0x04 stale, 0x20 failed, 0x80 permanent. */
  readonly state: number;
  /** NTF_* bits: 0x08 proxy, 0x02 self (fdb), 0x10 externally learned. */
  readonly flags: number;
  /** AF_INET 2, AF_INET6 10, AF_BRIDGE 7. */
  readonly family: number;
  /** For vxlan forwarding entries: the far end. */
  readonly destination?: Address;
}
