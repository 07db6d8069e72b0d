/** Notifications of the kernel about links, addresses, routes, rules, neighbours, nexthop objects and settings of the network. */
import {
  goneNeighboursFilter,
  hostRoutesFilter,
  type InterfaceAddress,
  ignoreProtocolFilter,
  type Link,
  messagesOf,
  type Neighbour,
  type NetlinkMessage,
  type NetworkSettings,
  NLM_F,
  type Route,
  RTM_ADDRESS,
  RTM_LINK,
  RTM_NEIGHBOUR,
  RTM_NETCONF,
  RTM_NEXTHOP,
  RTM_ROUTE,
  RTM_RULE,
  type Rule,
  readInterfaceAddress,
  readLink,
  readNeighbour,
  readNetworkSettings,
  readNexthop,
  readRoute,
  readRule,
} from '@tortie/linux';
import { addon, checked, syscallError } from './addon.js';
import { EAGAIN, int32, SOL, setOption } from './descriptor.js';
import { NETLINK, NetlinkSocket } from './netlink-socket.js';
import type { NetnsRef } from './netns-path.js';
import { type Watch, watchReadable } from './readiness.js';

export type EventGroup = 'link' | 'address' | 'route' | 'neighbour' | 'nexthop' | 'rule' | 'settings';

export type KernelEvent =
  | { readonly type: 'link'; readonly removed: boolean; readonly link: Link }
  | { readonly type: 'address'; readonly removed: boolean; readonly address: InterfaceAddress }
  | {
      readonly type: 'route';
      readonly removed: boolean;
      /** It overwrote the route that was there. */
      readonly replaced: boolean;
      /** It stands behind another of the same prefix and metric. */
      readonly appended: boolean;
      readonly route: Route;
    }
  /** Of a rule that looks up a table. */
  | { readonly type: 'rule'; readonly removed: boolean; readonly rule: Rule }
  | { readonly type: 'settings'; readonly settings: NetworkSettings }
  | { readonly type: 'neighbour'; readonly removed: boolean; readonly neighbour: Neighbour }
  /** `portId` is the netlink port of whoever asked for it; 0 where the kernel did it by itself. */
  | { readonly type: 'nexthop'; readonly removed: boolean; readonly id: number; readonly portId: number };

export interface EventsOptions {
  readonly netns?: NetnsRef;
  readonly groups: readonly EventGroup[];
  /** Routes of this protocol are dropped inside the kernel (our own echo). */
  readonly ignoreRouteProtocol?: number;
  /** Of routes those to single addresses alone, but for what the socket with this port id has done. */
  readonly hostRoutes?: { readonly except: number };
  /** Of neighbours those alone that go. */
  readonly goneNeighbours?: boolean;
  readonly receiveBufferOctets?: number;
  readonly onEvents: (events: readonly KernelEvent[]) => void;
  /** Notifications were lost: dump again and compare. */
  readonly onResync: () => void;
}

export interface Subscription {
  close(): void;
}

/** RTNLGRP_*. */
const GROUPS: Readonly<Record<EventGroup, readonly number[]>> = {
  link: [1],
  neighbour: [3],
  address: [5, 9],
  route: [7, 11],
  nexthop: [32],
  rule: [8, 19],
  settings: [24, 25],
};
const ENOBUFS = 105;
const PIECE_OCTETS = 64 * 1024;
/** Datagrams read before others get their turn on the event loop. */
const READS_AT_ONCE = 64;

/** Subscribes; resolves once the kernel queues events. Throws LinuxError. */
export async function subscribeEvents(options: EventsOptions): Promise<Subscription> {
  const { ignoreRouteProtocol, hostRoutes, goneNeighbours } = options;
  const filters = [
    hostRoutes && hostRoutesFilter(hostRoutes.except),
    goneNeighbours && goneNeighboursFilter(),
    ignoreRouteProtocol !== undefined && ignoreProtocolFilter(ignoreRouteProtocol),
  ];
  return new EventSocket(options, filters.find(Boolean) || undefined);
}

