/** Public types of @tortie/linux/node. */
import type { Server, Socket } from 'node:net';
import type { Address, Prefix } from '@tortie/ip';
import type { InterfaceAddress, Link, Neighbour, NextHop, Route } from '@tortie/linux';

/**
 * A network namespace: `'name'` under /run/netns, a path (anything with a slash), or the one a process is in.
 * Absent always means our own.
 */
export type NetnsRef = string | { readonly pid: number };

// ---- rtnetlink ----------------------------------------------------------------------------------------------------

export interface RtnetlinkOptions {
  readonly netns?: NetnsRef;
}

/** Everything optional; an absent field matches all. The kernel filters (strict checking), and we check again. */
export interface RouteFilter {
  readonly version?: 4 | 6;
  readonly table?: number;
  readonly protocol?: number;
  readonly metric?: number;
  readonly ifindex?: number;
}

export interface LinkSpec {
  readonly name: string;
  readonly kind: 'veth' | 'bridge' | 'dummy' | 'vxlan';
  readonly mtu?: number;
  readonly mac?: string;
  readonly up?: boolean;
  /** veth only. */
  readonly peer?: { readonly name: string; readonly netns?: NetnsRef; readonly mac?: string; readonly mtu?: number };
  /** vxlan only. */
  readonly vxlan?: {
    readonly vni: number;
    readonly port?: number;
    readonly local?: Address;
    readonly ifindex?: number;
    readonly learning?: boolean;
  };
}

export interface LinkChange {
  readonly up?: boolean;
  readonly name?: string;
  readonly mtu?: number;
  readonly mac?: string;
  /** Index of the new bridge; 0 takes it off. */
  readonly master?: number;
  /** Moves the link there. */
  readonly netns?: NetnsRef;
}

/** What the kernel would do with a packet to an address. */
export type Reachability =
  | {
      readonly reachable: true;
      readonly ifindex: number;
      readonly gateway?: Address;
      readonly onLink: boolean;
      readonly local: boolean;
    }
  | { readonly reachable: false; readonly reason: string };

export interface NewRoute {
  readonly prefix: Prefix;
  readonly type?: Route['type'];
  readonly nextHops?: readonly NextHop[];
  readonly nexthopId?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly metric?: number;
  readonly scope?: number;
  readonly preferredSource?: Address;
}

/** Requests to the kernel. Every method rejects with LinuxError; `ERR_LINUX_NETLINK` carries the kernel's text. */
export interface Rtnetlink {
  links(): Promise<Link[]>;
  /** By name or index; undefined where there is none. */
  link(which: string | number): Promise<Link | undefined>;
  createLink(spec: LinkSpec): Promise<Link>;
  changeLink(which: string | number, change: LinkChange): Promise<void>;
  deleteLink(which: string | number): Promise<void>;
  addresses(filter?: { readonly ifindex?: number; readonly version?: 4 | 6 }): Promise<InterfaceAddress[]>;
  addAddress(ifindex: number, address: Address, prefixLength: number): Promise<void>;
  deleteAddress(ifindex: number, address: Address, prefixLength: number): Promise<void>;
  neighbours(filter?: { readonly ifindex?: number }): Promise<Neighbour[]>;
  setNeighbour(neighbour: Neighbour): Promise<void>;
  deleteNeighbour(neighbour: Neighbour): Promise<void>;
  /** In pieces, so that a table of a million routes blocks nobody. */
  routes(filter?: RouteFilter): AsyncIterable<Route>;
  addRoute(route: NewRoute): Promise<void>;
  replaceRoute(route: NewRoute): Promise<void>;
  deleteRoute(route: NewRoute): Promise<void>;
  /** RTM_GETROUTE: what the FIB says of one address. */
  resolve(address: Address): Promise<Reachability>;
  close(): void;
}

export declare function openRtnetlink(options?: RtnetlinkOptions): Promise<Rtnetlink>;

// ---- events -------------------------------------------------------------------------------------------------------

