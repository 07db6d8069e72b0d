/**
 * The host's end of a pod's link as it shall be: set when the link is made, and set again where somebody has changed it, as a
 * rule of udev with `net.ipv4.conf.*` of sysctl.d does, or a program that takes every interface for its own.
 */
import { type Address, formatAddress } from '@tortie/ip';
import { type Link, LinuxError, type NetworkSettings } from '@tortie/linux';
import { ensureSysctl, type Rtnetlink, readSysctl } from '@tortie/linux/node';
import { GATEWAYS, HOST_MAC } from '../../src/pods/gateway.js';

/** What is asked for, and what does as well. */
type Setting = readonly [key: string, value: number, also?: number];

/** The kernel makes the gateway's address by itself, but not where addr_gen_mode says otherwise. */
export const LINK_LOCAL_LENGTH = 64;
/** Loose, which is as strict on an interface without an address; what sysctl.d of many distributions sets everywhere. */
const RP_FILTER = { STRICT: 1, LOOSE: 2 } as const;

export interface HostEnd {
  readonly hostInterface: string;
  readonly addresses: readonly Address[];
  readonly mtu: number;
}

export function settingsOf({ hostInterface, addresses }: Omit<HostEnd, 'mtu'>): readonly Setting[] {
  const [conf4, conf6] = [`net/ipv4/conf/${hostInterface}`, `net/ipv6/conf/${hostInterface}`];
  const has = (wanted: 4 | 6): boolean => addresses.some(({ version }) => version === wanted);
  const settings: Setting[] = [];
  if (has(4)) {
    settings.push([`${conf4}/proxy_arp`, 1], [`net/ipv4/neigh/${hostInterface}/proxy_delay`, 0]);
    settings.push([`${conf4}/forwarding`, 1]);
  }
  // A pod sends from its own address and from no other (RFC 2827).
  settings.push([`${conf4}/rp_filter`, RP_FILTER.STRICT, RP_FILTER.LOOSE]);
  if (has(6)) {
    settings.push([`${conf6}/disable_ipv6`, 0], [`${conf6}/accept_dad`, 0]);
    settings.push([`${conf6}/accept_ra`, 0], [`${conf6}/forwarding`, 1]);
  }
  return settings;
}

/** Whether what the kernel tells of an interface of a pod is as it shall be, by what it tells of. */
export function judgeSettings({
  version,
  forwarding,
  rpFilter,
  proxy,
}: NetworkSettings): [what: string, ok: boolean][] {
  const judged: [string, boolean][] = [];
  if (forwarding !== undefined) judged.push([`IPv${version} forwarding`, forwarding]);
  if (rpFilter !== undefined) judged.push(['rp_filter', rpFilter === RP_FILTER.STRICT || rpFilter === RP_FILTER.LOOSE]);
  if (proxy !== undefined && version === 4) judged.push(['proxy_arp', proxy]);
  return judged;
}

/** Whether a link has what it was made with. `mtu`: undefined where it is not known yet. */
export const isAsMade = (link: Link, mtu: number | undefined): boolean =>
  link.up && link.mac === HOST_MAC && link.masterIfindex === undefined && (mtu === undefined || link.mtu === mtu);

/**
 * Sets right what is otherwise, and tells what that was. Routes are not looked at: they go with a link that is down. Throws LinuxError
 * where the kernel refuses something.
 */
export async function mendHostEnd(
  host: Rtnetlink,
  link: Link,
  end: HostEnd,
  tell: (what: string) => void,
): Promise<void> {
  const { ifindex } = link;
  const { hostInterface: name, mtu, addresses } = end;
  if (link.masterIfindex !== undefined) {
    await host.changeLink(ifindex, { master: 0 });
    tell(`${name} was a port of another interface`);
  }
  if (link.mac !== HOST_MAC) {
    await host.changeLink(ifindex, { mac: HOST_MAC });
    tell(`${name} had the MAC ${link.mac}`);
  }
  if (link.mtu !== mtu) {
    await host.changeLink(ifindex, { mtu });
    tell(`${name} had an MTU of ${link.mtu}, not ${mtu}`);
  }
  if (!link.up) {
    await host.changeLink(ifindex, { up: true });
    tell(`${name} was down`);
  }
  for (const [key, value, also] of settingsOf(end)) {
    const present = await readSysctl(key);
    if (present === String(value) || present === String(also)) continue;
    await ensureSysctl(key, value);
    tell(`${key} was ${present}, not ${value}`);
  }
  if (addresses.some(({ version }) => version === 6) && (await ensureGateway(host, ifindex)))
    tell(`${name} lacked ${formatAddress(GATEWAYS[6])}`);
}

/** False: it was there. */
async function ensureGateway(host: Rtnetlink, ifindex: number): Promise<boolean> {
  const gateway = formatAddress(GATEWAYS[6]);
  const present = await host.addresses({ ifindex, version: 6 });
  if (present.some(({ address }) => formatAddress(address) === gateway)) return false;
  try {
    await host.addAddress(ifindex, GATEWAYS[6], LINK_LOCAL_LENGTH);
    return true;
  } catch (error) {
    // The kernel was first: it makes it by itself a while after the link is switched on.
    if (error instanceof LinuxError && error.errnoName === 'EEXIST') return false;
    throw error;
  }
}
