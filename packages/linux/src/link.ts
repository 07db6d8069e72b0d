/** Interfaces: struct ifinfomsg and IFLA_* (linux/if_link.h). */
import { type Address, isUnspecified } from '@tortie/ip';
import { AF } from './family.js';
import {
  type AttributeCodec,
  type AttributeValues,
  address,
  be16,
  mac,
  nested,
  nestedRow,
  octets,
  readAttributes,
  row,
  schema,
  text,
  u8,
  u32,
  writeAttributes,
} from './netlink/attribute.js';
import { LITTLE_ENDIAN, viewOf } from './netlink/byte-order.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';
import type { MessageWriter } from './netlink/message-writer.js';

export const RTM_LINK = { NEW: 16, DELETE: 17, GET: 18 } as const;

/** IFF_*. */
export const LINK_FLAGS = { UP: 0x1, RUNNING: 0x40, LOWER_UP: 0x10000 } as const;
const IFINFOMSG_OCTETS = 16;

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
  /** What `ip link` shows as alias: free text. */
  readonly alias?: string;
  /** Of vxlan devices. */
  readonly vxlan?: { readonly vni: number; readonly port: number; readonly local?: Address };
  /** Of IPIP devices. No `remote`: the gateway of each route is the far end. */
  readonly ipip?: { readonly local?: Address; readonly remote?: Address };
  /** Of VRF devices: the table of what belongs to it. */
  readonly vrf?: { readonly table: number };
}

/** What a request about a link may carry; a peer is the other half of a veth. */
export interface LinkRequest {
  readonly ifindex?: number;
  readonly name?: string;
  readonly mtu?: number;
  readonly mac?: string;
  readonly up?: boolean;
  readonly masterIfindex?: number;
  /** At most 255 characters of ASCII; the kernel takes it of links that are there. */
  readonly alias?: string;
  /** A descriptor of the namespace the link goes to. */
  readonly netnsFd?: number;
  readonly kind?: string;
  readonly peer?: LinkRequest;
  readonly vxlan?: {
    readonly vni: number;
    readonly port?: number;
    readonly local?: Address;
    readonly ifindex?: number;
    readonly learning?: boolean;
  };
  /** `ttl` of the outer header, 0: that of the packet inside; path MTU discovery is on. */
  readonly ipip?: { readonly local?: Address; readonly remote?: Address; readonly ttl?: number };
  readonly vrf?: { readonly table: number };
}

const vxlanData = schema({
  vni: row(1, u32),
  ifindex: row(3, u32),
  local: row(4, address),
  learning: row(7, u8),
  port: row(15, be16),
  local6: row(17, address),
});
/** IFLA_IPTUN_*. */
const ipipData = schema({
  local: row(2, address),
  remote: row(3, address),
  ttl: row(4, u8),
  pathMtuDiscovery: row(10, u8),
});
const vrfData = schema({ table: row(1, u32) });
const vethData = schema({ peer: row(1, octets) });
const info = schema({ kind: row(1, text), data: row(2 | 0x8000, octets) });

const attributes = schema({
  mac: row(1, mac),
  name: row(3, text),
  mtu: row(4, u32),
  lower: row(5, u32),
  master: row(10, u32),
  info: nestedRow(18, info),
  alias: row(20, text),
  netnsFd: row(28, u32),
});

const vxlan: AttributeCodec<AttributeValues<typeof vxlanData.rows>> = nested(vxlanData);
const ipip: AttributeCodec<AttributeValues<typeof ipipData.rows>> = nested(ipipData);
const vrf: AttributeCodec<AttributeValues<typeof vrfData.rows>> = nested(vrfData);

function writeHeader(to: MessageWriter, link: LinkRequest): void {
  to.u8(AF.UNSPEC);
  to.u8(0);
  to.u16(0);
  to.u32(link.ifindex ?? 0);
  to.u32(link.up ? LINK_FLAGS.UP : 0);
  to.u32(link.up === undefined ? 0 : LINK_FLAGS.UP);
}

