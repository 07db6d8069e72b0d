/**
 * Router advertisements and solicitations on one interface: a raw ICMPv6 socket bound to it, filtered in the kernel to
 * these two types. Needs CAP_NET_RAW.
 */
import { type Address, parseAddress, writeAddress } from '@tortie/ip';
import {
  decodeRouterMessage,
  encodeRouterMessage,
  familyOf,
  ICMPV6,
  LITTLE_ENDIAN,
  type RouterAdvertisement,
  type RouterMessage,
  type RouterMessageFault,
  viewOf,
} from '@tortie/linux';
import { addon, checked } from './addon.js';
import { DatagramSocket } from './datagram-socket.js';
import { SOCK, SOL, setOption } from './descriptor.js';
import { type NetnsRef, netnsPath } from './netns-path.js';

export interface RouterDiscoveryOptions {
  readonly device: string;
  readonly ifindex: number;
  readonly netns?: NetnsRef;
  readonly onMessage: (message: RouterMessage, from: Address) => void;
  /** A message that had to be discarded. */
  readonly onFault?: (fault: RouterMessageFault, from: Address) => void;
  /** The socket reports an error, such as an interface that is gone; it goes on where it can. */
  readonly onError?: (error: Error) => void;
}

const IPPROTO_ICMPV6 = 58;
const ICMPV6_FILTER = 1;
const SO_BINDTODEVICE = 25;
const IPV6 = {
  UNICAST_HOPS: 16,
  MULTICAST_IF: 17,
  MULTICAST_HOPS: 18,
  MULTICAST_LOOP: 19,
  ADD_MEMBERSHIP: 20,
  RECVPKTINFO: 49,
  RECVHOPLIMIT: 51,
} as const;
const HOP_LIMIT = 255;
const READS_AT_ONCE = 64;
const ALL_NODES = parseAddress('ff02::1');
const ALL_ROUTERS = parseAddress('ff02::2');

/** Throws LinuxError: EPERM without CAP_NET_RAW, ENODEV without the interface. */
export function openRouterDiscovery(options: RouterDiscoveryOptions): RouterDiscovery {
  const { device, ifindex, netns } = options;
  const opened = addon().openSocket(familyOf(6), SOCK.RAW | SOCK.NONBLOCK, IPPROTO_ICMPV6, netnsPath(netns));
  const fd = checked(`open a raw ICMPv6 socket for ${device}`, opened);
  try {
    setOption(fd, IPPROTO_ICMPV6, ICMPV6_FILTER, passing(Object.values(ICMPV6)), 'ICMPV6_FILTER');
    setOption(fd, SOL.SOCKET, SO_BINDTODEVICE, Buffer.from(`${device}\0`), `SO_BINDTODEVICE ${device}`);
    setOption(fd, SOL.IPV6, IPV6.MULTICAST_IF, ifindex, `IPV6_MULTICAST_IF ${device}`);
    setOption(fd, SOL.IPV6, IPV6.MULTICAST_HOPS, HOP_LIMIT, 'IPV6_MULTICAST_HOPS');
    setOption(fd, SOL.IPV6, IPV6.UNICAST_HOPS, HOP_LIMIT, 'IPV6_UNICAST_HOPS');
    setOption(fd, SOL.IPV6, IPV6.MULTICAST_LOOP, 0, 'IPV6_MULTICAST_LOOP');
    setOption(fd, SOL.IPV6, IPV6.RECVHOPLIMIT, 1, 'IPV6_RECVHOPLIMIT');
    setOption(fd, SOL.IPV6, IPV6.RECVPKTINFO, 1, 'IPV6_RECVPKTINFO');
    setOption(
      fd,
      SOL.IPV6,
      IPV6.ADD_MEMBERSHIP,
      membership(ALL_ROUTERS, ifindex),
      `membership of ff02::2 on ${device}`,
    );
  } catch (error) {
    addon().close(fd);
    throw error;
  }
  return new RouterDiscovery(new DatagramSocket(fd), options);
}

export class RouterDiscovery {
  readonly #socket: DatagramSocket;
  readonly #options: RouterDiscoveryOptions;
  readonly #allNodes: Uint8Array;
  readonly #allRouters: Uint8Array;

  constructor(socket: DatagramSocket, options: RouterDiscoveryOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#allNodes = DatagramSocket.destination(ALL_NODES, 0, options.ifindex);
    this.#allRouters = DatagramSocket.destination(ALL_ROUTERS, 0, options.ifindex);
    socket.watch(() => this.#read());
  }

  /** To all nodes of the link, from our link-local address there. Gives 0, or the errno with which the kernel refused. */
  advertise(advertisement: RouterAdvertisement): number {
    return this.#socket.send(encodeRouterMessage(advertisement), this.#allNodes);
  }

  /** Asks the routers of the link to advertise themselves; errno as above. */
  solicit(mac?: string): number {
    const message = { type: 'router-solicitation', ...(mac !== undefined && { mac }) } as const;
    return this.#socket.send(encodeRouterMessage(message), this.#allRouters);
  }

  close(): void {
    this.#socket.close();
  }

  #read(): void {
    const { ifindex, onMessage, onFault, onError } = this.#options;
    // A flood gets its turn like others: what is left is reported again.
    for (let i = 0; i < READS_AT_ONCE; i++) {
      let datagram: ReturnType<DatagramSocket['receive']>;
      try {
        datagram = this.#socket.receive();
      } catch (error) {
        onError?.(error as Error);
        return;
      }
      if (!datagram) return;
      if (datagram.ifindex !== ifindex) continue;
      const decoded = decodeRouterMessage(datagram.octets, datagram.from, datagram.ttl);
      if ('fault' in decoded) onFault?.(decoded.fault, datagram.from);
      else onMessage(decoded.message, datagram.from);
    }
  }
}

/** struct icmp6_filter: a set bit blocks its type. */
function passing(types: readonly number[]): Uint8Array {
  const filter = new Uint8Array(32).fill(0xff);
  const view = viewOf(filter);
  for (const type of types) {
    const at = (type >>> 5) * 4;
    view.setUint32(at, view.getUint32(at, LITTLE_ENDIAN) & ~(1 << (type & 31)), LITTLE_ENDIAN);
  }
  return filter;
}

/** struct ipv6_mreq. */
function membership(group: Address, ifindex: number): Uint8Array {
  const octets = new Uint8Array(20);
  writeAddress(group, octets);
  viewOf(octets).setUint32(16, ifindex, LITTLE_ENDIAN);
  return octets;
}
