/** The rtnetlink client: requests about links, addresses, neighbours, routes, rules and nexthop objects. */
import { closeSync } from 'node:fs';
import { type Address, formatAddress, formatPrefix, isLinkLocal } from '@tortie/ip';
import {
  ADDRESS_FLAGS,
  AF,
  type InterfaceAddress,
  type Link,
  type LinkRequest,
  LinuxError,
  MAIN_TABLE,
  MessageWriter,
  NEIGHBOUR_STATE,
  type Neighbour,
  type NetlinkMessage,
  type Nexthop,
  NLM_F,
  type Route,
  type RouteRequest,
  RTM_ADDRESS,
  RTM_LINK,
  RTM_NEIGHBOUR,
  RTM_ROUTE,
  RTM_RULE,
  type Rule,
  readInterfaceAddress,
  readLink,
  readNeighbour,
  readNexthop,
  readRoute,
  readRule,
  SCOPE,
  writeAddressDump,
  writeInterfaceAddress,
  writeLink,
  writeNeighbour,
  writeNeighbourDump,
  writeNexthop,
  writeNexthopDelete,
  writeNexthopDump,
  writeRoute,
  writeRouteDump,
  writeRouteLookup,
  writeRule,
  writeRuleDump,
} from '@tortie/linux';
import { NetlinkSocket } from './netlink-socket.js';
import { type NetnsRef, openNetns } from './netns-path.js';
import { type Reachability, reachabilityOf, unreachable } from './reachability.js';

export interface RtnetlinkOptions {
  readonly netns?: NetnsRef;
}

/** Everything optional; an absent field matches all. The kernel filters what it can, the rest is filtered here. */
export interface RouteFilter {
  readonly version?: 4 | 6;
  readonly table?: number;
  readonly protocol?: number;
  readonly metric?: number;
  readonly ifindex?: number;
}

export interface LinkSpec {
  readonly name: string;
  readonly kind: 'veth' | 'bridge' | 'dummy' | 'vxlan' | 'ipip' | 'vrf' | 'wireguard';
  readonly mtu?: number;
  readonly mac?: string;
  readonly up?: boolean;
  /** veth only. The far end stays down until it is changed. */
  readonly peer?: { readonly name: string; readonly netns?: NetnsRef; readonly mac?: string; readonly mtu?: number };
  /** vxlan only. */
  readonly vxlan?: NonNullable<LinkRequest['vxlan']>;
  /** ipip only. */
  readonly ipip?: NonNullable<LinkRequest['ipip']>;
  /** vrf only. */
  readonly vrf?: NonNullable<LinkRequest['vrf']>;
}

export interface LinkChange {
  readonly up?: boolean;
  readonly name?: string;
  readonly mtu?: number;
  readonly mac?: string;
  /** Index of the new bridge; 0 takes it off. */
  readonly master?: number;
  /** Free text that `ip link` shows, at most 255 characters of ASCII. */
  readonly alias?: string;
  /** Moves the link there. */
  readonly netns?: NetnsRef;
}

/** A route to install or delete. Deletion matches what is given; type, scope and next hops may stay out. */
export type NewRoute = RouteRequest;

const CREATE = NLM_F.REQUEST | NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
const REPLACE = NLM_F.REQUEST | NLM_F.ACK | NLM_F.CREATE | NLM_F.REPLACE;
const UPDATE = NLM_F.REQUEST | NLM_F.ACK | NLM_F.REPLACE;
const CHANGE = NLM_F.REQUEST | NLM_F.ACK;
const DUMP = NLM_F.REQUEST | NLM_F.DUMP;
const RTPROT_STATIC = 4;

/** Opens a client inside a namespace. Throws LinuxError. */
export async function openRtnetlink(options: RtnetlinkOptions = {}): Promise<Rtnetlink> {
  return new Rtnetlink(await NetlinkSocket.open({ netns: options.netns }));
}

