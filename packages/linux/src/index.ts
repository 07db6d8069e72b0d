export { AdvertisementPacer } from './advertisement-pacer.js';
export { errnoName, errnoWords } from './errno.js';
export { LinuxError, type LinuxErrorCode, type LinuxErrorDetails } from './errors.js';
export { fibWriterFilter, goneNeighboursFilter, hostRoutesFilter, ignoreProtocolFilter } from './event-filter.js';
export { AF, familyOf, versionOf } from './family.js';
export { PrefixTable } from './fib/prefix-table.js';
export { newScannedRoute, type ScannedRoute, scanRoute } from './fib/route-scan.js';
export { RouteTemplate } from './fib/route-template.js';
export {
  ADDRESS_FLAGS,
  type AddressRequest,
  type InterfaceAddress,
  RTM_ADDRESS,
  readInterfaceAddress,
  writeAddressDump,
  writeInterfaceAddress,
} from './interface-address.js';
export { LINK_FLAGS, type Link, type LinkRequest, RTM_LINK, readLink, writeLink } from './link.js';
export {
  NEIGHBOUR_FLAGS,
  NEIGHBOUR_STATE,
  type Neighbour,
  RTM_NEIGHBOUR,
  readNeighbour,
  writeNeighbour,
  writeNeighbourDump,
} from './neighbour.js';
export { type Acknowledgement, readAcknowledgement, refusal, refusalText } from './netlink/acknowledgement.js';
export { align4, LITTLE_ENDIAN, viewOf } from './netlink/byte-order.js';
export {
  MESSAGE_HEADER_OCTETS,
  messagesOf,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
} from './netlink/message.js';
export { MessageWriter } from './netlink/message-writer.js';
export { type NetworkSettings, RTM_NETCONF, readNetworkSettings } from './network-settings.js';
export {
  type Nexthop,
  type NexthopMember,
  type Resilience,
  RTM_NEXTHOP,
  readNexthop,
  writeBucketDump,
  writeNexthop,
  writeNexthopDelete,
  writeNexthopDump,
} from './nexthop.js';
export type { NftExpression } from './nftables/expression.js';
export { elementsOf, outermost, prefixesOf, type SetElement } from './nftables/interval.js';
export { type FilterTable, filterTable, type Judgement, judge, readsMarks, type Unjudged } from './nftables/judge.js';
export type { JudgedPacket, Marks } from './nftables/judged-packet.js';
export { isNft, NFT_FAMILIES, type NftFamily, writeBatchEdge } from './nftables/messages.js';
export {
  hasRulesOf,
  type NftBaseChain,
  type NftElements,
  type NftLayout,
  type NftPrefixSet,
  type NftRule,
  type NftTable,
  nftTableOf,
  readNftChain,
  readNftElements,
  readNftRule,
  type ShownNftChain,
  writeNftChain,
  writeNftChainDump,
  writeNftElementDump,
  writeNftElements,
  writeNftRule,
  writeNftRuleDump,
  writeNftSet,
  writeNftTable,
} from './nftables/ruleset.js';
export { readShownNftRule, type ShownExpression, type ShownNftRule } from './nftables/shown-rule.js';
export {
  readShownElements,
  readShownSet,
  type ShownElement,
  type ShownSet,
  writeNftSetDump,
} from './nftables/shown-set.js';
export {
  MAIN_TABLE,
  type NextHop,
  ROUTE_TYPES,
  type Route,
  type RouteDump,
  type RouteRequest,
  type RouteType,
  RTM_ROUTE,
  readRoute,
  SCOPE,
  writeRoute,
  writeRouteDump,
  writeRouteLookup,
} from './route.js';
export {
  type DecodedRouterMessage,
  decodeRouterMessage,
  encodeRouterMessage,
  ICMPV6,
  presence,
  type RouterAdvertisement,
  type RouterMessage,
  type RouterMessageFault,
  type RouterSolicitation,
} from './router-discovery.js';
export { RTM_RULE, type Rule, readRule, writeRule, writeRuleDump } from './rule.js';
export {
  GENERIC_CONTROL,
  mergeWireguard,
  readFamilyId,
  readWireguard,
  sameKey,
  type WireguardChange,
  type WireguardDevice,
  type WireguardEndpoint,
  type WireguardPeer,
  type WireguardPeerChange,
  wireguardDelta,
  wireguardPieces,
  writeFamilyLookup,
  writeWireguardChange,
  writeWireguardDump,
} from './wireguard.js';