export type EventGroup = 'link' | 'address' | 'route' | 'neighbour' | 'nexthop';

export type KernelEvent =
  | { readonly type: 'link'; readonly removed: boolean; readonly link: Link }
  | { readonly type: 'address'; readonly removed: boolean; readonly address: InterfaceAddress }
  | { readonly type: 'route'; readonly removed: boolean; readonly route: Route }
  | { readonly type: 'neighbour'; readonly removed: boolean; readonly neighbour: Neighbour }
  | { readonly type: 'nexthop'; readonly removed: boolean; readonly id: number };

export interface EventsOptions {
  readonly netns?: NetnsRef;
  readonly groups: readonly EventGroup[];
  /** Routes of this protocol are dropped inside the kernel (our own echo). */
  readonly ignoreRouteProtocol?: number;
  readonly onEvents: (events: readonly KernelEvent[]) => void;
  /** Notifications were lost: dump again and compare. */
  readonly onResync: () => void;
}

export interface Subscription {
  close(): void;
}

export declare function subscribeEvents(options: EventsOptions): Promise<Subscription>;

// ---- next hops ----------------------------------------------------------------------------------------------------

export interface NextHopWatcherOptions {
  readonly netns?: NetnsRef;
  /** Routes of this protocol neither resolve next hops nor cause re-evaluation (a next hop must not resolve through BGP's own route). */
  readonly ignoreProtocol?: number;
  readonly onChange: (address: Address, reachability: Reachability) => void;
}

/** Follows the kernel's answer for a set of addresses; reports the first answer and every change, coalesced. */
export interface NextHopWatcher {
  watch(address: Address): void;
  unwatch(address: Address): void;
  get(address: Address): Reachability | undefined;
  /** Asks the kernel again for all. */
  refresh(): Promise<void>;
  close(): void;
}

export declare function watchNextHops(options: NextHopWatcherOptions): Promise<NextHopWatcher>;

// ---- FIB ----------------------------------------------------------------------------------------------------------

export interface FibWriterOptions {
  readonly netns?: NetnsRef;
  /** rtm_protocol of our routes; 201. */
  readonly protocol?: number;
  /** 1024. Together with protocol and table it says what is ours. */
  readonly metric?: number;
  /** 254, the main table. */
  readonly table?: number;
  /** False writes gateways into each route even where the kernel knows nexthop objects. */
  readonly nexthopObjects?: boolean;
  /** Ids of nexthop objects we may use; both inclusive. */
  readonly nexthopIds?: { readonly first: number; readonly last: number };
  /** The kernel took away or changed routes we had installed (link lost, foreign replacement), or an overrun hid what happened. */
  readonly onDisturbed?: (what: FibDisturbance) => void;
}

export type FibDisturbance =
  | { readonly type: 'lost'; readonly prefixes: readonly Prefix[] }
  | { readonly type: 'resync' };

export interface FibChange {
  readonly prefix: Prefix;
  readonly kind: 'unicast' | 'blackhole' | 'delete';
  /** Empty for blackhole and delete. With ifindex given the route goes through a shared nexthop object. */
  readonly nextHops: readonly NextHop[];
}

export type FibResult =
  | { readonly prefix: Prefix; readonly ok: true }
  | {
      readonly prefix: Prefix;
      readonly ok: false;
      /** Positive; 17 is EEXIST: a foreign route of the same prefix and metric is in the way. */
      readonly errno: number;
      readonly code: string;
      /** The kernel's own words where it gave any. */
      readonly message: string;
    };

export interface InstalledRoute {
  readonly prefix: Prefix;
  readonly kind: 'unicast' | 'blackhole';
  readonly nextHops: readonly NextHop[];
}

