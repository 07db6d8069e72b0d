export type {
  InterfaceAddress,
  Link,
  Neighbour,
  NextHop,
  Nexthop,
  Route,
  RouteType,
  Rule,
} from '@tortie/linux';
export { LinuxError } from '@tortie/linux';
export {
  type Datagram,
  DatagramSocket,
  type DatagramSocketOptions,
  openDatagramSocket,
} from './datagram-socket.js';
export {
  type EventGroup,
  type EventsOptions,
  type KernelEvent,
  type Subscription,
  subscribeEvents,
} from './events.js';
export type { FibChange, FibResult } from './fib-pipeline.js';
export type { ResilientRoutes } from './fib-way.js';
export {
  type FibDisturbance,
  FibWriter,
  type FibWriterOptions,
  type InstalledRoute,
  openFibWriter,
} from './fib-writer.js';
export { returnFreedMemory } from './freed-memory.js';
export { type HookedChain, hookedChains } from './hooked-chains.js';
export { type LinkRemovalOptions, removeLink } from './link-removal.js';
export { type FileLock, type Mutex, openMutex, tryLockFile } from './lock-file.js';
export { createNetns, deleteNetns, listNetns } from './netns.js';
export type { NetnsRef } from './netns-path.js';
export { NextHopWatcher, type NextHopWatcherOptions, watchNextHops } from './next-hop-watcher.js';
export type { NexthopRange } from './nexthop-objects.js';
export { type Nftables, type NftablesOptions, openNftables } from './nftables.js';
export { type Capability, type KernelCapabilities, probeKernel } from './probe-kernel.js';
export type { Reachability } from './reachability.js';
export { tryRealtime } from './realtime.js';
export {
  openRouterDiscovery,
  RouterDiscovery,
  type RouterDiscoveryOptions,
} from './router-discovery.js';
export {
  type LinkChange,
  type LinkSpec,
  type NewRoute,
  openRtnetlink,
  type RouteFilter,
  Rtnetlink,
  type RtnetlinkOptions,
} from './rtnetlink.js';
export { ensureSysctl, readSysctl, type SysctlOptions, writeSysctl } from './sysctl.js';
export { type TcpMd5Counters, tcpMd5Counters } from './tcp-md5.js';
export {
  type BgpListener,
  type ConnectOptions,
  type LinuxTransport,
  type ListenOptions,
  linuxTransport,
  type PeerSecurity,
} from './transport.js';
export { openWireguard, type Wireguard } from './wireguard.js';
