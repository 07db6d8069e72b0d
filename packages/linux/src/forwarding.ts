/** What the kernel tells of forwarding being switched on and off: struct netconfmsg and NETCONFA_* (linux/netconf.h). */
import type { IpVersion } from '@tortie/ip';
import { versionOf } from './family.js';
import { readAttributes, row, schema, u32 } from './netlink/attribute.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';

export const RTM_NETCONF = { NEW: 80 } as const;
/** struct netconfmsg, padded. */
const NETCONF_OCTETS = 4;
/** NETCONFA_IFINDEX_ALL, as an unsigned number. */
const ALL = 0xffffffff;

export interface Forwarding {
  readonly version: IpVersion;
  readonly on: boolean;
}

const attributes = schema({ ifindex: row(1, u32), forwarding: row(2, u32) });

/** Undefined where the message is about something else, or about one interface alone. */
export function readForwarding(message: NetlinkMessage): Forwarding | undefined {
  requireBody(message, NETCONF_OCTETS);
  const { bytes, start, end } = message;
  const version = versionOf(bytes[start]!);
  const { ifindex, forwarding } = readAttributes(attributes, message, start + NETCONF_OCTETS, end);
  if (version === undefined || ifindex !== ALL || forwarding === undefined) return undefined;
  return { version, on: forwarding !== 0 };
}
