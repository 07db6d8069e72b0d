/** An ordinary packet that begins a TCP connection between pods, as rules may ask about it. Undefined: nobody here knows. */
import { type Address, addressToBytes } from '@tortie/ip';
import { LITTLE_ENDIAN } from '../netlink/byte-order.js';

export interface JudgedPacket {
  readonly in: string;
  readonly out: string;
  readonly source: Address;
  readonly destination: Address;
}

/** What chains write on a packet and its connection for one another to read; undefined: who knows. */
export interface Marks {
  packet: number | undefined;
  connection: number | undefined;
}

export const META = { MARK: 3 } as const;
export const CT = { MARK: 3 } as const;
/** What both `ct state` and the state of iptables' conntrack have as bit of a new connection. */
export const STATE_NEW = 8;
/** RTN_UNICAST: neither end is an address of this node, nor of many. */
export const KIND_UNICAST = 1;

const META_KEY = {
  ...{ PROTOCOL: 1, IIFNAME: 6, OIFNAME: 7, NFPROTO: 15, L4PROTO: 16 },
  ...{ PACKET_TYPE: 19, SECPATH: 25 },
} as const;
const CT_KEY = { STATE: 0, DIRECTION: 1, STATUS: 2 } as const;
const HEADER = { NETWORK: 1, TRANSPORT: 2 } as const;
const TCP = 6;
const SYN = 2;
/** Of no service that a rule would name. */
const PORTS = { from: 51_243, to: 38_917 } as const;
export const NAME_OCTETS = 16;

/** A number as the machine has it. */
export function u32(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value >>> 0, LITTLE_ENDIAN);
  return octets;
}

export const toNumber = (octets: Uint8Array): number =>
  new DataView(octets.buffer, octets.byteOffset).getUint32(0, LITTLE_ENDIAN);

export function metaOf(key: number, { in: from, out, source }: JudgedPacket, marks: Marks): Uint8Array | undefined {
  switch (key) {
    case META_KEY.IIFNAME:
      return nameOctets(from);
    case META_KEY.OIFNAME:
      return nameOctets(out);
    case META_KEY.NFPROTO:
      return Uint8Array.of(source.version === 4 ? 2 : 10);
    case META_KEY.PROTOCOL:
      return source.version === 4 ? Uint8Array.of(0x08, 0x00) : Uint8Array.of(0x86, 0xdd);
    case META_KEY.L4PROTO:
      return Uint8Array.of(TCP);
    case META_KEY.PACKET_TYPE:
    case META_KEY.SECPATH:
      return Uint8Array.of(0);
    case META.MARK:
      return marks.packet === undefined ? undefined : u32(marks.packet);
  }
  return undefined;
}

/** A new connection without translation. */
export function ctOf(key: number, marks: Marks): Uint8Array | undefined {
  if (key === CT_KEY.STATE) return u32(STATE_NEW);
  if (key === CT_KEY.DIRECTION) return Uint8Array.of(0);
  if (key === CT_KEY.STATUS) return u32(0);
  return key === CT.MARK && marks.connection !== undefined ? u32(marks.connection) : undefined;
}

const nameOctets = (name: string): Uint8Array =>
  Uint8Array.from({ length: NAME_OCTETS }, (_, at) => name.charCodeAt(at) || 0);

/** Addresses, ports, the protocol, and what makes it the first of a connection. RFC 791 section 3.1, RFC 8200 section 3, RFC 9293 section 3.1. */
export function headerOf(base: number, offset: number, length: number, packet: JudgedPacket): Uint8Array | undefined {
  const header = new Uint8Array(40);
  const known = new Uint8Array(40);
  const put = (at: number, octets: ArrayLike<number>): void => {
    header.set(octets, at);
    known.fill(1, at, at + octets.length);
  };
  if (base === HEADER.TRANSPORT) {
    put(0, [PORTS.from >> 8, PORTS.from & 255, PORTS.to >> 8, PORTS.to & 255]);
    put(13, [SYN]);
  } else if (base === HEADER.NETWORK) {
    const { source, destination } = packet;
    const [from, to, protocol] = source.version === 4 ? [12, 16, 9] : [8, 24, 6];
    put(from, addressToBytes(source));
    put(to, addressToBytes(destination));
    put(protocol, [TCP]);
  }
  const isKnown = offset + length <= header.length && known.subarray(offset, offset + length).every(Boolean);
  return isKnown ? header.slice(offset, offset + length) : undefined;
}