/** A subscription with a filter of its own. */
export class EventSocket implements Subscription {
  readonly #socket: NetlinkSocket;
  readonly #watch: Watch;
  readonly #options: Pick<EventsOptions, 'onEvents' | 'onResync'>;
  readonly #into = new Uint8Array(PIECE_OCTETS);
  #open = true;

  constructor(options: EventsOptions, filter: Uint8Array | undefined) {
    this.#options = options;
    this.#socket = new NetlinkSocket({
      netns: options.netns,
      receiveBufferOctets: options.receiveBufferOctets ?? 4 * 1024 * 1024,
    });
    const { fd } = this.#socket;
    try {
      if (filter) checked('filter netlink events', addon().attachFilter(fd, filter));
      for (const name of options.groups) {
        // A kernel without nexthop objects has no such group, and no such events.
        for (const group of GROUPS[name]) {
          if (name === 'nexthop') addon().setsockopt(fd, SOL.NETLINK, NETLINK.ADD_MEMBERSHIP, int32(group));
          else setOption(fd, SOL.NETLINK, NETLINK.ADD_MEMBERSHIP, group, 'NETLINK_ADD_MEMBERSHIP');
        }
      }
      this.#watch = watchReadable(fd, () => this.#read());
    } catch (error) {
      void this.#socket.close();
      throw error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch.stop();
    void this.#socket.close();
  }

  #read(): void {
    const events: KernelEvent[] = [];
    let lost = false;
    for (let i = 0; i < READS_AT_ONCE; i++) {
      const got = addon().receive(this.#socket.fd, this.#into);
      if (got === -EAGAIN) break;
      if (got === -ENOBUFS) {
        lost = true;
        continue;
      }
      if (got < 0) throw syscallError('receive netlink events', -got);
      for (const message of messagesOf(this.#into.subarray(0, got))) {
        const event = eventOf(message);
        if (event) events.push(event);
      }
    }
    this.#watch.again();
    if (events.length) this.#options.onEvents(events);
    if (lost && this.#open) this.#options.onResync();
  }
}

function eventOf(message: NetlinkMessage): KernelEvent | undefined {
  switch (message.type) {
    case RTM_LINK.NEW:
    case RTM_LINK.DELETE: {
      const link = readLink(message);
      return link && { type: 'link', removed: message.type === RTM_LINK.DELETE, link };
    }
    case RTM_ADDRESS.NEW:
    case RTM_ADDRESS.DELETE: {
      const address = readInterfaceAddress(message);
      return address && { type: 'address', removed: message.type === RTM_ADDRESS.DELETE, address };
    }
    case RTM_ROUTE.NEW:
    case RTM_ROUTE.DELETE: {
      const route = readRoute(message);
      const replaced = (message.flags & NLM_F.REPLACE) !== 0;
      const appended = (message.flags & NLM_F.APPEND) !== 0;
      return route && { type: 'route', removed: message.type === RTM_ROUTE.DELETE, replaced, appended, route };
    }
    case RTM_RULE.NEW:
    case RTM_RULE.DELETE: {
      const rule = readRule(message);
      return rule && { type: 'rule', removed: message.type === RTM_RULE.DELETE, rule };
    }
    case RTM_NETCONF.NEW: {
      const settings = readNetworkSettings(message);
      return settings && { type: 'settings', settings };
    }
    case RTM_NEIGHBOUR.NEW:
    case RTM_NEIGHBOUR.DELETE:
      return { type: 'neighbour', removed: message.type === RTM_NEIGHBOUR.DELETE, neighbour: readNeighbour(message) };
    case RTM_NEXTHOP.NEW:
    case RTM_NEXTHOP.DELETE:
      return {
        type: 'nexthop',
        removed: message.type === RTM_NEXTHOP.DELETE,
        id: readNexthop(message).id,
        portId: message.portId,
      };
    default:
      return undefined;
  }
}
