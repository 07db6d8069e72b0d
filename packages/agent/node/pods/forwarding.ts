/** Pods need a node that forwards: switched on when the agent starts, and again where somebody has switched it off. */
import type { IpVersion } from '@tortie/ip';
import type { NetworkSettings } from '@tortie/linux';
import { ensureSysctl, type Rtnetlink, readSysctl, type Subscription, subscribeEvents } from '@tortie/linux/node';
import type { Journal } from '../journal.js';

const SETTINGS: Readonly<Record<IpVersion, string>> = { 4: 'net/ipv4/ip_forward', 6: 'net/ipv6/conf/all/forwarding' };
const VERSIONS = [4, 6] as const;
/** RTPROT_RA: of routes that came by router advertisements. */
const RTPROT_RA = 9;
/** Values of accept_ra: while the node does not forward, and always. */
const ACCEPT_RA = { HOST: '1', ALWAYS: 2 } as const;

export async function ensureForwarding(rtnetlink: Rtnetlink, journal: Journal): Promise<void> {
  for (const version of VERSIONS) {
    const key = SETTINGS[version];
    const present = await settingOf(key);
    // A kernel without IPv6 has no such setting.
    if (present === undefined || present === '1') continue;
    if (version === 6) await keepAdvertisedRoutes(rtnetlink, journal);
    await ensureSysctl(key, 1);
    journal.event({ kind: 'pod', text: `set ${key} to 1`, cause: 'pods need a node that forwards' });
  }
}

/** `onOff`: forwarding was switched off for the whole node, or may have been; `onInterface`: settings of one interface are others. */
export function watchSettings(
  onOff: () => void,
  onInterface: (settings: NetworkSettings & { readonly ifindex: number }) => void,
): Promise<Subscription> {
  return subscribeEvents({
    groups: ['settings'],
    onEvents(events) {
      for (const event of events) {
        if (event.type !== 'settings') continue;
        const { ifindex, forwarding } = event.settings;
        if (ifindex !== undefined) onInterface({ ...event.settings, ifindex });
        else if (forwarding === false) onOff();
      }
    },
    onResync: onOff,
  });
}

/**
 * A node that begins to forward loses the default routes that its kernel learned from router advertisements, and learns no more,
 * unless the interface has accept_ra 2 (Documentation/networking/ip-sysctl.rst of Linux). What a daemon learned for it, with accept_ra 0, stays.
 */
async function keepAdvertisedRoutes(rtnetlink: Rtnetlink, journal: Journal): Promise<void> {
  const ifindexes = new Set<number | undefined>();
  for await (const { prefix, nextHops } of rtnetlink.routes({ version: 6, protocol: RTPROT_RA })) {
    if (prefix.length === 0) for (const { ifindex } of nextHops) ifindexes.add(ifindex);
  }
  for (const { ifindex, name } of await rtnetlink.links()) {
    if (!ifindexes.has(ifindex)) continue;
    const key = `net/ipv6/conf/${name}/accept_ra`;
    if ((await settingOf(key)) !== ACCEPT_RA.HOST) continue;
    await ensureSysctl(key, ACCEPT_RA.ALWAYS);
    const cause = 'a node that forwards would lose the default route that a router advertises there';
    journal.event({ kind: 'pod', subject: name, text: `set ${key} to ${ACCEPT_RA.ALWAYS}`, cause });
  }
}

/** Undefined: there is none. */
const settingOf = (key: string): Promise<string | undefined> => readSysctl(key).catch(() => undefined);