/**
 * Requests to the kernel. Every method rejects with LinuxError; `ERR_LINUX_NETLINK` carries the kernel's text. Requests
 * made at once, as in `Promise.all([…])`, are carried out in their order and cost one trip.
 */
export class Rtnetlink {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Of its socket: what it has done is told with it. */
  get portId(): number {
    return this.#socket.portId;
  }

  links(): Promise<Link[]> {
    const dump = this.#dump('list links', (to, seq) => writeLink(to, RTM_LINK.GET, DUMP, seq, {}), readLink);
    return collect(dump);
  }

  /** By name or index; undefined where there is none. */
  async link(which: string | number): Promise<Link | undefined> {
    try {
      const [message] = await this.#request(`look for link ${which}`, (to, seq) =>
        writeLink(to, RTM_LINK.GET, CHANGE, seq, typeof which === 'number' ? { ifindex: which } : { name: which }),
      );
      return message && readLink(message);
    } catch (error) {
      if (error instanceof LinuxError && error.errnoName === 'ENODEV') return undefined;
      throw error;
    }
  }

  async createLink(spec: LinkSpec): Promise<Link> {
    const { peer, ...own } = spec;
    const netnsFd = peer?.netns === undefined ? undefined : openNetns(peer.netns);
    try {
      const { netns: _netns, ...far } = peer ?? {};
      const request: LinkRequest = {
        ...own,
        ...(peer ? { peer: { ...far, ...(netnsFd === undefined ? {} : { netnsFd }) } } : {}),
      };
      const [, link] = await Promise.all([
        this.#request(`create ${spec.kind} ${spec.name}`, (to, seq) =>
          writeLink(to, RTM_LINK.NEW, CREATE, seq, request),
        ),
        this.#existing(spec.name),
      ]);
      return link;
    } finally {
      if (netnsFd !== undefined) closeSync(netnsFd);
    }
  }

  async changeLink(which: string | number, change: LinkChange): Promise<void> {
    const ifindex = typeof which === 'number' ? which : (await this.#existing(which)).ifindex;
    const { netns, master, ...rest } = change;
    const netnsFd = netns === undefined ? undefined : openNetns(netns);
    const request = {
      ifindex,
      ...rest,
      ...(master === undefined ? {} : { masterIfindex: master }),
      ...(netnsFd === undefined ? {} : { netnsFd }),
    };
    try {
      await this.#request(`change link ${which}`, (to, seq) => writeLink(to, RTM_LINK.NEW, CHANGE, seq, request));
    } finally {
      if (netnsFd !== undefined) closeSync(netnsFd);
    }
  }

  async deleteLink(which: string | number): Promise<void> {
    const request = typeof which === 'number' ? { ifindex: which } : { name: which };
    await this.#request(`delete link ${which}`, (to, seq) => writeLink(to, RTM_LINK.DELETE, CHANGE, seq, request));
  }

  addresses(filter: { readonly ifindex?: number; readonly version?: 4 | 6 } = {}): Promise<InterfaceAddress[]> {
    const ask = (to: MessageWriter, seq: number): void => writeAddressDump(to, DUMP, seq, filter);
    return collect(this.#dump('list addresses', ask, readInterfaceAddress));
  }

  /** IPv6 addresses are usable at once: duplicate address detection is left out. */
  async addAddress(ifindex: number, address: Address, prefixLength: number): Promise<void> {
    await this.#request(`add address ${formatAddress(address)}/${prefixLength}`, (to, seq) =>
      writeInterfaceAddress(to, RTM_ADDRESS.NEW, CREATE, seq, {
        ifindex,
        address,
        prefixLength,
        scope: isLinkLocal(address) ? SCOPE.LINK : SCOPE.UNIVERSE,
        ...(address.version === 6 ? { flags: ADDRESS_FLAGS.NODAD } : {}),
      }),
    );
  }

  async deleteAddress(ifindex: number, address: Address, prefixLength: number): Promise<void> {
    await this.#request(`delete address ${formatAddress(address)}/${prefixLength}`, (to, seq) =>
      writeInterfaceAddress(to, RTM_ADDRESS.DELETE, CHANGE, seq, { ifindex, address, prefixLength }),
    );
  }

  neighbours(filter: { readonly ifindex?: number; readonly version?: 4 | 6 } = {}): Promise<Neighbour[]> {
    const ask = (to: MessageWriter, seq: number): void => writeNeighbourDump(to, DUMP, seq, filter);
    return collect(this.#dump('list neighbours', ask, readNeighbour));
  }

  /** Where frames go by their MAC: entries of a bridge's port or of a vxlan device. */
  forwardingEntries(ifindex: number): Promise<Neighbour[]> {
    const ask = (to: MessageWriter, seq: number): void =>
      writeNeighbourDump(to, DUMP, seq, { ifindex, forwarding: true });
    return collect(this.#dump('list forwarding entries', ask, readNeighbour));
  }

  async setNeighbour(neighbour: Neighbour): Promise<void> {
    await this.#request(`set neighbour ${nameOf(neighbour)}`, (to, seq) =>
      writeNeighbour(to, RTM_NEIGHBOUR.NEW, REPLACE, seq, neighbour),
    );
  }

  /** Has the kernel ask a neighbour it knows whether it is there: it is reachable or failed three seconds later. RFC 4861 section 7.3. */
  async probeNeighbour(neighbour: Omit<Neighbour, 'state' | 'mac'>): Promise<void> {
    await this.#request(`probe neighbour ${nameOf({ ...neighbour, state: 0 })}`, (to, seq) =>
      writeNeighbour(to, RTM_NEIGHBOUR.NEW, UPDATE, seq, { ...neighbour, state: NEIGHBOUR_STATE.PROBE }),
    );
  }

  async deleteNeighbour(neighbour: Neighbour): Promise<void> {
    await this.#request(`delete neighbour ${nameOf(neighbour)}`, (to, seq) =>
      writeNeighbour(to, RTM_NEIGHBOUR.DELETE, CHANGE, seq, neighbour),
    );
  }

  /** In pieces, so that a table of a million routes blocks nobody. */
  async *routes(filter: RouteFilter = {}): AsyncGenerator<Route> {
    const ask = (to: MessageWriter, seq: number): void => writeRouteDump(to, DUMP, seq, filter);
    const { table, protocol, metric, ifindex } = filter;
    try {
      for await (const route of this.#dump('list routes', ask, readRoute)) {
        if (table !== undefined && route.table !== table) continue;
        if (protocol !== undefined && route.protocol !== protocol) continue;
        if (metric !== undefined && route.metric !== metric) continue;
        if (ifindex !== undefined && !route.nextHops.some((hop) => hop.ifindex === ifindex)) continue;
        yield route;
      }
    } catch (error) {
      // A table that no route was ever put into does not exist; that is an empty list.
      if (!(error instanceof LinuxError && error.errnoName === 'ENOENT' && table !== undefined)) throw error;
    }
  }

  /** Refuses (EEXIST) where a route of the same prefix and metric is there already. */
  addRoute(route: NewRoute): Promise<void> {
    return this.#newRoute('add', CREATE, route);
  }

  /** Overwrites a route of the same prefix, table and metric, whoever installed it. */
  replaceRoute(route: NewRoute): Promise<void> {
    return this.#newRoute('replace', REPLACE, route);
  }

  async #newRoute(verb: string, flags: number, route: NewRoute): Promise<void> {
    const { nextHops = [], prefix } = route;
    const onLink = route.nexthopId === undefined && nextHops.length > 0 && nextHops.every((hop) => !hop.gateway);
    const defaults = {
      type: 'unicast' as const,
      protocol: RTPROT_STATIC,
      scope: onLink && prefix.version === 4 ? SCOPE.LINK : SCOPE.UNIVERSE,
    };
    await this.#request(`${verb} route ${formatPrefix(prefix)}`, (to, seq) =>
      writeRoute(to, RTM_ROUTE.NEW, flags, seq, { ...defaults, ...route }),
    );
  }

  async deleteRoute(route: NewRoute): Promise<void> {
    await this.#request(`delete route ${formatPrefix(route.prefix)}`, (to, seq) =>
      writeRoute(to, RTM_ROUTE.DELETE, CHANGE, seq, { scope: SCOPE.NOWHERE, table: MAIN_TABLE, ...route }),
    );
  }

  async rules(version: 4 | 6): Promise<Rule[]> {
    return collect(this.#dump('list rules', (to, seq) => writeRuleDump(to, DUMP, seq, version), readRule));
  }

  async addRule(rule: Rule): Promise<void> {
    await this.#request(`add rule ${rule.priority}`, (to, seq) => writeRule(to, RTM_RULE.NEW, CREATE, seq, rule));
  }

  async deleteRule(rule: Rule): Promise<void> {
    await this.#request(`delete rule ${rule.priority}`, (to, seq) => writeRule(to, RTM_RULE.DELETE, CHANGE, seq, rule));
  }

  nexthops(): Promise<Nexthop[]> {
    return collect(this.#dump('list nexthops', (to, seq) => writeNexthopDump(to, DUMP, seq), readNexthop));
  }

  /** Creates a nexthop object, or gives an existing id a new way: its routes move with this one message. */
  async setNexthop(nexthop: Nexthop): Promise<void> {
    await this.#request(`set nexthop ${nexthop.id}`, (to, seq) => writeNexthop(to, REPLACE, seq, nexthop));
  }

  /** The kernel silently removes every route through it. */
  async deleteNexthop(id: number): Promise<void> {
    await this.#request(`delete nexthop ${id}`, (to, seq) => writeNexthopDelete(to, CHANGE, seq, id));
  }

  /** What the FIB, or that of a VRF, does with a packet to this address (RTM_GETROUTE). */
  async resolve(target: Address, vrf?: number): Promise<Reachability> {
    try {
      const [message] = await this.#request(`look up ${formatAddress(target)}`, (to, seq) =>
        writeRouteLookup(to, CHANGE, seq, target, false, vrf),
      );
      return reachabilityOf(message && readRoute(message));
    } catch (error) {
      if (error instanceof LinuxError && error.code === 'ERR_LINUX_NETLINK') return unreachable(error);
      throw error;
    }
  }

  /** The FIB entry that decides about an address; undefined where none does. */
  async matchingRoute(target: Address, vrf?: number): Promise<Route | undefined> {
    try {
      const [message] = await this.#request(`look up ${formatAddress(target)}`, (to, seq) =>
        writeRouteLookup(to, CHANGE, seq, target, true, vrf),
      );
      return message && readRoute(message);
    } catch (error) {
      if (error instanceof LinuxError && error.code === 'ERR_LINUX_NETLINK') return undefined;
      throw error;
    }
  }

  close(): void {
    void this.#socket.close();
  }

  async #existing(which: string | number): Promise<Link> {
    const link = await this.link(which);
    if (!link) throw new LinuxError('ERR_LINUX_NOT_FOUND', `there is no link ${which}`);
    return link;
  }

  #request(what: string, write: (to: MessageWriter, seq: number) => void): Promise<NetlinkMessage[]> {
    const to = new MessageWriter();
    const seq = this.#socket.nextSeq();
    write(to, seq);
    return this.#socket.request(what, seq, to.written);
  }

  async *#dump<T>(
    what: string,
    write: (to: MessageWriter, seq: number) => void,
    read: (message: NetlinkMessage) => T | undefined,
  ): AsyncGenerator<T> {
    const to = new MessageWriter();
    const seq = this.#socket.nextSeq();
    write(to, seq);
    for await (const messages of this.#socket.dump(what, seq, to.written)) {
      for (const message of messages) {
        const value = read(message);
        if (value !== undefined) yield value;
      }
    }
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const nameOf = ({ family, address, mac, ifindex }: Neighbour): string =>
  `${family === AF.BRIDGE || !address ? (mac ?? '?') : formatAddress(address)} on interface ${ifindex}`;
