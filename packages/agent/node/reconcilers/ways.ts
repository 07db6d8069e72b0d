/**
 * Pools, nodes and blocks -> tunnel devices, where their frames go, and routes to other nodes' pods.
 *
 * The order is that which loses no packet: first what is needed to receive (device, then the record that tells others of it), then
 * where frames go, then routes; what is no longer needed goes last, in the opposite order, the device after a while in which
 * slower nodes may still send.
 */
import { type Address, formatAddress, type IpVersion, parseAddress, parseInterfaceAddress } from '@tortie/ip';
import type { IpamApi, Pool } from '@tortie/ipam';
import type { Neighbour, WireguardPeer } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import type { Wireguard, WireguardInterface, WireguardPeerView } from '../../src/api/wireguard.js';
import type { HostAddress } from '../../src/node/node-addresses.js';
import { tunnelMac } from '../../src/ways/mac.js';
import {
  endName,
  farEnds,
  type NodeFacts,
  planWays,
  type TunnelEnd,
  type WayRoute,
  type WaysPlan,
} from '../../src/ways/plan.js';
import { asksFor, LEAST_MTU, TUNNEL_WAYS, TUNNELS, type Tunnel, type TunnelName } from '../../src/ways/tunnel.js';
import { asksForWays } from '../../src/ways/way.js';
import { addressesIn, type NodeRecord, type RecordedTunnels } from '../cluster/node-record.js';
import type { Journal } from '../journal.js';
import { ensureTunnel, removeTunnel } from '../ways/tunnel-device.js';
import { VxlanNeighbours } from '../ways/vxlan-neighbours.js';
import { WireguardPeers } from '../ways/wireguard-peers.js';
import type { Reconciler } from './reconcile-loop.js';

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
  /** Where the node's key for WireGuard is kept. */
  readonly keyFile: string;
  readonly now?: () => number;
  /** How long a device outlives its use. */
  readonly lingerMs?: number;
}

interface Device extends TunnelEnd {
  readonly ifindex: number;
  readonly mtu: number;
}

const VERSIONS = [4, 6] as const;
const LINGER_MS = 30_000;
/** Pauses between questions for who has answered over WireGuard: the kernel tells nobody. */
const FIRST_LOOK_MS = 250;
const LAST_LOOK_MS = 60_000;

export class WaysReconciler implements Reconciler {
  readonly name = 'ways';
  readonly #options: WaysOptions;
  readonly #neighbours: VxlanNeighbours;
  readonly #peers: WireguardPeers;
  readonly #devices = new Map<TunnelName, Device>();
  /** Since when a device is of no use. */
  readonly #idleSince = new Map<TunnelName, number>();
  readonly #problems = new Map<TunnelName, string>();
  readonly #mtus: Partial<Record<TunnelName, number>> = {};
  /**
   * Far ends of WireGuard that have answered since they are there, as `endName` calls them. One whose key changes keeps its routes:
   * packets wait for the handshake in the device, and go no other way, on which anybody could read them.
   */
  #answered = new Set<string>();
  #ends: WaysPlan['ends'] = new Map();
  #plan: WaysPlan | undefined;
  #pools: readonly Pool[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #lookMs = FIRST_LOOK_MS;
  #closed = false;
  /** Called when it is time for another round. */
  onDue: () => void = () => {};

  constructor(options: WaysOptions) {
    this.#options = options;
    this.#neighbours = new VxlanNeighbours(options.rtnetlink, options.journal);
    this.#peers = new WireguardPeers(options.keyFile);
  }

