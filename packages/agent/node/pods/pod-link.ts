/**
 * The link of a pod: a veth whose ends hold no common subnet. The pod sends everything to a gateway that exists only on
 * this link, the host has one route per address.
 *
 * ```
 *   pod                                      host
 *   eth0  10.244.0.7/32  ────── veth ──────  tor0123456789a  ee:ee:ee:ee:ee:ee
 *   default via 169.254.1.1                  10.244.0.7 dev tor0123456789a; proxy_arp answers for 169.254.1.1
 *   default via fe80::ecee:eeff:feee:eeee    fd00::7 dev tor0123456789a; has that address
 * ```
 */
import { CniError } from '@tortie/cni';
import { type Address, formatAddress, hostPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { familyOf, type Link, LinuxError, NEIGHBOUR_STATE, type Neighbour, type Route, SCOPE } from '@tortie/linux';
import { ensureSysctl, type Rtnetlink, readSysctl, removeLink, writeSysctl } from '@tortie/linux/node';
import { GATEWAYS, HOST_MAC } from '../../src/pods/gateway.js';
import { isHostInterface } from '../../src/pods/names.js';
import { LINK_LOCAL_LENGTH, settingsOf } from './host-end.js';
import type { PodNetns } from './pod-netns.js';

export interface PodLink {
  readonly hostInterface: string;
  readonly ifName: string;
  readonly netns: PodNetns;
  readonly addresses: readonly Address[];
  readonly mtu: number;
  /** Of the pod's end. */
  readonly mac: string;
  /** For who reads `ip link` on the host. */
  readonly alias: string;
}

/** What marks our routes to pods. Not the FIB's metric: those it would take for its own and sweep. */
export interface RouteMark {
  readonly protocol: number;
  readonly metric: number;
  readonly table: number;
}

const DEFAULT = { 4: parsePrefix('0.0.0.0/0'), 6: parsePrefix('::/0') } as const;
/** Addresses nobody has (RFC 5737, RFC 3849): only a default route leads there. */
const ELSEWHERE = { 4: parseAddress('198.51.100.1'), 6: parseAddress('2001:db8::1') } as const;
/** RFC 8200 section 5. */
const IPV6_LEAST_MTU = 1280;

const isErrno = (error: unknown, ...names: string[]): boolean =>
  error instanceof LinuxError && names.includes(error.errnoName ?? '');

/** Passes over "it is there already". */
const unlessThere = (error: unknown): void => {
  if (!isErrno(error, 'EEXIST')) throw error;
};

/** Makes the link and everything on it, the host's end last. What a failure leaves goes with `unplugPod`. */
export async function plugPod(host: Rtnetlink, mark: RouteMark, link: PodLink): Promise<void> {
  assertMtu(link);
  const pod = await link.netns.rtnetlink;
  const { ifindex, peerIfindex } = await createVeth(host, link);
  await Promise.all([setUpPodEnd(pod, peerIfindex!, link), configureHostEnd(link)]);
  await switchHostEndOn(host, mark, ifindex, link);
}

function assertMtu({ mtu, addresses }: PodLink): void {
  if (mtu >= IPV6_LEAST_MTU || !hasVersion(addresses, 6)) return;
  throw new CniError(
    'ERR_CNI_CONFIG',
    `the pod's link would have an MTU of ${mtu}, and IPv6 needs ${IPV6_LEAST_MTU}: set /mtu, raise that of the node's way out, or set /ipv6 to false`,
  );
}

/** Takes the link away, and with it all routes over it. False: there was none. */
export async function unplugPod(hostInterface: string): Promise<boolean> {
  if (!isHostInterface(hostInterface)) throw new TypeError(`${hostInterface} is no interface of a pod`);
  try {
    await removeLink(hostInterface);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENODEV')) return false;
    throw error;
  }
}

async function createVeth(host: Rtnetlink, { hostInterface, ifName, netns, mtu, mac }: PodLink): Promise<Link> {
  const create = () =>
    host.createLink({
      name: hostInterface,
      kind: 'veth',
      mac: HOST_MAC,
      mtu,
      peer: { name: ifName, netns: netns.path, mtu, mac },
    });
  try {
    return await create();
  } catch (error) {
    // Left over from a run that was cut off, or the pod has such an interface: the second attempt tells.
    if (!isErrno(error, 'EEXIST') || !(await unplugPod(hostInterface))) throw nameTaken(error, ifName);
    return await create().catch((again) => {
      throw nameTaken(again, ifName);
    });
  }
}

/** What the kernel takes as alias. */
export const aliasOf = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 255);

const nameTaken = (error: unknown, ifName: string): unknown =>
  isErrno(error, 'EEXIST')
    ? new CniError('ERR_CNI_ENVIRONMENT', `CNI_IFNAME: the container has an interface ${ifName} already`, {
        cause: error,
      })
    : error;

async function configureHostEnd(link: PodLink): Promise<void> {
  for (const [key, value] of settingsOf(link)) await ensureSysctl(key, value);
}

async function switchHostEndOn(host: Rtnetlink, mark: RouteMark, ifindex: number, link: PodLink): Promise<void> {
  const { addresses, alias } = link;
  await Promise.all([
    host.changeLink(ifindex, { up: true, alias: aliasOf(alias) }),
    hasVersion(addresses, 6) && host.addAddress(ifindex, GATEWAYS[6], LINK_LOCAL_LENGTH).catch(unlessThere),
    routeToPod(host, mark, ifindex, addresses),
  ]);
}

