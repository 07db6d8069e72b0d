/** What this kernel can do for us here, and in words why not. Nothing is assumed from version numbers. */
import { release } from 'node:os';
import { ipv4 } from '@tortie/ip';
import { AF, LinuxError } from '@tortie/linux';
import { addon } from './addon.js';
import { SOCK, SOL, setOption } from './descriptor.js';
import { type NetnsRef, netnsPath } from './netns-path.js';
import { openRtnetlink } from './rtnetlink.js';
import { setMd5Key } from './tcp-md5.js';

export type Capability = { readonly available: true } | { readonly available: false; readonly reason: string };

export interface KernelCapabilities {
  /** Is the native addon there? Without it everything else is unavailable. */
  readonly addon: Capability;
  /** May routes be written in this namespace? */
  readonly netAdmin: Capability;
  readonly ipv6: Capability;
  readonly nexthopObjects: Capability;
  readonly tcpMd5: Capability;
  readonly tcpAo: Capability;
  readonly gtsm: Capability;
  /** May namespaces be entered and created (CAP_SYS_ADMIN)? */
  readonly netns: Capability;
  /** `uname -r`. */
  readonly release: string;
}

const TCP_AO_INFO = 40;
const IP_MINTTL = 21;
const ENOPROTOOPT = 92;
const yes: Capability = { available: true };
const no = (reason: string): Capability => ({ available: false, reason });
/** An id nobody has: a deletion of it is refused before anything is looked up, or for want of the object. */
const UNUSED_NEXTHOP = 0xfffffffe;

/** Never throws. Changes nothing: permission is asked with deletions of what is not there. */
export async function probeKernel(options: { readonly netns?: NetnsRef } = {}): Promise<KernelCapabilities> {
  const missing = await reasonOf(async () => void addon());
  if (missing) {
    const none = no(missing);
    return {
      addon: none,
      netAdmin: none,
      ipv6: none,
      nexthopObjects: none,
      tcpMd5: none,
      tcpAo: none,
      gtsm: none,
      netns: none,
      release: release(),
    };
  }
  const { netns } = options;
  return {
    addon: yes,
    netAdmin: await probeNetAdmin(netns),
    ipv6: await probeIpv6(netns),
    nexthopObjects: await probeNexthops(netns),
    tcpMd5: await probeSocket(netns, 'the kernel is built without TCP-MD5', (fd) =>
      setMd5Key(fd, ipv4(0x7f000001), 'x'),
    ),
    tcpAo: probeOption(netns, SOL.TCP, TCP_AO_INFO, 'the kernel is built without TCP-AO'),
    gtsm: await probeSocket(netns, 'the kernel has no IP_MINTTL', (fd) =>
      setOption(fd, SOL.IP, IP_MINTTL, 255, 'IP_MINTTL'),
    ),
    netns: await probeNetns(),
    release: release(),
  };
}

async function reasonOf(attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function probeNetAdmin(netns: NetnsRef | undefined): Promise<Capability> {
  const asked = await deleteUnusedNexthop(netns);
  if (asked === 'EPERM')
    return no('CAP_NET_ADMIN is missing; run as root, or give the service AmbientCapabilities=CAP_NET_ADMIN');
  if (asked !== 'EOPNOTSUPP') return yes;
  // No nexthop objects: ask with a route in a table of nobody.
  const errno = await answerTo(netns, (rtnetlink) =>
    rtnetlink.deleteRoute({ prefix: { ...ipv4(0xc0000200), length: 32 }, table: 0x7fff_fffe, protocol: 201 }),
  );
  return errno === 'EPERM' ? no('CAP_NET_ADMIN is missing') : yes;
}

async function probeNexthops(netns: NetnsRef | undefined): Promise<Capability> {
  const reason = await reasonOf(async () => {
    const rtnetlink = await openRtnetlink(netns === undefined ? {} : { netns });
    try {
      await rtnetlink.nexthops();
    } finally {
      rtnetlink.close();
    }
  });
  return reason ? no(`nexthop objects need Linux 5.3 or newer: ${reason}`) : yes;
}

const deleteUnusedNexthop = (netns: NetnsRef | undefined): Promise<string> =>
  answerTo(netns, (rtnetlink) => rtnetlink.deleteNexthop(UNUSED_NEXTHOP));

async function answerTo(
  netns: NetnsRef | undefined,
  ask: (rtnetlink: Awaited<ReturnType<typeof openRtnetlink>>) => Promise<void>,
): Promise<string> {
  const rtnetlink = await openRtnetlink(netns === undefined ? {} : { netns });
  try {
    await ask(rtnetlink);
    return 'none';
  } catch (error) {
    return (error instanceof LinuxError && error.errnoName) || 'none';
  } finally {
    rtnetlink.close();
  }
}

async function probeIpv6(netns: NetnsRef | undefined): Promise<Capability> {
  const fd = addon().openSocket(AF.INET6, SOCK.STREAM, 0, netnsPath(netns));
  if (fd < 0) return no('the kernel is built or started without IPv6');
  addon().close(fd);
  const disabled = addon().readFile(netnsPath(netns), '/proc/sys/net/ipv6/conf/all/disable_ipv6');
  if (typeof disabled !== 'number' && disabled[0] === 0x31) {
    return no('IPv6 is switched off here by the sysctl net.ipv6.conf.all.disable_ipv6');
  }
  return yes;
}

async function probeSocket(
  netns: NetnsRef | undefined,
  lacking: string,
  attempt: (fd: number) => void,
): Promise<Capability> {
  const fd = addon().openSocket(AF.INET, SOCK.STREAM, 0, netnsPath(netns));
  if (fd < 0) return no('a TCP socket cannot be opened');
  try {
    const reason = await reasonOf(async () => attempt(fd));
    return reason ? no(`${lacking} (${reason})`) : yes;
  } finally {
    addon().close(fd);
  }
}

function probeOption(netns: NetnsRef | undefined, level: number, option: number, lacking: string): Capability {
  const fd = addon().openSocket(AF.INET, SOCK.STREAM, 0, netnsPath(netns));
  if (fd < 0) return no('a TCP socket cannot be opened');
  const result = addon().getsockopt(fd, level, option, 64);
  addon().close(fd);
  return result === -ENOPROTOOPT ? no(lacking) : yes;
}

/** Entering our own namespace anew needs the same capability as entering another. */
async function probeNetns(): Promise<Capability> {
  const octets = addon().readFile('/proc/self/ns/net', '/proc/sys/net/ipv4/ip_forward');
  return typeof octets === 'number' ? no('CAP_SYS_ADMIN is missing; namespaces cannot be entered') : yes;
}
