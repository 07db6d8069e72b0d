/**
 * The VXLAN device of this node for one IP version: made where it is missing, changed where it differs, left alone where it is
 * right, so that a restarted agent disturbs no packet.
 */
import { type Address, addressBits, addressesEqual, isLinkLocal } from '@tortie/ip';
import { type Link, LinuxError } from '@tortie/linux';
import { ensureSysctl, type Rtnetlink } from '@tortie/linux/node';

export interface VxlanSpec {
  readonly name: string;
  /** The node's address outside: packets come from it. */
  readonly local: Address;
  /** The node's address inside: what goes to pods of others comes from it. */
  readonly address: Address;
  readonly mtu: number;
  readonly mac: string;
}

/** Calico's: 4096 is the VNI, 4789 the port of RFC 7348. */
export const VXLAN = { vni: 4096, port: 4789 } as const;

/** What was done, in words; empty where all was right. Throws LinuxError where the kernel refuses. */
export async function ensureVxlan(rtnetlink: Rtnetlink, spec: VxlanSpec): Promise<{ link: Link; done: string[] }> {
  const { name, local, mtu, mac } = spec;
  const done: string[] = [];
  let link = await rtnetlink.link(name);
  if (link && link.kind !== 'vxlan') {
    throw new LinuxError('ERR_LINUX_NETLINK', `interface ${name} is there and is no vxlan device; rename or delete it`);
  }
  if (link && !leadsAsWanted(link, spec)) {
    await rtnetlink.deleteLink(link.ifindex);
    link = undefined;
    done.push(`${name} was made anew: it had another local address, VNI or port`);
  }
  if (!link) {
    link = await rtnetlink.createLink({ name, kind: 'vxlan', mtu, mac, vxlan: { ...VXLAN, local, learning: false } });
    if (done.length === 0) done.push(`made ${name}`);
  }
  const { ifindex } = link;
  if (link.mtu !== mtu || link.mac !== mac) {
    if (link.mtu !== mtu) done.push(`the MTU of ${name} is ${mtu}`);
    await rtnetlink.changeLink(ifindex, { mtu, mac });
  }
  await prepare(spec);
  await ensureAddress(rtnetlink, ifindex, spec.address);
  if (!link.up) await rtnetlink.changeLink(ifindex, { up: true });
  return { link: (await rtnetlink.link(ifindex)) ?? link, done };
}

/** Whether there was one. Never takes away what is none of ours. */
export async function removeVxlan(rtnetlink: Rtnetlink, name: string): Promise<boolean> {
  const link = await rtnetlink.link(name);
  if (link?.kind !== 'vxlan') return false;
  await rtnetlink.deleteLink(link.ifindex);
  return true;
}

const leadsAsWanted = ({ vxlan }: Link, { local }: VxlanSpec): boolean =>
  vxlan?.local !== undefined &&
  addressesEqual(vxlan.local, local) &&
  vxlan.vni === VXLAN.vni &&
  vxlan.port === VXLAN.port;

/**
 * What comes out of a tunnel may be answered by another way: a node's own address is reached directly. So the strict check of
 * sources, where all of the host have it, is made a loose one here (RFC 3704 section 2.4).
 */
async function prepare({ name, local }: VxlanSpec): Promise<void> {
  await ensureSysctl(`net/ipv4/conf/${name}/rp_filter`, 2);
  await ensureSysctl(`net/ipv4/conf/${name}/forwarding`, 1);
  // Nobody speaks IPv6 over the device for IPv4: its router solicitations would find nobody.
  if (local.version === 4) await ensureSysctl(`net/ipv6/conf/${name}/disable_ipv6`, 1).catch(unlessMissing);
  else await ensureSysctl(`net/ipv6/conf/${name}/forwarding`, 1);
}

/** A kernel without IPv6 has no such setting. */
const unlessMissing = (error: unknown): void => {
  if (!(error instanceof LinuxError && error.errnoName === 'ENOENT')) throw error;
};

async function ensureAddress(rtnetlink: Rtnetlink, ifindex: number, address: Address): Promise<void> {
  const present = await rtnetlink.addresses({ ifindex });
  for (const one of present) {
    if (isLinkLocal(one.address) || addressesEqual(one.address, address)) continue;
    await rtnetlink.deleteAddress(ifindex, one.address, one.prefixLength);
  }
  if (present.some((one) => addressesEqual(one.address, address))) return;
  await rtnetlink.addAddress(ifindex, address, addressBits(address.version));
}
