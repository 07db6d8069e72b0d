/**
 * Pools, nodes and blocks -> VXLAN devices, where their frames go, and routes to other nodes' pods.
 *
 * The order is that which loses no packet: first what is needed to receive (device, then the record that tells others of it), then
 * where frames go, then routes; what is no longer needed goes last, in the opposite order, the device after a while in which
 * slower nodes may still send.
 */
import { type Address, formatAddress, type IpVersion, parseAddress, parseInterfaceAddress } from '@tortie/ip';
import type { IpamApi, Pool } from '@tortie/ipam';
import type { Neighbour } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import type { HostAddress } from '../../src/node/node-addresses.js';
import { tunnelMac } from '../../src/ways/mac.js';
import { type NodeFacts, planWays, type VxlanEnd, type WayRoute, type WaysPlan } from '../../src/ways/plan.js';
import { LEAST_MTU, VXLAN_OVERHEAD, wantsVxlan } from '../../src/ways/way.js';
import type { Journal } from '../journal.js';
import type { NodeRecord } from '../node-record.js';
import type { Reconciler } from '../reconcile-loop.js';
import { ensureVxlan, removeVxlan } from '../ways/vxlan-device.js';
import { VxlanNeighbours } from '../ways/vxlan-neighbours.js';

/** The part of a record that this concern writes. */
export type RecordedTunnels = Pick<NodeRecord, 'vxlan4' | 'vxlan6'>;

export interface WaysOptions {
  readonly node: string;
  readonly ipam: Pick<IpamApi, 'pools' | 'nodePrefixes' | 'assign' | 'assignments' | 'release'>;
  readonly rtnetlink: Rtnetlink;
  readonly journal: Journal;
  readonly own: () => NodeRecord;
  readonly records: () => Promise<readonly NodeRecord[]>;
  readonly uplink: (version: IpVersion) => HostAddress | undefined;
  /** Resolves when the record says so. */
  readonly publish: (tunnels: RecordedTunnels) => Promise<void>;
  readonly setRoutes: (routes: readonly WayRoute[]) => void;
  /** Resolves when the routes are in the kernel, or refused. */
  readonly routesWritten: () => Promise<void>;
  /** MTU of the way out, where the node's address is on no interface. */
  readonly hostMtu: () => Promise<number>;
  readonly now?: () => number;
  /** How long a device outlives its use. */
  readonly lingerMs?: number;
}

interface Device extends VxlanEnd {
  readonly ifindex: number;
  readonly mtu: number;
}

const VERSIONS = [4, 6] as const;
const NAMES: Readonly<Record<IpVersion, string>> = { 4: 'vxlan.tortie', 6: 'vxlan-v6.tortie' };
const LINGER_MS = 30_000;

export class WaysReconciler implements Reconciler {
  readonly name = 'ways';
  readonly #options: WaysOptions;
  readonly #neighbours: VxlanNeighbours;
  readonly #devices = new Map<IpVersion, Device>();
  /** Since when a device is of no use. */
  readonly #idleSince = new Map<IpVersion, number>();
  readonly #problems = new Map<IpVersion, string>();
  #plan: WaysPlan | undefined;
  #pools: readonly Pool[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Called when it is time for another round. */
  onDue: () => void = () => {};

  constructor(options: WaysOptions) {
    this.#options = options;
    this.#neighbours = new VxlanNeighbours(options.rtnetlink);
  }

