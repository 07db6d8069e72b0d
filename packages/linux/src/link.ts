export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** IFF_UP: switched on by the administrator. */
  readonly up: boolean;
  /** IFF_RUNNING: switched on and with carrier. */
  readonly running: boolean;
  readonly flags: number;
  readonly mtu: number;
  /** `aa:bb:cc:dd:ee:ff`. */
  readonly mac?: string;
  /** `veth`, `bridge`, `vxlan` …; absent on hardware and loopback. */
  readonly kind?: string;
  /** Index of the peer (veth) or lower device. */
  readonly peerIfindex?: number;
  /** Index of the bridge or bond above. */
  readonly masterIfindex?: number;
}
