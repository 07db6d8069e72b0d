/**
 * UDP with what node:dgram lacks: the TTL a datagram came with, its interface, another network namespace, and reading
 * at any moment what has arrived already. Readiness is reported on the thread that opened the socket.
 */
import { type Address, addressFromBytes, formatAddress } from '@tortie/ip';
import { familyOf, LITTLE_ENDIAN, viewOf } from '@tortie/linux';
import { addon, checked, syscallError } from './addon.js';
import { EAGAIN, readSocketAddress, SOCK, SOL, setOption, socketAddress } from './descriptor.js';
import { type NetnsRef, netnsPath } from './netns-path.js';
import { type Watch, watchReadable } from './readiness.js';

export interface DatagramSocketOptions {
  readonly version: 4 | 6;
  /** Default: the unspecified one, every address of ours. */
  readonly address?: Address;
  /** Of a link-local `address`: the interface's index. */
  readonly scopeId?: number;
  /** 0 lets the kernel choose. */
  readonly port: number;
  /** Interface to bind to. */
  readonly device?: string;
  /** TTL or hop limit of what is sent. */
  readonly ttl?: number;
  /** The DS field and ECN: the octet once called TOS. */
  readonly trafficClass?: number;
  readonly netns?: NetnsRef;
}

/** `octets` is a view that the next `receive` overwrites. */
export interface Datagram {
  readonly octets: Uint8Array;
  readonly from: Address;
  readonly fromPort: number;
  readonly to: Address;
  readonly ifindex: number;
  /** TTL or hop limit; -1 where the kernel did not tell. */
  readonly ttl: number;
}

const IP = { TOS: 1, TTL: 2, PKTINFO: 8, RECVTTL: 12 } as const;
const IPV6 = { UNICAST_HOPS: 16, V6ONLY: 26, RECVPKTINFO: 49, RECVHOPLIMIT: 51, TCLASS: 67 } as const;
const SO_BINDTODEVICE = 25;
const INFO_OCTETS = 52;

/** Throws LinuxError: EADDRINUSE, EADDRNOTAVAIL, ENODEV and what else the kernel has against it. */
export function openDatagramSocket(options: DatagramSocketOptions): DatagramSocket {
  const { version, address, port, device, ttl, trafficClass, scopeId } = options;
  const at = address ?? { version, a: 0, b: 0, c: 0, d: 0 };
  const opened = addon().openSocket(familyOf(version), SOCK.DGRAM | SOCK.NONBLOCK, 0, netnsPath(options.netns));
  const fd = checked(`open a UDP socket for ${formatAddress(at)}`, opened);
  try {
    if (version === 4) {
      setOption(fd, SOL.IP, IP.RECVTTL, 1, 'IP_RECVTTL');
      setOption(fd, SOL.IP, IP.PKTINFO, 1, 'IP_PKTINFO');
      if (ttl !== undefined) setOption(fd, SOL.IP, IP.TTL, ttl, `TTL ${ttl}`);
      if (trafficClass !== undefined) setOption(fd, SOL.IP, IP.TOS, trafficClass, 'IP_TOS');
    } else {
      setOption(fd, SOL.IPV6, IPV6.V6ONLY, 1, 'IPV6_V6ONLY');
      setOption(fd, SOL.IPV6, IPV6.RECVHOPLIMIT, 1, 'IPV6_RECVHOPLIMIT');
      setOption(fd, SOL.IPV6, IPV6.RECVPKTINFO, 1, 'IPV6_RECVPKTINFO');
      if (ttl !== undefined) setOption(fd, SOL.IPV6, IPV6.UNICAST_HOPS, ttl, `hop limit ${ttl}`);
      if (trafficClass !== undefined) setOption(fd, SOL.IPV6, IPV6.TCLASS, trafficClass, 'IPV6_TCLASS');
    }
    if (device !== undefined) {
      setOption(fd, SOL.SOCKET, SO_BINDTODEVICE, Buffer.from(`${device}\0`), `SO_BINDTODEVICE ${device}`);
    }
    checked(`bind UDP ${formatAddress(at)} port ${port}`, addon().bind(fd, socketAddress(at, port, scopeId)));
  } catch (error) {
    addon().close(fd);
    throw error;
  }
  return new DatagramSocket(fd);
}

export class DatagramSocket {
  readonly #fd: number;
  readonly #octets = new Uint8Array(2048);
  readonly #info = new Uint8Array(INFO_OCTETS);
  #watch: Watch | undefined;
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The port it is bound to. */
  get port(): number {
    const name = addon().getsockname(this.#fd);
    return (typeof name === 'number' ? undefined : readSocketAddress(name))?.port ?? 0;
  }

  /** The next datagram that has arrived; undefined where there is none. Throws LinuxError for what the socket reports. */
  receive(): Datagram | undefined {
    if (this.#closed) return undefined;
    const length = addon().receiveDatagram(this.#fd, this.#octets, this.#info);
    if (length === -EAGAIN) return undefined;
    if (length < 0) throw syscallError('receive a datagram', -length);
    const sender = readSocketAddress(this.#info.subarray(0, 28))!;
    const view = viewOf(this.#info);
    return {
      octets: this.#octets.subarray(0, length),
      from: sender.address,
      fromPort: sender.port,
      to: addressFromBytes(this.#info, sender.address.version, 36),
      ifindex: view.getUint32(32, LITTLE_ENDIAN),
      ttl: view.getInt32(28, LITTLE_ENDIAN),
    };
  }

  /** Gives 0, or the errno with which the kernel refused. `to`: as `destination` makes it. */
  send(octets: Uint8Array, to: Uint8Array): number {
    if (this.#closed) return 0;
    return Math.max(0, -addon().sendDatagram(this.#fd, octets, to));
  }

  /** A socket address to send to, made once for many datagrams. */
  static destination(address: Address, port: number, scopeId?: number): Uint8Array {
    return socketAddress(address, port, scopeId);
  }

  /** Calls `onReadable` whenever something has arrived; it must read until nothing is left. */
  watch(onReadable: () => void): void {
    this.#watch = watchReadable(this.#fd, () => {
      onReadable();
      this.#watch?.again();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch?.stop();
    addon().close(this.#fd);
  }
}