  /** Why this node's part does not work, as sentences. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** What goes into every tunnel that pools ask for; undefined: there is none. */
  get mtu(): number | undefined {
    const all = VERSIONS.flatMap((version) => (wantsVxlan(this.#pools, version) ? (this.#mtus[version] ?? []) : []));
    return all.length > 0 ? Math.min(...all) : undefined;
  }

  /** The same as it must be for a pod that is plugged in now: a round under way is not waited for. */
  async mtuOfPods(): Promise<number | undefined> {
    const pools = await this.#options.ipam.pools.list();
    const versions = VERSIONS.filter((version) => wantsVxlan(pools, version));
    const all = await Promise.all(
      versions.map(async (version) => (await this.#uplinkMtu(version)) - VXLAN_OVERHEAD[version]),
    );
    return all.length > 0 ? Math.min(...all) : undefined;
  }

  readonly #mtus: Partial<Record<IpVersion, number>> = {};

  get plan(): WaysPlan | undefined {
    return this.#plan;
  }

  /** Pools whose ways are not left to BGP, by name. */
  get pools(): readonly string[] {
    return this.#pools
      .filter(({ vxlanMode, hostGateway }) => vxlanMode !== 'Never' || hostGateway)
      .map(({ name }) => name);
  }

  async reconcile(): Promise<void> {
    const { ipam, records, uplink, setRoutes, routesWritten } = this.#options;
    const pools = await ipam.pools.list();
    this.#pools = pools;
    const failures: unknown[] = [];
    for (const version of VERSIONS) {
      try {
        await this.#bringUp(version);
        this.#problems.delete(version);
      } catch (error) {
        failures.push(error);
        this.#problems.set(version, `No IPv${version} packets over VXLAN: ${(error as Error).message}`);
      }
    }
    await this.#publish();
    const others = (await records()).map(factsOf);
    const own = factsOf(this.#options.own());
    const [uplinks, vxlans]: [Partial<Record<IpVersion, number>>, Partial<Record<IpVersion, number>>] = [{}, {}];
    for (const version of VERSIONS) {
      const [link, device] = [uplink(version), this.#devices.get(version)];
      if (link) uplinks[version] = link.ifindex;
      if (device && !this.#idleSince.has(version)) vxlans[version] = device.ifindex;
    }
    const plan = planWays({
      own,
      others,
      pools,
      devices: { uplink: uplinks, vxlan: vxlans },
      prefixes: await ipam.nodePrefixes(),
    });
    const left: Neighbour[] = [];
    for (const [version, { ifindex }] of this.#devices) {
      left.push(...(await this.#neighbours.add(ifindex, version, plan.ends[version])));
    }
    this.#tell(plan);
    this.#plan = plan;
    setRoutes(plan.routes);
    await routesWritten();
    await this.#neighbours.forget(left);
    await this.#takeDown();
    if (failures.length > 0) throw failures[0];
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #bringUp(version: IpVersion): Promise<void> {
    const { rtnetlink, node, own, journal } = this.#options;
    if (!wantsVxlan(this.#pools, version)) {
      await this.#noticeIdle(version);
      return;
    }
    const text = version === 4 ? own().ipv4Address : own().ipv6Address;
    if (text === undefined)
      throw new Error(`this node has no IPv${version} address; give it one, or name it with nodeAddress`);
    const name = NAMES[version];
    const mtu = (await this.#uplinkMtu(version)) - VXLAN_OVERHEAD[version];
    this.#mtus[version] = mtu;
    if (mtu < LEAST_MTU[version]) {
      throw new Error(
        `the MTU of the way to the other nodes leaves ${mtu} octets, IPv${version} needs ${LEAST_MTU[version]}; raise it by ${LEAST_MTU[version] - mtu}`,
      );
    }
    const local = parseInterfaceAddress(text).address;
    const address = await this.#tunnelAddress(version);
    const mac = tunnelMac(node, name);
    const { link, done } = await ensureVxlan(rtnetlink, { name, local, address, mtu, mac });
    for (const what of done)
      journal.event({ kind: 'link', subject: name, text: what, cause: `pools ask for VXLAN from ${text}` });
    this.#devices.set(version, { address, mac, ifindex: link.ifindex, mtu });
    this.#idleSince.delete(version);
  }

  async #uplinkMtu(version: IpVersion): Promise<number> {
    const { uplink, rtnetlink, hostMtu } = this.#options;
    const at = uplink(version);
    const link = at && at.interface !== 'lo' ? await rtnetlink.link(at.ifindex) : undefined;
    return link?.mtu ?? hostMtu();
  }

  /** Of a pool with VXLAN: the same again over restarts, another one when its pool has changed its way. */
  async #tunnelAddress(version: IpVersion): Promise<Address> {
    const { ipam, node } = this.#options;
    const handle = handleOf(node, version);
    const usable = this.#pools.filter(({ cidr, vxlanMode }) => cidr.version === version && vxlanMode !== 'Never');
    const names = usable.map(({ name }) => name);
    const present = await ipam.assignments({ handle });
    const kept = present.find(({ pool }) => pool !== undefined && names.includes(pool));
    if (kept) return kept.address;
    if (present.length > 0) await ipam.release({ handle });
    const pools = usable.filter(({ disabled, allowedUses }) => !disabled && allowedUses.includes('Tunnel'));
    if (pools.length === 0) {
      throw new Error(
        `no pool with VXLAN has addresses for tunnels: ${names.join(', ')} disabled or without allowedUses Tunnel`,
      );
    }
    const [assigned] = await ipam.assign({
      node,
      handle,
      [`count${version}`]: 1,
      use: 'Tunnel',
      pools: pools.map(({ name }) => name),
      owner: { type: 'vxlanTunnelAddress', node },
    });
    return assigned!.address;
  }

  async #publish(): Promise<void> {
    const of = (version: IpVersion) => {
      const device = this.#devices.get(version);
      return device && { address: formatAddress(device.address), mac: device.mac, mtu: device.mtu };
    };
    const [vxlan4, vxlan6] = [of(4), of(6)];
    await this.#options.publish({ ...(vxlan4 && { vxlan4 }), ...(vxlan6 && { vxlan6 }) });
  }

  /** A device that nobody asks for: of this run, or left by an earlier one. */
  async #noticeIdle(version: IpVersion): Promise<void> {
    if (this.#idleSince.has(version)) return;
    const { rtnetlink, now = Date.now } = this.#options;
    if (!this.#devices.has(version) && (await rtnetlink.link(NAMES[version]))?.kind !== 'vxlan') return;
    this.#idleSince.set(version, now());
  }

  async #takeDown(): Promise<void> {
    const { now = Date.now, lingerMs = LINGER_MS, rtnetlink, ipam, node, journal } = this.#options;
    clearTimeout(this.#timer);
    for (const [version, since] of this.#idleSince) {
      const left = since + lingerMs - now();
      if (left > 0) {
        if (!this.#closed) this.#timer = setTimeout(() => this.onDue(), left + 1);
        continue;
      }
      this.#devices.delete(version);
      await this.#publish();
      if (await removeVxlan(rtnetlink, NAMES[version])) {
        const subject = NAMES[version];
        journal.event({ kind: 'link', subject, text: `removed ${subject}`, cause: 'no pool asks for VXLAN' });
      }
      await ipam.release({ handle: handleOf(node, version) });
      this.#idleSince.delete(version);
      delete this.#mtus[version];
    }
  }

  #tell(plan: WaysPlan): void {
    const before = new Set(this.#plan?.waiting);
    for (const text of plan.waiting) {
      if (!before.has(text)) this.#options.journal.event({ kind: 'fib', text: `no route: ${text}` });
    }
  }
}

/** Calico's names. */
const handleOf = (node: string, version: IpVersion): string =>
  `${version === 4 ? 'vxlan' : 'vxlan-v6'}-tunnel-addr-${node}`;

function factsOf(record: NodeRecord): NodeFacts {
  const address: Partial<
    Record<IpVersion, { address: Address; prefix: NonNullable<NodeFacts['address'][4]>['prefix'] }>
  > = {};
  const vxlan: Partial<Record<IpVersion, VxlanEnd>> = {};
  for (const version of VERSIONS) {
    const text = record[`ipv${version}Address`];
    if (text !== undefined) address[version] = parseInterfaceAddress(text);
    const end = record[`vxlan${version}`];
    if (end) vxlan[version] = { address: parseAddress(end.address), mac: end.mac };
  }
  return { name: record.name, address, vxlan };
}
