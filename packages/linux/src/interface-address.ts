/** Addresses on interfaces: struct ifaddrmsg and IFA_* (linux/if_addr.h). */
import type { Address } from '@tortie/ip';
import { AF, familyOf, versionOf } from './family.js';
import { address, readAttributes, row, schema, u32, writeAttributes } from './netlink/attribute.js';
import { LITTLE_ENDIAN } from './netlink/byte-order.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';
import type { MessageWriter } from './netlink/message-writer.js';

export const RTM_ADDRESS = { NEW: 20, DELETE: 21, GET: 22 } as const;

/** IFA_F_*. */
export const ADDRESS_FLAGS = { NODAD: 0x02, DADFAILED: 0x08, TENTATIVE: 0x40, PERMANENT: 0x80 } as const;
const IFADDRMSG_OCTETS = 8;

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

/** In IPv4 IFA_LOCAL is ours and IFA_ADDRESS the far end; in IPv6 IFA_LOCAL appears only beside a far end. */
const attributes = schema({ address: row(1, address), local: row(2, address), flags: row(8, u32) });

export type AddressRequest = Pick<InterfaceAddress, 'ifindex' | 'address' | 'prefixLength'> & Partial<InterfaceAddress>;

export function writeInterfaceAddress(
  to: MessageWriter,
  type: number,
  flags: number,
  seq: number,
  request: AddressRequest,
): void {
  to.begin(type, flags, seq);
  to.u8(familyOf(request.address.version));
  to.u8(request.prefixLength);
  to.u8((request.flags ?? 0) & 0xff);
  to.u8(request.scope ?? 0);
  to.u32(request.ifindex);
  writeAttributes(attributes, to, {
    address: request.peer ?? request.address,
    local: request.address.version === 4 || request.peer ? request.address : undefined,
    flags: request.flags || undefined,
  });
  to.end();
}

export function writeAddressDump(
  to: MessageWriter,
  flags: number,
  seq: number,
  filter: { readonly ifindex?: number; readonly version?: 4 | 6 },
): void {
  to.begin(RTM_ADDRESS.GET, flags, seq);
  to.u8(filter.version ? familyOf(filter.version) : AF.UNSPEC);
  to.u8(0);
  to.u16(0);
  to.u32(filter.ifindex ?? 0);
  to.end();
}

export function readInterfaceAddress(message: NetlinkMessage): InterfaceAddress | undefined {
  requireBody(message, IFADDRMSG_OCTETS);
  const { bytes, view, start, end } = message;
  if (!versionOf(bytes[start]!)) return undefined;
  const values = readAttributes(attributes, message, start + IFADDRMSG_OCTETS, end);
  const own = values.local ?? values.address;
  if (!own) return undefined;
  const far = values.local && values.address;
  const differs = far && (far.a !== own.a || far.b !== own.b || far.c !== own.c || far.d !== own.d);
  return {
    ifindex: view.getUint32(start + 4, LITTLE_ENDIAN),
    address: own,
    prefixLength: bytes[start + 1]!,
    ...(differs ? { peer: far } : {}),
    scope: bytes[start + 3]!,
    flags: values.flags ?? bytes[start + 2]!,
  };
}
