/** WireGuard devices: the generic netlink family "wireguard" (linux/wireguard.h), and how a family is found (linux/genetlink.h). */
import { type Address, formatPrefix, type Prefix } from '@tortie/ip';
import { LinuxError } from './errors.js';
import { familyOf, versionOf } from './family.js';
import {
  type AttributeCodec,
  address,
  be16,
  nested,
  octets,
  readAttributes,
  row,
  schema,
  text,
  u8,
  u16,
  u32,
  writeAttributes,
} from './netlink/attribute.js';
import { align4, LITTLE_ENDIAN } from './netlink/byte-order.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';
import type { MessageWriter } from './netlink/message-writer.js';

/** nlmsg_type of the family that knows the others. */
export const GENERIC_CONTROL = 0x10;
const GET_FAMILY = 3;
const GENERIC_HEADER_OCTETS = 4;
const WG = { GET: 0, SET: 1 } as const;
const REPLACE_PEERS = 1;
const PEER = { REMOVE: 1, REPLACE_ALLOWED_IPS: 2 } as const;
const KEY_OCTETS = 32;
const NESTED = 0x8000;

export interface WireguardEndpoint {
  readonly address: Address;
  readonly port: number;
}

export interface WireguardPeer {
  readonly publicKey: Uint8Array;
  readonly endpoint?: WireguardEndpoint;
  /** Seconds; 0: none is sent. */
  readonly keepaliveS: number;
  /** Packets to these go to the peer, and packets from it have these as their sources. */
  readonly allowedIps: readonly Prefix[];
  /** Since the epoch, of the last handshake; 0: there was none. */
  readonly handshakeS: number;
}

export interface WireguardDevice {
  readonly ifindex: number;
  readonly publicKey?: Uint8Array;
  readonly port: number;
  readonly peers: readonly WireguardPeer[];
}

/** What a request says of one peer; what is absent stays as it is. A peer that is not there is made. */
export interface WireguardPeerChange {
  readonly publicKey: Uint8Array;
  readonly endpoint?: WireguardEndpoint;
  readonly keepaliveS?: number;
  /** Added; one that another peer has goes over to this one. */
  readonly allowedIps?: readonly Prefix[];
  /** Those that are there go first: for a moment packets of all of them are dropped. */
  readonly replaceAllowedIps?: boolean;
  readonly remove?: boolean;
}

export interface WireguardChange {
  readonly ifindex: number;
  readonly privateKey?: Uint8Array;
  readonly port?: number;
  readonly replacePeers?: boolean;
  readonly peers?: readonly WireguardPeerChange[];
}

/** Values one behind the other, each an attribute whose number says nothing. */
function arrayOf<T>(codec: AttributeCodec<T>): AttributeCodec<readonly T[]> {
  return {
    min: 0,
    read(from, start, end) {
      const values: T[] = [];
      for (let at = start; at < end; ) {
        const length = end - at < 4 ? 0 : from.view.getUint16(at, LITTLE_ENDIAN);
        if (length < 4 || at + length > end) {
          throw new LinuxError('ERR_LINUX_MESSAGE', `netlink attribute at octet ${at} is cut: nla_len is ${length}`);
        }
        values.push(codec.read(from, at + 4, at + length));
        at += align4(length);
      }
      return values;
    },
    write(to, values) {
      for (const value of values) to.attribute(NESTED, () => codec.write(to, value));
    },
  };
}

/** struct sockaddr_in or sockaddr_in6. */
const endpoint: AttributeCodec<WireguardEndpoint | undefined> = {
  min: 16,
  read(from, start) {
    const version = versionOf(from.view.getUint16(start, LITTLE_ENDIAN));
    if (!version) return undefined;
    const at = start + (version === 4 ? 4 : 8);
    return {
      address: address.read(from, at, at + (version === 4 ? 4 : 16)),
      port: be16.read(from, start + 2, start + 4),
    };
  },
  write(to, value) {
    if (!value) return;
    to.u16(familyOf(value.address.version));
    to.be16(value.port);
    if (value.address.version === 6) to.u32(0);
    to.address(value.address);
    // sin_zero, or sin6_scope_id.
    to.u32(0);
    if (value.address.version === 4) to.u32(0);
  },
};

