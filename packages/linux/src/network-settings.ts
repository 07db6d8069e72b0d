/** What the kernel tells of settings of the network that were changed: struct netconfmsg and NETCONFA_* (linux/netconf.h). */
import type { IpVersion } from '@tortie/ip';
import { versionOf } from './family.js';
import { readAttributes, row, schema, u32 } from './netlink/attribute.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';

export const RTM_NETCONF = { NEW: 80 } as const;
/** struct netconfmsg, padded. */
const NETCONF_OCTETS = 4;
/** NETCONFA_IFINDEX_ALL and NETCONFA_IFINDEX_DEFAULT, as unsigned numbers. */
const ALL = 0xffffffff;
const DEFAULT = 0xfffffffe;

/** Those that the message tells of; there are others that the kernel tells nobody of, such as accept_ra. */
export interface NetworkSettings {
  readonly version: IpVersion;
  /** Absent: of `conf/all`. */
  readonly ifindex?: number;
  readonly forwarding?: boolean;
  /** IPv4 only. */
  readonly rpFilter?: number;
  /** proxy_arp, or proxy_ndp. */
  readonly proxy?: boolean;
}

const attributes = schema({ ifindex: row(1, u32), forwarding: row(2, u32), rpFilter: row(3, u32), proxy: row(5, u32) });

/** Undefined where the message is about other settings, or about those that interfaces to come begin with. */
export function readNetworkSettings(message: NetlinkMessage): NetworkSettings | undefined {
  requireBody(message, NETCONF_OCTETS);
  const { bytes, start, end } = message;
  const version = versionOf(bytes[start]!);
  const { ifindex, forwarding, rpFilter, proxy } = readAttributes(attributes, message, start + NETCONF_OCTETS, end);
  if (version === undefined || ifindex === undefined || ifindex === DEFAULT) return undefined;
  if (forwarding === undefined && rpFilter === undefined && proxy === undefined) return undefined;
  return {
    version,
    ...(ifindex !== ALL && { ifindex }),
    ...(forwarding !== undefined && { forwarding: forwarding !== 0 }),
    ...(rpFilter !== undefined && { rpFilter }),
    ...(proxy !== undefined && { proxy: proxy !== 0 }),
  };
}
