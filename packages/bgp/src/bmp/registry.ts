/** Numbers of the BMP registries. RFC 7854 section 10, RFC 8671 section 8, RFC 9069 section 9. */

export const BMP_VERSION = 3;

export const BMP_TYPE = {
  routeMonitoring: 0,
  statisticsReport: 1,
  peerDown: 2,
  peerUp: 3,
  initiation: 4,
  termination: 5,
  routeMirroring: 6,
} as const;

export const BMP_PEER_TYPE = { global: 0, distinguished: 1, local: 2, locRib: 3 } as const;

export const BMP_PEER_FLAG = {
  /** V: the peer address is an IPv6 one. */
  ipv6: 0x80,
  /** L. */
  postPolicy: 0x40,
  /** A: AS numbers in AS_PATH have two octets. */
  twoOctetAs: 0x20,
  /** O, RFC 8671 section 5. */
  adjRibOut: 0x10,
  /** F, of loc-rib peers in place of V: the table is shown in part. RFC 9069 section 4.2. */
  filtered: 0x80,
} as const;

/** Information TLVs of Initiation and Peer Up; a table name also follows Peer Down reason 6. */
export const BMP_INFORMATION = { string: 0, sysDescr: 1, sysName: 2, tableName: 3 } as const;

/** TLVs of a Termination. */
export const BMP_TERMINATION = { string: 0, reason: 1 } as const;

export const BMP_TERMINATION_REASON = {
  administrativelyClosed: 0,
  unspecified: 1,
  outOfResources: 2,
  redundantConnection: 3,
  permanentlyAdministrativelyClosed: 4,
} as const;

export const BMP_PEER_DOWN = {
  /** We closed the session with a NOTIFICATION, which follows. */
  localNotification: 1,
  /** We closed it without one; the number of the event follows (RFC 4271 section 8.1). */
  localEvent: 2,
  /** The peer closed it with a NOTIFICATION, which follows. */
  remoteNotification: 3,
  /** The connection ended without a word. */
  remoteClosed: 4,
  /** The peer is no longer monitored. */
  deconfigured: 5,
  /** A loc-rib is no longer monitored; TLVs follow. RFC 9069 section 5.3. */
  locRib: 6,
} as const;

/** Statistics that we send. Those of single families carry AFI and SAFI before the value. */
export const BMP_STATISTIC = {
  prefixesRejected: 0,
  duplicatePrefixes: 1,
  duplicateWithdrawals: 2,
  clusterListLoops: 3,
  asPathLoops: 4,
  originatorIdLoops: 5,
  adjRibInRoutes: 7,
  locRibRoutes: 8,
  adjRibInRoutesOfFamily: 9,
  locRibRoutesOfFamily: 10,
  updatesTreatedAsWithdraw: 11,
  prefixesTreatedAsWithdraw: 12,
  duplicateUpdates: 13,
  adjRibOutPostRoutes: 15,
  adjRibOutPostRoutesOfFamily: 17,
} as const;

/** Statistics that carry AFI and SAFI. */
export const FAMILY_STATISTICS: ReadonlySet<number> = new Set([9, 10, 16, 17]);

/** The common header of section 4.1 and the per-peer header of section 4.2. */
export const COMMON_HEADER_OCTETS = 6;
export const PEER_HEADER_OCTETS = 42;