const key: AttributeCodec<Uint8Array> = { ...octets, min: KEY_OCTETS };
/** struct __kernel_timespec; the seconds will do. */
const seconds: AttributeCodec<number> = {
  min: 16,
  read: (from, start) => Number(from.view.getBigInt64(start, LITTLE_ENDIAN)),
  write(to, value) {
    to.u64(BigInt(value));
    to.u64(0n);
  },
};

const allowedIp = schema({ family: row(1, u16), address: row(2, address), length: row(3, u8) });
const peer = schema({
  publicKey: row(1, key),
  flags: row(3, u32),
  endpoint: row(4, endpoint),
  keepaliveS: row(5, u16),
  handshakeS: row(6, seconds),
  allowedIps: row(9 | NESTED, arrayOf(nested(allowedIp))),
});
const device = schema({
  ifindex: row(1, u32),
  privateKey: row(3, key),
  publicKey: row(4, key),
  flags: row(5, u32),
  port: row(6, u16),
  peers: row(8 | NESTED, arrayOf(nested(peer))),
});
const control = schema({ id: row(1, u16), name: row(2, text) });

function begin(to: MessageWriter, family: number, flags: number, seq: number, command: number): void {
  to.begin(family, flags, seq);
  to.u8(command);
  to.u8(1);
  to.u16(0);
}

/** Asks for the number of a family; a kernel that has none of the name answers ENOENT. */
export function writeFamilyLookup(to: MessageWriter, flags: number, seq: number, name: string): void {
  begin(to, GENERIC_CONTROL, flags, seq, GET_FAMILY);
  writeAttributes(control, to, { name });
  to.end();
}

export function readFamilyId(message: NetlinkMessage): number | undefined {
  requireBody(message, GENERIC_HEADER_OCTETS);
  return readAttributes(control, message, message.start + GENERIC_HEADER_OCTETS, message.end).id;
}

export function writeWireguardDump(
  to: MessageWriter,
  family: number,
  flags: number,
  seq: number,
  ifindex: number,
): void {
  begin(to, family, flags, seq, WG.GET);
  writeAttributes(device, to, { ifindex });
  to.end();
}

export function writeWireguardChange(
  to: MessageWriter,
  family: number,
  flags: number,
  seq: number,
  change: WireguardChange,
): void {
  begin(to, family, flags, seq, WG.SET);
  const { ifindex, privateKey, port, replacePeers, peers } = change;
  writeAttributes(device, to, {
    ifindex,
    privateKey,
    flags: replacePeers ? REPLACE_PEERS : undefined,
    port,
    peers: peers?.map(({ publicKey, remove, replaceAllowedIps, allowedIps, ...rest }) => ({
      publicKey,
      flags: (remove ? PEER.REMOVE : 0) | (replaceAllowedIps ? PEER.REPLACE_ALLOWED_IPS : 0) || undefined,
      endpoint: rest.endpoint,
      keepaliveS: rest.keepaliveS,
      allowedIps: allowedIps?.map(({ length, ...words }) => ({
        family: familyOf(words.version),
        address: words,
        length,
      })),
    })),
  });
  to.end();
}

/** One message of a dump: a device may take several, which `mergeWireguard` puts together. */
export function readWireguard(message: NetlinkMessage): WireguardDevice {
  requireBody(message, GENERIC_HEADER_OCTETS);
  const {
    ifindex = 0,
    publicKey,
    port = 0,
    peers = [],
  } = readAttributes(device, message, message.start + GENERIC_HEADER_OCTETS, message.end);
  return {
    ifindex,
    ...(publicKey && { publicKey }),
    port,
    peers: peers.flatMap((one) => {
      if (!one.publicKey) return [];
      return {
        publicKey: one.publicKey,
        ...(one.endpoint && { endpoint: one.endpoint }),
        keepaliveS: one.keepaliveS ?? 0,
        handshakeS: one.handshakeS ?? 0,
        allowedIps: (one.allowedIps ?? []).flatMap(({ address: words, length }) =>
          words && length !== undefined ? [{ ...words, length }] : [],
        ),
      };
    }),
  };
}

