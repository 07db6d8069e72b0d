/**
 * The device of this node for one tunnel: made where it is missing, changed where it differs, left alone where it is right, so
 * that a restarted agent disturbs no packet.
 */
import { type Address, addressBits, addressesEqual, isLinkLocal } from '@tortie/ip';
import { type Link, LinuxError } from '@tortie/linux';
import { ensureSysctl, type LinkSpec, type Rtnetlink } from '@tortie/linux/node';
import { TUNNEL_WAYS, type TunnelWay } from '../../src/ways/tunnel.js';

export interface TunnelSpec {
  readonly name: string;
  readonly way: TunnelWay;
  /** The node's address outside: packets come from it. */
  readonly local: Address;
  /** The node's address inside: what goes to pods of others comes from it. */
  readonly address: Address;
  readonly mtu: number;
  /** Where the device has one. */
  readonly mac?: string;
}

/** Calico's: 4096 is the VNI, 4789 the port of RFC 7348. */
const VXLAN = { vni: 4096, port: 4789 } as const;
/** That of all the host's packets; with 0 the outer header would count the hops of the inner one. */
const IPIP_TTL = 64;

/** What sets a device of one kind apart. */
interface DeviceKind {
  readonly data: (local: Address) => Pick<LinkSpec, 'vxlan' | 'ipip'>;
  /** Whether packets leave it as wanted; it cannot be changed in this. */
  readonly leads: (link: Link, local: Address) => boolean;
  readonly parts: string;
}

const isAt = (one: Address | undefined, other: Address): boolean => one !== undefined && addressesEqual(one, other);

const KINDS: Readonly<Record<TunnelWay, DeviceKind>> = {
  vxlan: {
    data: (local) => ({ vxlan: { ...VXLAN, local, learning: false } }),
    leads: ({ vxlan }, local) => isAt(vxlan?.local, local) && vxlan?.vni === VXLAN.vni && vxlan.port === VXLAN.port,
    parts: 'local address, VNI or port',
  },
  ipip: {
    data: (local) => ({ ipip: { local, ttl: IPIP_TTL } }),
    leads: ({ ipip }, local) => isAt(ipip?.local, local) && ipip?.remote === undefined,
    parts: 'local or remote address',
  },
  // Keys, port and peers are changed while it stands.
  wireguard: { data: () => ({}), leads: () => true, parts: 'nothing' },
};

/** What was done, in words; empty where all was right. Throws LinuxError where the kernel refuses. */
export async function ensureTunnel(rtnetlink: Rtnetlink, spec: TunnelSpec): Promise<{ link: Link; done: string[] }> {
  const { name, way, local, mtu, mac } = spec;
  const kind = KINDS[way];
  const done: string[] = [];
  let link = await rtnetlink.link(name);
  if (link && link.kind !== way) {
    throw new LinuxError(
      'ERR_LINUX_NETLINK',
      `interface ${name} is there and is no ${way} device; rename or delete it`,
    );
  }
  if (link && !kind.leads(link, local)) {
    await rtnetlink.deleteLink(link.ifindex);
    link = undefined;
    done.push(`${name} was made anew: it had another ${kind.parts}`);
  }
  if (!link) {
    link = await create(rtnetlink, spec);
    if (done.length === 0) done.push(`made ${name}`);
  }
  const { ifindex } = link;
  if (link.mtu !== mtu || (mac !== undefined && link.mac !== mac)) {
    if (link.mtu !== mtu) done.push(`the MTU of ${name} is ${mtu}`);
    await rtnetlink.changeLink(ifindex, { mtu, ...(mac !== undefined && { mac }) });
  }
  await prepare(spec);
  await ensureAddress(rtnetlink, ifindex, spec.address);
  if (!link.up) await rtnetlink.changeLink(ifindex, { up: true });
  return { link: (await rtnetlink.link(ifindex)) ?? link, done };
}

/** Whether there was one. Never takes away what is none of ours. */
export async function removeTunnel(
  rtnetlink: Rtnetlink,
  { name, way }: Pick<TunnelSpec, 'name' | 'way'>,
): Promise<boolean> {
  const link = await rtnetlink.link(name);
  if (link?.kind !== way) return false;
  await rtnetlink.deleteLink(link.ifindex);
  return true;
}

async function create(rtnetlink: Rtnetlink, { name, way, local, mtu, mac }: TunnelSpec): Promise<Link> {
  const { title } = TUNNEL_WAYS[way];
  try {
    return await rtnetlink.createLink({
      name,
      kind: way,
      mtu,
      ...(mac !== undefined && { mac }),
      ...KINDS[way].data(local),
    });
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    const { errno, errnoName } = error;
    const why =
      errnoName === 'EOPNOTSUPP'
        ? `this kernel has no ${title}: it is built without the module ${way}, or may not load it`
        : // The kernel wants one such device for each pair of addresses; its own words are "File exists".
          errnoName === 'EEXIST' && way === 'ipip'
          ? 'another ipip device has the same local address and no remote one (ip -d link show type ipip); delete it'
          : undefined;
    if (why === undefined) throw error;
    throw new LinuxError('ERR_LINUX_NETLINK', why, { cause: error, ...(errno !== undefined && { errno }) });
  }
}

/**
 * What comes out of a tunnel may be answered by another way: a node's own address is reached directly. So the strict check of
 * sources, where all of the host have it, is made a loose one here (RFC 3704 section 2.4).
 */
async function prepare({ name, local }: TunnelSpec): Promise<void> {
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