async function setUpPodEnd(pod: Rtnetlink, ifindex: number, { ifName, netns, addresses }: PodLink): Promise<void> {
  const inside = { netns: netns.path };
  if (hasVersion(addresses, 6)) {
    const conf = `net/ipv6/conf/${ifName}`;
    await Promise.all([ensureSysctl(`${conf}/disable_ipv6`, 0, inside), writeSysctl(`${conf}/accept_dad`, 0, inside)]);
  }
  const requests: Promise<void>[] = [pod.changeLink(ifindex, { up: true })];
  for (const address of addresses) {
    const { version } = address;
    const gateway = GATEWAYS[version];
    requests.push(pod.addAddress(ifindex, address, version === 4 ? 32 : 128));
    if (version === 4)
      requests.push(pod.addRoute({ prefix: hostPrefix(gateway), nextHops: [{ ifindex }] }).catch(gatewayTaken));
    requests.push(pod.setNeighbour(gatewayOf(ifindex, version)));
    // Another network of the pod may have brought its default route.
    requests.push(pod.addRoute({ prefix: DEFAULT[version], nextHops: [{ gateway, ifindex }] }).catch(unlessThere));
  }
  await Promise.all(requests);
}

/** As where the pod is plugged in here already, under another name. */
function gatewayTaken(error: unknown): never {
  if (!isErrno(error, 'EEXIST')) throw error;
  const text = `the container has a route to ${formatAddress(GATEWAYS[4])} already, which is our gateway; it can have one interface of ours`;
  throw new CniError('ERR_CNI_ENVIRONMENT', text, { cause: error });
}

/**
 * The gateway's MAC is known: nobody asks for it, and it takes no room in the kernel's table of neighbours, which all namespaces of a
 * machine share (gc_thresh3, 1024 of each IP version unless set otherwise).
 */
const gatewayOf = (ifindex: number, version: 4 | 6): Neighbour => ({
  ifindex,
  family: familyOf(version),
  address: GATEWAYS[version],
  mac: HOST_MAC,
  state: NEIGHBOUR_STATE.PERMANENT,
  flags: 0,
});

/** One route per address: the same again changes nothing. */
export async function routeToPod(
  host: Rtnetlink,
  mark: RouteMark,
  ifindex: number,
  addresses: readonly Address[],
): Promise<void> {
  const nextHops = [{ ifindex }];
  const routes = addresses.map((address) => ({
    ...{ prefix: hostPrefix(address), nextHops, ...mark },
    ...(address.version === 4 && { scope: SCOPE.LINK }),
  }));
  await Promise.all(routes.map((route) => host.replaceRoute(route)));
}

/** What of a plugged pod is missing, in words; empty where all is as `plugPod` has made it. */
export async function findFaults(host: Rtnetlink, link: Omit<PodLink, 'mtu' | 'mac' | 'alias'>): Promise<string[]> {
  const { hostInterface, ifName, netns, addresses } = link;
  const outer = await host.link(hostInterface);
  if (!outer) return [`the host has no interface ${hostInterface}`];
  const faults = await faultsOfSettings(link);
  if (!outer.up) faults.push(`${hostInterface} is down`);
  for (const address of addresses) {
    const route = await host.matchingRoute(address);
    if (!leadsOver(route, outer.ifindex)) {
      faults.push(`the host has no route to ${formatAddress(address)} over ${hostInterface}`);
    }
  }
  const pod = await netns.rtnetlink;
  const inner = await pod.link(ifName);
  if (!inner) return [...faults, `the container has no interface ${ifName}`];
  if (inner.ifindex !== outer.peerIfindex)
    faults.push(`${ifName} of the container is not the far end of ${hostInterface}`);
  if (!inner.up) faults.push(`${ifName} of the container is down`);
  const present = (await pod.addresses({ ifindex: inner.ifindex })).map(({ address }) => formatAddress(address));
  for (const address of addresses.map(formatAddress)) {
    if (!present.includes(address)) faults.push(`${ifName} has no address ${address}`);
  }
  if (hasVersion(addresses, 4) && !leadsOver(await pod.matchingRoute(GATEWAYS[4]), inner.ifindex)) {
    faults.push(`the container has no route to its gateway ${formatAddress(GATEWAYS[4])}`);
  }
  for (const version of [4, 6] as const) {
    // It may be that of another network of the pod.
    if (hasVersion(addresses, version) && !(await pod.matchingRoute(ELSEWHERE[version])))
      faults.push(`the container has no IPv${version} default route`);
  }
  return faults;
}

export const leadsOver = (route: Route | undefined, ifindex: number): boolean =>
  route?.nextHops.some((hop) => hop.ifindex === ifindex) ?? false;

/** Settings of the host's end without which packets of the pod go astray; others may be changed as one likes. */
async function faultsOfSettings({ hostInterface, addresses }: Pick<PodLink, 'hostInterface' | 'addresses'>) {
  const wanted: [key: string, value: string][] = [];
  if (hasVersion(addresses, 4)) wanted.push([`net/ipv4/conf/${hostInterface}/forwarding`, '1']);
  if (hasVersion(addresses, 6)) {
    wanted.push(
      [`net/ipv6/conf/${hostInterface}/forwarding`, '1'],
      [`net/ipv6/conf/${hostInterface}/disable_ipv6`, '0'],
    );
  }
  const faults: string[] = [];
  for (const [key, value] of wanted) {
    const present = await readSysctl(key).catch(() => 'missing');
    if (present !== value) faults.push(`${key} is ${present}, not ${value}`);
  }
  return faults;
}

const hasVersion = (addresses: readonly Address[], wanted: 4 | 6): boolean =>
  addresses.some(({ version }) => version === wanted);
