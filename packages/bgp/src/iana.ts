/** Numbers from the IANA registries of BGP, grouped as the registries are. */

/** RFC 4271 section 4.1, RFC 2918. */
export const MESSAGE_TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

/** RFC 4271 section 4.5; routeRefresh RFC 7313. */
export const ERROR_CODE = { header: 1, open: 2, update: 3, holdTimer: 4, fsm: 5, cease: 6, routeRefresh: 7 } as const;

/** RFC 4271 section 6.1. */
export const HEADER_ERROR = { unsynchronized: 1, badLength: 2, badType: 3 } as const;

/** RFC 4271 section 6.2; unsupportedCapability RFC 5492, roleMismatch RFC 9234. */
export const OPEN_ERROR = {
  unspecific: 0,
  unsupportedVersion: 1,
  badPeerAs: 2,
  badBgpIdentifier: 3,
  unsupportedParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
  roleMismatch: 11,
} as const;

/** RFC 4271 section 6.3. */
export const UPDATE_ERROR = {
  malformedAttributeList: 1,
  unrecognizedWellKnown: 2,
  missingWellKnown: 3,
  attributeFlags: 4,
  attributeLength: 5,
  invalidOrigin: 6,
  invalidNextHop: 8,
  optionalAttribute: 9,
  invalidNetworkField: 10,
  malformedAsPath: 11,
} as const;

/** RFC 6608. */
export const FSM_ERROR = { unspecified: 0, inOpenSent: 1, inOpenConfirm: 2, inEstablished: 3 } as const;

/** RFC 4486; hardReset RFC 8538, bfdDown RFC 9384. */
export const CEASE = {
  maximumPrefixes: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollision: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;

/** RFC 7313. */
export const ROUTE_REFRESH_ERROR = { invalidLength: 1 } as const;

/** RFC 2918: request; RFC 7313: begin (BoRR) and end (EoRR). */
export const ROUTE_REFRESH_SUBTYPE = { request: 0, begin: 1, end: 2 } as const;

/** RFC 4271 section 4.3: the bits of the attribute flags octet. */
export const ATTRIBUTE_FLAG = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;

export const ATTRIBUTE_TYPE = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  extendedCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  largeCommunities: 32,
  onlyToCustomer: 35,
} as const;

export const CAPABILITY_CODE = {
  multiprotocol: 1,
  routeRefresh: 2,
  extendedNextHop: 5,
  extendedMessage: 6,
  role: 9,
  gracefulRestart: 64,
  fourOctetAs: 65,
  addPath: 69,
  enhancedRouteRefresh: 70,
  longLivedGracefulRestart: 71,
  fqdn: 73,
} as const;

export const AFI = { ipv4: 1, ipv6: 2 } as const;
export const SAFI = { unicast: 1, multicast: 2 } as const;

/** RFC 6793: stands in two octets for an AS number that needs four. */
export const AS_TRANS = 23456;

/** RFC 1997 and the registry of well-known communities. */
export const WELL_KNOWN_COMMUNITY = {
  gracefulShutdown: 0xffff0000,
  acceptOwn: 0xffff0001,
  llgrStale: 0xffff0006,
  noLlgr: 0xffff0007,
  blackhole: 0xffff029a,
  noExport: 0xffffff01,
  noAdvertise: 0xffffff02,
  noExportSubconfed: 0xffffff03,
  noPeer: 0xffffff04,
} as const;
