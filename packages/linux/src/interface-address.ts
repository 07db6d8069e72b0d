import type { Address } from '@tortie/ip';

/** An address on an interface. */
export interface InterfaceAddress {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  /** The far end, on point-to-point links. */
  readonly peer?: Address;
  /** rtnetlink scope: 0 global, 253 link, 254 host. */
  readonly scope: number;
  /** IFA_FLAGS (32 bits); 0x40 tentative, 0x08 duplicate detected. */
  readonly flags: number;
}