/** RTM_NEWLINK creates with NLM_F_CREATE and changes without. */
export function writeLink(to: MessageWriter, type: number, flags: number, seq: number, link: LinkRequest): void {
  to.begin(type, flags, seq);
  writeBody(to, link);
  to.end();
}

function writeBody(to: MessageWriter, link: LinkRequest): void {
  writeHeader(to, link);
  const { mac, name, mtu, netnsFd, kind, alias } = link;
  writeAttributes(attributes, to, { mac, name, mtu, master: link.masterIfindex, alias, netnsFd });
  if (!kind) return;
  to.attribute(attributes.rows.info.type, () => {
    to.attribute(info.rows.kind.type, () => to.text(kind));
    const data = info.rows.data.type;
    // VETH_INFO_PEER holds a whole ifinfomsg with its own attributes.
    if (link.peer) to.attribute(data, () => to.attribute(vethData.rows.peer.type, () => writeBody(to, link.peer!)));
    if (link.vxlan) {
      const { vni, port, local, ifindex, learning } = link.vxlan;
      const own = local && (local.version === 4 ? { local } : { local6: local });
      to.attribute(data, () => vxlan.write(to, { vni, port, ifindex, learning: learning ? 1 : 0, ...own }));
    }
    if (link.ipip) {
      const values = { ...link.ipip, pathMtuDiscovery: 1 };
      to.attribute(data, () => ipip.write(to, values));
    }
    if (link.vrf) to.attribute(data, () => vrf.write(to, link.vrf!));
  });
}

function vxlanOf(octets: Uint8Array): NonNullable<Link['vxlan']> {
  const { vni = 0, port = 0, local, local6 } = vxlan.read({ bytes: octets, view: viewOf(octets) }, 0, octets.length);
  const own = local ?? local6;
  return { vni, port, ...(own && { local: own }) };
}

/** All zeros mean any. */
function ipipOf(octets: Uint8Array): NonNullable<Link['ipip']> {
  const { local, remote } = ipip.read({ bytes: octets, view: viewOf(octets) }, 0, octets.length);
  return {
    ...(local && !isUnspecified(local) && { local }),
    ...(remote && !isUnspecified(remote) && { remote }),
  };
}

/** What the device of a kind says of itself. */
function dataOf(kind: string, octets: Uint8Array): Pick<Link, 'vxlan' | 'ipip' | 'vrf'> {
  if (kind === 'vxlan') return { vxlan: vxlanOf(octets) };
  if (kind === 'ipip') return { ipip: ipipOf(octets) };
  if (kind !== 'vrf') return {};
  return { vrf: { table: vrf.read({ bytes: octets, view: viewOf(octets) }, 0, octets.length).table ?? 0 } };
}

export function readLink(message: NetlinkMessage): Link | undefined {
  requireBody(message, IFINFOMSG_OCTETS);
  const { bytes, view, start, end } = message;
  // AF_BRIDGE messages on the same group tell of ports, not of links.
  if (bytes[start] !== AF.UNSPEC) return undefined;
  const flags = view.getUint32(start + 8, LITTLE_ENDIAN);
  const values = readAttributes(attributes, message, start + IFINFOMSG_OCTETS, end);
  return {
    ifindex: view.getInt32(start + 4, LITTLE_ENDIAN),
    name: values.name ?? '',
    up: (flags & LINK_FLAGS.UP) !== 0,
    running: (flags & LINK_FLAGS.RUNNING) !== 0,
    flags,
    mtu: values.mtu ?? 0,
    ...(values.mac ? { mac: values.mac } : {}),
    ...(values.info?.kind ? { kind: values.info.kind } : {}),
    ...(values.lower ? { peerIfindex: values.lower } : {}),
    ...(values.master ? { masterIfindex: values.master } : {}),
    ...(values.alias ? { alias: values.alias } : {}),
    ...(values.info?.kind && values.info.data ? dataOf(values.info.kind, values.info.data) : {}),
  };
}