  /** Why this node's part does not work, as sentences. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** What goes into every tunnel that pools ask for; undefined: there is none. */
  get mtu(): number | undefined {
    const all = wanted(this.#pools).flatMap(({ name }) => this.#mtus[name] ?? []);
    return all.length > 0 ? Math.min(...all) : undefined;
  }

  /** The same as it must be for a pod that is plugged in now: a round under way is not waited for. */
  async mtuOfPods(): Promise<number | undefined> {
    const tunnels = wanted(await this.#options.ipam.pools.list());
    const all = await Promise.all(
      tunnels.map(async ({ version, overhead }) => (await this.#uplinkMtu(version)) - overhead),
    );
    return all.length > 0 ? Math.min(...all) : undefined;
  }

  get plan(): WaysPlan | undefined {
    return this.#plan;
  }

  /** Pools whose ways are not left to BGP, by name. */
  get pools(): readonly string[] {
    return this.#pools.filter(asksForWays).map(({ name }) => name);
  }

  /** Whether it is a tunnel whose entries of neighbours come from here. */
  hasEntries(ifindex: number): boolean {
    return [...this.#devices.values()].some((device) => device.ifindex === ifindex);
  }

  /** For the next round: another key pair for WireGuard. */
  renewKey(): void {
    this.#peers.renewKey();
  }

  /** WireGuard as the kernel has it; empty where no pool asks for it. */
  async wireguard(): Promise<Wireguard> {
    const devices: WireguardInterface[] = [];
    for (const { name, version, device, way, port } of TUNNELS) {
      const present = this.#devices.get(name);
      if (way !== 'wireguard' || !present) continue;
      const peers = await this.#peers.peers(present.ifindex);
      devices.push({
        interface: device,
        ipVersion: version,
        port: port!,
        peers: (this.#ends.get(name) ?? []).flatMap(({ node, key = '' }) => {
          const peer = peers.get(key);
          return peer ? [peerView(node, key, peer)] : [];
        }),
      });
    }
    const { key } = this.#peers;
    return { ...(key !== undefined && { publicKey: key }), devices };
  }

  async reconcile(): Promise<void> {
    const { ipam, records, uplink, setRoutes, routesWritten } = this.#options;
    const pools = await ipam.pools.list();
    this.#pools = pools;
    const failures: unknown[] = [];
    for (const tunnel of TUNNELS) {
      const { name, version, way } = tunnel;
      try {
        await this.#bringUp(tunnel);
        this.#problems.delete(name);
      } catch (error) {
        failures.push(error);
        const what = `No IPv${version} packets over ${TUNNEL_WAYS[way].title}`;
        this.#problems.set(name, `${what}: ${(error as Error).message}`);
      }
    }
    await this.#publish();
    const others = (await records()).map(factsOf);
    const own = factsOf(this.#options.own());
    const uplinks: Partial<Record<IpVersion, number>> = {};
    for (const version of VERSIONS) {
      const link = uplink(version);
      if (link) uplinks[version] = link.ifindex;
    }
    const used = [...this.#devices].filter(([name]) => !this.#idleSince.has(name));
    const idle = [...this.#devices].filter(([name]) => this.#idleSince.has(name));
    const prefixes = await ipam.nodePrefixes();
    const ends = farEnds({ own, others, prefixes });
    this.#tellKeys(ends);
    this.#ends = ends;
    const left: Neighbour[] = [];
    const answered = new Set<string>();
    for (const { name, device: subject, way, version, port } of TUNNELS) {
      const device = this.#devices.get(name);
      if (!device) continue;
      const far = ends.get(name) ?? [];
      if (way === 'vxlan') left.push(...(await this.#neighbours.add({ ...device, subject }, version, far)));
      if (way !== 'wireguard') continue;
      for (const { node } of far) if (this.#answered.has(endName(name, node))) answered.add(endName(name, node));
      for (const node of await this.#peers.set(device.ifindex, port!, far)) answered.add(endName(name, node));
    }
    this.#answered = answered;
    const plan = planWays({
      own,
      others,
      pools,
      devices: { uplink: uplinks, tunnels: indices(used), idle: indices(idle) },
      prefixes,
      answered,
      before: this.#plan?.routes ?? [],
    });
    this.#lookAgain(
      used.some(
        ([name]) =>
          name.startsWith('wireguard') && ends.get(name)!.some(({ node }) => !answered.has(endName(name, node))),
      ),
    );
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
    clearTimeout(this.#lookTimer);
    this.#peers.close();
  }

  async #bringUp(tunnel: Tunnel): Promise<void> {
    const { rtnetlink, node, own, journal } = this.#options;
    const { name, version, way, device, overhead, port } = tunnel;
    if (!this.#pools.some((pool) => asksFor(pool, tunnel))) {
      await this.#noticeIdle(tunnel);
      return;
    }
    const text = version === 4 ? own().ipv4Address : own().ipv6Address;
    if (text === undefined)
      throw new Error(`this node has no IPv${version} address; give it one, or name it with nodeAddress`);
    const mtu = (await this.#uplinkMtu(version)) - overhead;
    this.#mtus[name] = mtu;
    if (mtu < LEAST_MTU[version]) {
      throw new Error(
        `the MTU of the way to the other nodes leaves ${mtu} octets, IPv${version} needs ${LEAST_MTU[version]}; raise it by ${LEAST_MTU[version] - mtu}`,
      );
    }
    const local = parseInterfaceAddress(text).address;
    const address = await this.#tunnelAddress(tunnel);
    const mac = way === 'vxlan' ? { mac: tunnelMac(node, device) } : {};
    const { link, done } = await ensureTunnel(rtnetlink, { name: device, way, local, mtu, address, ...mac });
    const { key, before } = way === 'wireguard' ? await this.#peers.setUp(link.ifindex, port!) : {};
    if (before !== undefined) done.push(`the public key of ${device} is ${key}, it was ${before}`);
    const cause = `pools ask for ${TUNNEL_WAYS[way].title} from ${text}`;
    for (const what of done) journal.event({ kind: 'link', subject: device, text: what, cause });
    this.#devices.set(name, { address, ...mac, ...(key !== undefined && { key }), ifindex: link.ifindex, mtu });
    this.#idleSince.delete(name);
  }

  async #uplinkMtu(version: IpVersion): Promise<number> {
    const { uplink, rtnetlink, hostMtu } = this.#options;
    const at = uplink(version);
    const link = at && at.interface !== 'lo' ? await rtnetlink.link(at.ifindex) : undefined;
    return link?.mtu ?? hostMtu();
  }

  /** Of a pool that asks for the tunnel: the same again over restarts, another one when its pool has changed its way. */
  async #tunnelAddress(tunnel: Tunnel): Promise<Address> {
    const { ipam, node } = this.#options;
    const { version, way, owner } = tunnel;
    const handle = tunnel.handle(node);
    const usable = this.#pools.filter((pool) => asksFor(pool, tunnel));
    const names = usable.map(({ name }) => name);
    const present = await ipam.assignments({ handle });
    const kept = present.find(({ pool }) => pool !== undefined && names.includes(pool));
    if (kept) return kept.address;
    if (present.length > 0) await ipam.release({ handle });
    const pools = usable.filter(({ disabled, allowedUses }) => !disabled && allowedUses.includes('Tunnel'));
    if (pools.length === 0) {
      throw new Error(
        `no pool with ${TUNNEL_WAYS[way].title} has addresses for tunnels: ${names.join(', ')} disabled or without allowedUses Tunnel`,
      );
    }
    const [assigned] = await ipam.assign({
      node,
      handle,
      [`count${version}`]: 1,
      use: 'Tunnel',
      pools: pools.map(({ name }) => name),
      owner: { type: owner, node },
    });
    return assigned!.address;
  }

  async #publish(): Promise<void> {
    const ends = [...this.#devices].map(([name, { address, mac, key, mtu }]) => [
      name,
      { address: formatAddress(address), ...(mac !== undefined && { mac }), ...(key !== undefined && { key }), mtu },
    ]);
    await this.#options.publish(Object.fromEntries(ends));
  }

  /** A device that nobody asks for: of this run, or left by an earlier one. */
  async #noticeIdle({ name, device, way }: Tunnel): Promise<void> {
    if (this.#idleSince.has(name)) return;
    const { rtnetlink, now = Date.now } = this.#options;
    if (!this.#devices.has(name) && (await rtnetlink.link(device))?.kind !== way) return;
    this.#idleSince.set(name, now());
  }

  async #takeDown(): Promise<void> {
    const { now = Date.now, lingerMs = LINGER_MS, rtnetlink, ipam, node, journal } = this.#options;
    clearTimeout(this.#timer);
    for (const { name, way, device: subject, handle } of TUNNELS) {
      const since = this.#idleSince.get(name);
      if (since === undefined) continue;
      const left = since + lingerMs - now();
      if (left > 0) {
        if (!this.#closed) this.#timer = setTimeout(() => this.onDue(), left + 1);
        continue;
      }
      this.#devices.delete(name);
      await this.#publish();
      if (await removeTunnel(rtnetlink, { name: subject, way })) {
        const cause = `no pool asks for ${TUNNEL_WAYS[way].title}`;
        journal.event({ kind: 'link', subject, text: `removed ${subject}`, cause });
      }
      await ipam.release({ handle: handle(node) });
      this.#idleSince.delete(name);
      delete this.#mtus[name];
    }
  }

  #lookAgain(waits: boolean): void {
    clearTimeout(this.#lookTimer);
    if (!waits) this.#lookMs = FIRST_LOOK_MS;
    if (!waits || this.#closed) return;
    this.#lookTimer = setTimeout(() => this.onDue(), this.#lookMs);
    this.#lookMs = Math.min(this.#lookMs * 2, LAST_LOOK_MS);
  }

  /** Whoever writes to the store may name keys: that one has changed is worth a look. */
  #tellKeys(ends: WaysPlan['ends']): void {
    for (const { name, device: subject, way } of TUNNELS) {
      if (way !== 'wireguard') continue;
      const before = new Map(this.#ends.get(name)?.map(({ node, key }) => [node, key]));
      for (const { node, key } of ends.get(name) ?? []) {
        const had = before.get(node);
        if (had === undefined || had === key) continue;
        const text = `node ${node} has another public key, ${key}; it was ${had}`;
        this.#options.journal.event({ kind: 'link', subject, text, cause: 'its record says so' });
      }
    }
  }

  #tell(plan: WaysPlan): void {
    const before = new Set(this.#plan?.waiting);
    for (const text of plan.waiting) {
      if (!before.has(text)) this.#options.journal.event({ kind: 'fib', text: `no route: ${text}` });
    }
  }
}

const indices = (devices: readonly (readonly [TunnelName, Device])[]): Partial<Record<TunnelName, number>> =>
  Object.fromEntries(devices.map(([name, { ifindex }]) => [name, ifindex]));

const wanted = (pools: readonly Pool[]): readonly Tunnel[] =>
  TUNNELS.filter((tunnel) => pools.some((pool) => asksFor(pool, tunnel)));

const peerView = (node: string, publicKey: string, { endpoint, handshakeS }: WireguardPeer): WireguardPeerView => ({
  node,
  publicKey,
  ...(endpoint && { endpoint: formatAddress(endpoint.address) }),
  ...(handshakeS > 0 && { lastHandshakeAt: new Date(handshakeS * 1000).toISOString() }),
});

function factsOf(record: NodeRecord): NodeFacts {
  const address: Partial<
    Record<IpVersion, { address: Address; prefix: NonNullable<NodeFacts['address'][4]>['prefix'] }>
  > = {};
  const tunnels: Partial<Record<TunnelName, TunnelEnd>> = {};
  for (const version of VERSIONS) {
    const text = record[`ipv${version}Address`];
    if (text !== undefined) address[version] = parseInterfaceAddress(text);
  }
  for (const { name } of TUNNELS) {
    const end = record[name];
    if (!end) continue;
    const { mac, key } = end;
    tunnels[name] = {
      address: parseAddress(end.address),
      ...(mac !== undefined && { mac }),
      ...(key !== undefined && { key }),
    };
  }
  return { name: record.name, address, addresses: addressesIn(record).map(parseAddress), tunnels };
}
