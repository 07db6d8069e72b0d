/** Plugs the hosts of a plan together: what to tell `ip` so that every interface is there, addressed and up. Pure. */
import type { Setting } from './host/namespace.js';
import type { LabPlan, PlannedHost } from './topology/plan.js';

/** Namespaces by their role. */
export interface Naming {
  readonly host: (name: string) => string;
  /** Holds the bridges of all networks. */
  readonly wires: string;
}

/** Lines for `ip -batch` in the namespace of the wires: one veth per end of a link or port of a network. */
export function vethLines(plan: LabPlan, naming: Naming): string[] {
  const lines: string[] = [];
  const nameOf = (host: string, segment: string): string =>
    plan.hosts.find((each) => each.name === host)!.interfaces.find((each) => each.segment === segment)!.name;
  const veth = (nameA: string, netnsA: string, nameB: string, netnsB: string): string =>
    `link add ${nameA} netns ${netnsA} type veth peer name ${nameB} netns ${netnsB}`;
  let port = 0;
  for (const { name, type, hosts } of plan.segments) {
    if (type === 'link') {
      const [a, b] = hosts as [string, string];
      lines.push(veth(nameOf(a, name), naming.host(a), nameOf(b, name), naming.host(b)));
      continue;
    }
    for (const host of hosts) {
      lines.push(veth(nameOf(host, name), naming.host(host), `p${port++}`, naming.wires));
    }
  }
  return lines;
}

/** Settings of the namespace that holds the bridges. */
export function wiresSettings(plan: LabPlan): Setting[] {
  const settings: Setting[] = [{ sysctl: 'net/ipv6/conf/default/disable_ipv6', value: 1 }];
  let port = 0;
  for (const { name, type, hosts } of plan.segments) {
    if (type !== 'network') continue;
    settings.push(`link add br-${name} type bridge stp_state 0 mcast_snooping 0`, `link set br-${name} up`);
    for (const _ of hosts) {
      settings.push(`link set p${port} master br-${name}`, `link set p${port} up`);
      port++;
    }
  }
  return settings;
}

/** Settings of a host: it forwards, spreads flows by their ports, and has its addresses at once. */
export function hostSettings(host: PlannedHost): Setting[] {
  const sysctl = (path: string, value: number): Setting => ({ sysctl: path, value });
  const settings: Setting[] = [
    sysctl('net/ipv4/ip_forward', 1),
    sysctl('net/ipv6/conf/all/forwarding', 1),
    sysctl('net/ipv4/fib_multipath_hash_policy', 1),
    sysctl('net/ipv6/fib_multipath_hash_policy', 1),
  ];
  for (const scope of ['all', 'default', ...host.interfaces.map(({ name }) => name)]) {
    // New namespaces inherit these from the machine.
    settings.push(sysctl(`net/ipv4/conf/${scope}/rp_filter`, 0), sysctl(`net/ipv4/conf/${scope}/send_redirects`, 0));
    settings.push(sysctl(`net/ipv6/conf/${scope}/accept_dad`, 0), sysctl(`net/ipv6/conf/${scope}/accept_ra`, 0));
  }
  for (const { name, addresses } of host.interfaces) {
    if (addresses.ipv4) settings.push(`addr add ${addresses.ipv4} dev ${name}`);
    if (addresses.ipv6) settings.push(`addr add ${addresses.ipv6} dev ${name} nodad`);
    settings.push(`link set ${name} up`);
  }
  return settings;
}