/** Writes our routes and no others. */
export interface FibWriter {
  /** One result per change, in order. Never rejects for what the kernel thinks of a route. */
  apply(changes: readonly FibChange[]): Promise<FibResult[]>;
  /** Our routes as the kernel has them; the basis of adoption after a start. Also refreshes what the writer knows. */
  list(): AsyncIterable<InstalledRoute>;
  /** How many routes the writer knows to be in the kernel. */
  readonly size: number;
  readonly usesNexthopObjects: boolean;
  /** Deletes nexthop objects of ours that no route uses. */
  sweepNexthops(): Promise<number>;
  /** Leaves every route where it is. */
  close(): Promise<void>;
}

export declare function openFibWriter(options?: FibWriterOptions): Promise<FibWriter>;

// ---- namespaces and probes ----------------------------------------------------------------------------------------

/** Creates /run/netns/NAME as `ip netns add` does, with loopback up. */
export declare function createNetns(name: string): Promise<void>;
export declare function deleteNetns(name: string): Promise<void>;
export declare function listNetns(): Promise<string[]>;
/** `net.ipv4.ip_forward` or `net/ipv4/conf/eth0.100/rp_filter` (use slashes where a name has dots). */
export declare function writeSysctl(
  key: string,
  value: string | number,
  options?: { readonly netns?: NetnsRef },
): Promise<void>;
export declare function readSysctl(key: string, options?: { readonly netns?: NetnsRef }): Promise<string>;

export type Capability = { readonly available: true } | { readonly available: false; readonly reason: string };

export interface KernelCapabilities {
  /** May routes be written in this namespace? */
  readonly netAdmin: Capability;
  readonly ipv6: Capability;
  readonly nexthopObjects: Capability;
  readonly tcpMd5: Capability;
  readonly tcpAo: Capability;
  readonly gtsm: Capability;
  /** May namespaces be created? */
  readonly netns: Capability;
  readonly release: string;
}

export declare function probeKernel(options?: { readonly netns?: NetnsRef }): Promise<KernelCapabilities>;

// ---- BGP sockets --------------------------------------------------------------------------------------------------

export interface ConnectOptions {
  readonly remoteAddress: Address;
  readonly remotePort: number;
  readonly localAddress?: Address;
  readonly md5Password?: string;
  /** GTSM (RFC 5082): the peer is at most this many hops away; 1 for directly connected. */
  readonly gtsmHops?: number;
  /** TTL of what we send. */
  readonly ttl?: number;
  /** Interface to bind to; needed for link-local peers. */
  readonly device?: string;
}

export interface ListenOptions {
  readonly address: Address;
  readonly port: number;
  readonly backlog?: number;
  readonly device?: string;
}

export interface BgpListener {
  /** Emits `connection`. */
  readonly server: Server;
  /** Sets, changes or (undefined) removes the TCP-MD5 key of a remote address, while running. */
  setMd5(remote: Address, password: string | undefined): void;
  close(): Promise<void>;
}

export interface LinuxTransport {
  connect(options: ConnectOptions): Socket;
  listen(options: ListenOptions): Promise<BgpListener>;
  /** Applies GTSM and TTL of the peer to an accepted connection. */
  secure(socket: Socket, options: { readonly gtsmHops?: number; readonly ttl?: number }): void;
}

export declare function linuxTransport(options?: { readonly netns?: NetnsRef }): LinuxTransport;

export interface TcpMd5Counters {
  /** A key was expected and the segment had none. */
  readonly notFound: number;
  /** The segment had a key and none was expected. */
  readonly unexpected: number;
  /** The keys differ. */
  readonly failure: number;
  /** Dropped by GTSM. */
  readonly minTtlDrop: number;
}

export declare function tcpMd5Counters(options?: { readonly netns?: NetnsRef }): Promise<TcpMd5Counters>;

// ---- lock ---------------------------------------------------------------------------------------------------------

export interface FileLock {
  release(): void;
}

/** An exclusive lock the kernel drops when the process dies; undefined where another holds it. */
export declare function tryLockFile(path: string): FileLock | undefined;

export type { InterfaceAddress, Link, Neighbour, NextHop, Route } from '@tortie/linux';
export { LinuxError } from '@tortie/linux';
