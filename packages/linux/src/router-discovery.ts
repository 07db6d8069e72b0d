/**
 * Router advertisements and solicitations, RFC 4861 sections 4.1, 4.2 and 4.6.1, with the checks of section 6.1. What
 * comes in was sent by anybody on the link: no octet is read before its place is known to be there.
 */
import { type Address, isLinkLocal, isUnspecified } from '@tortie/ip';

export interface RouterAdvertisement {
  readonly type: 'router-advertisement';
  /** 0: the sender does not say. */
  readonly hopLimit: number;
  readonly managed: boolean;
  readonly otherConfiguration: boolean;
  /** 0: no default router. */
  readonly routerLifetimeS: number;
  /** Milliseconds; 0: the sender does not say. */
  readonly reachableTimeMs: number;
  readonly retransmitMs: number;
  /** The sender's address on the link, `aa:bb:cc:dd:ee:ff`. */
  readonly mac?: string;
}

export interface RouterSolicitation {
  readonly type: 'router-solicitation';
  readonly mac?: string;
}

export type RouterMessage = RouterAdvertisement | RouterSolicitation;

/** Why a message is silently discarded: RFC 4861 sections 6.1.1 and 6.1.2. */
export type RouterMessageFault = 'hop-limit' | 'length' | 'type' | 'code' | 'source' | 'option';

export type DecodedRouterMessage = { readonly message: RouterMessage } | { readonly fault: RouterMessageFault };

export const ICMPV6 = { ROUTER_SOLICITATION: 133, ROUTER_ADVERTISEMENT: 134 } as const;
const SOLICITATION_OCTETS = 8;
const ADVERTISEMENT_OCTETS = 16;
const SOURCE_LINK_ADDRESS = 1;
/** Options count in units of eight octets; an Ethernet address with its header is one. */
const UNIT = 8;
const FLAG = { managed: 0x80, other: 0x40 } as const;
const HOP_LIMIT = 255;

/** `octets` begin with the ICMPv6 type; the checksum is the kernel's affair. */
export function decodeRouterMessage(octets: Uint8Array, from: Address, hopLimit: number): DecodedRouterMessage {
  // A router in between would have counted it down: the sender is on this link.
  if (hopLimit !== HOP_LIMIT) return { fault: 'hop-limit' };
  if (octets.length < SOLICITATION_OCTETS) return { fault: 'length' };
  const [type, code] = octets as unknown as readonly [number, number];
  if (type !== ICMPV6.ROUTER_SOLICITATION && type !== ICMPV6.ROUTER_ADVERTISEMENT) return { fault: 'type' };
  if (code !== 0) return { fault: 'code' };
  const solicits = type === ICMPV6.ROUTER_SOLICITATION;
  const body = solicits ? SOLICITATION_OCTETS : ADVERTISEMENT_OCTETS;
  if (octets.length < body) return { fault: 'length' };
  if (from.version !== 6 || (!solicits && !isLinkLocal(from))) return { fault: 'source' };
  const options = readOptions(octets, body);
  if (!options) return { fault: 'option' };
  const mac = options.mac === undefined ? {} : { mac: options.mac };
  if (solicits) {
    if (isUnspecified(from) && options.sourceLinkAddress) return { fault: 'option' };
    return { message: { type: 'router-solicitation', ...mac } };
  }
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  return {
    message: {
      type: 'router-advertisement',
      hopLimit: octets[4]!,
      managed: (octets[5]! & FLAG.managed) !== 0,
      otherConfiguration: (octets[5]! & FLAG.other) !== 0,
      routerLifetimeS: view.getUint16(6),
      reachableTimeMs: view.getUint32(8),
      retransmitMs: view.getUint32(12),
      ...mac,
    },
  };
}

/** Undefined where an option has no length or reaches beyond the message; those nobody knows are passed over. */
function readOptions(
  octets: Uint8Array,
  start: number,
): { readonly sourceLinkAddress: boolean; readonly mac?: string } | undefined {
  let sourceLinkAddress = false;
  let mac: string | undefined;
  for (let at = start; at < octets.length; ) {
    if (at + 2 > octets.length) return undefined;
    const length = octets[at + 1]! * UNIT;
    if (length === 0 || at + length > octets.length) return undefined;
    if (octets[at] === SOURCE_LINK_ADDRESS) {
      sourceLinkAddress = true;
      if (length === UNIT) mac = macText(octets.subarray(at + 2, at + UNIT));
    }
    at += length;
  }
  return { sourceLinkAddress, ...(mac !== undefined && { mac }) };
}

const macText = (octets: Uint8Array): string =>
  [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join(':');

/** The checksum stays zero: the kernel fills it in on a raw ICMPv6 socket. */
export function encodeRouterMessage(message: RouterMessage): Uint8Array {
  const body = message.type === 'router-solicitation' ? SOLICITATION_OCTETS : ADVERTISEMENT_OCTETS;
  const octets = new Uint8Array(body + (message.mac === undefined ? 0 : UNIT));
  if (message.type === 'router-solicitation') {
    octets[0] = ICMPV6.ROUTER_SOLICITATION;
  } else {
    const view = new DataView(octets.buffer);
    octets[0] = ICMPV6.ROUTER_ADVERTISEMENT;
    octets[4] = message.hopLimit;
    octets[5] = (message.managed ? FLAG.managed : 0) | (message.otherConfiguration ? FLAG.other : 0);
    view.setUint16(6, message.routerLifetimeS);
    view.setUint32(8, message.reachableTimeMs);
    view.setUint32(12, message.retransmitMs);
  }
  if (message.mac !== undefined) {
    octets[body] = SOURCE_LINK_ADDRESS;
    octets[body + 1] = 1;
    octets.set(
      message.mac.split(':').map((part) => Number.parseInt(part, 16)),
      body + 2,
    );
  }
  return octets;
}

/**
 * What a router says that wants to be found and nothing else: a lifetime of 0, so that no host takes it for its default
 * router (RFC 4861 section 4.2), no prefixes, no parameters.
 */
export const presence = (mac: string | undefined): RouterAdvertisement => ({
  type: 'router-advertisement',
  hopLimit: 0,
  managed: false,
  otherConfiguration: false,
  routerLifetimeS: 0,
  reachableTimeMs: 0,
  retransmitMs: 0,
  ...(mac !== undefined && { mac }),
});