/** A peer that did not fit into one message goes on in the next, with its key and nothing else but allowed addresses. */
export function mergeWireguard(parts: readonly WireguardDevice[]): WireguardDevice | undefined {
  const [first] = parts;
  if (!first) return undefined;
  const peers: WireguardPeer[] = [];
  for (const one of parts.flatMap((part) => part.peers)) {
    const last = peers.at(-1);
    if (last && sameKey(last.publicKey, one.publicKey)) {
      peers[peers.length - 1] = { ...last, allowedIps: [...last.allowedIps, ...one.allowedIps] };
    } else peers.push(one);
  }
  return { ...first, peers };
}

export const sameKey = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((octet, at) => octet === other[at]);

/** A request holds so many addresses: an attribute has at most 65535 octets. */
const ADDRESSES_AT_ONCE = 500;
/** And so many peers, without their addresses. */
const PEERS_AT_ONCE = 100;

/** Changes of peers as requests of bearable size, in their order. */
export function* wireguardPieces(peers: readonly WireguardPeerChange[]): Generator<WireguardPeerChange[]> {
  let piece: WireguardPeerChange[] = [];
  let addresses = 0;
  for (const one of peers) {
    let rest = one;
    while (addresses + (rest.allowedIps?.length ?? 0) > ADDRESSES_AT_ONCE || piece.length >= PEERS_AT_ONCE) {
      const room = piece.length >= PEERS_AT_ONCE ? 0 : ADDRESSES_AT_ONCE - addresses;
      const all = rest.allowedIps ?? [];
      if (room > 0) {
        piece.push({ ...rest, allowedIps: all.slice(0, room) });
        rest = { publicKey: rest.publicKey, allowedIps: all.slice(room) };
      }
      yield piece;
      [piece, addresses] = [[], 0];
    }
    piece.push(rest);
    addresses += rest.allowedIps?.length ?? 0;
  }
  if (piece.length > 0) yield piece;
}

/**
 * What brings peers from what they are to what they shall be; empty where nothing differs. Addresses that come are there before any
 * goes, and at another peer before the one that had them is removed.
 */
export function wireguardDelta(
  present: readonly WireguardPeer[],
  wanted: readonly Required<Pick<WireguardPeerChange, 'publicKey' | 'endpoint' | 'keepaliveS' | 'allowedIps'>>[],
): WireguardPeerChange[] {
  const before = new Map(present.map((one) => [keyText(one.publicKey), one]));
  const changes: WireguardPeerChange[] = [];
  const last: WireguardPeerChange[] = [];
  for (const { publicKey, endpoint: place, keepaliveS, allowedIps } of wanted) {
    const has = before.get(keyText(publicKey));
    before.delete(keyText(publicKey));
    const texts = new Set(has?.allowedIps.map(formatPrefix));
    const missing = allowedIps.filter((prefix) => !texts.has(formatPrefix(prefix)));
    const differs = !has || has.keepaliveS !== keepaliveS || JSON.stringify(has.endpoint) !== JSON.stringify(place);
    if (differs || missing.length > 0) {
      changes.push({ publicKey, ...(differs && { endpoint: place, keepaliveS }), allowedIps: missing });
    }
    if (texts.size + missing.length > allowedIps.length) last.push({ publicKey, allowedIps, replaceAllowedIps: true });
  }
  return [...changes, ...[...before.values()].map(({ publicKey }) => ({ publicKey, remove: true })), ...last];
}

const keyText = (octetsOfKey: Uint8Array): string => octetsOfKey.join();
