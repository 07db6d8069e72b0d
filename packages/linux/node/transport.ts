/**
 * TCP for BGP with what node:net cannot set: TCP-MD5, GTSM (RFC 5082), TTL, source address, device, another network
 * namespace. Descriptors are made natively, then handed to net.Socket and net.Server, which do all the rest.
 */
import { readdirSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { type Address, addressesEqual, formatAddress, parseAddress } from '@tortie/ip';
import { familyOf, LinuxError } from '@tortie/linux';
import { addon, checked } from './addon.js';
import { readSocketAddress, SOCK, SOL, setOption, socketAddress } from './descriptor.js';
import { type NetnsRef, netnsPath } from './netns-path.js';
import { requireMd5Key, setMd5Key } from './tcp-md5.js';

export interface ConnectOptions {
  readonly remoteAddress: Address;
  readonly remotePort: number;
  readonly localAddress?: Address;
  readonly md5Password?: string;
  /** GTSM: the peer is at most this many hops away, 1 for directly connected. We send with TTL 255. */
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

/** What applies to connections that a peer opens to us. */
export interface PeerSecurity {
  readonly gtsmHops?: number;
  readonly ttl?: number;
  /** The key that must have signed the connection from its first segment. */
  readonly md5Password?: string;
}

export interface BgpListener {
  /** Emits `connection`; already listening. */
  readonly server: Server;
  /** Sets, changes or (undefined) removes the TCP-MD5 key of a remote address, or of the prefix of this length, while running. */
  setMd5(remote: Address, password: string | undefined, length?: number): void;
  /** Applies to an accepted socket before anything is written or read. Throws LinuxError where it must not be used. */
  secure(socket: Socket, security: PeerSecurity): void;
  close(): Promise<void>;
}

export interface LinuxTransport {
  /** The socket connects, or emits `error`. Throws LinuxError for options the kernel refuses. */
  connect(options: ConnectOptions): Socket;
  listen(options: ListenOptions): Promise<BgpListener>;
}

const IP_TTL = 2;
const IP_MINTTL = 21;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_MINHOPCOUNT = 73;
const SO_REUSEADDR = 2;
const SO_BINDTODEVICE = 25;
const TCP_NODELAY = 1;
const MAX_TTL = 255;
const DEFAULT_BACKLOG = 1024;
const ENOENT = 2;

/**
 * Sockets inside a namespace; absent means our own. The shape is the one the BGP speaker asks of a transport. `device`: what is
 * bound to no other one is bound to this, as to a VRF.
 */
export function linuxTransport(options: { readonly netns?: NetnsRef; readonly device?: string } = {}): LinuxTransport {
  const { device } = options;
  const path = netnsPath(options.netns);
  const usual = device === undefined ? {} : { device };
  return {
    connect: (to) => connect({ ...usual, ...to }, path),
    listen: (at) => listen({ ...usual, ...at }, path),
  };
}

function openTcp(address: Address, netns: string): number {
  const fd = addon().openSocket(familyOf(address.version), SOCK.STREAM | SOCK.NONBLOCK, 0, netns);
  return checked(`open a TCP socket for ${formatAddress(address)}`, fd);
}

function connect(options: ConnectOptions, netns: string): Socket {
  const { remoteAddress, remotePort, localAddress, md5Password, device } = options;
  const fd = openTcp(remoteAddress, netns);
  try {
    if (device !== undefined) bindToDevice(fd, device);
    setTtl(fd, remoteAddress.version, options);
    if (md5Password !== undefined) setMd5Key(fd, remoteAddress, md5Password);
    if (localAddress) {
      setOption(fd, SOL.SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
      checked(`bind ${formatAddress(localAddress)}`, addon().bind(fd, socketAddress(localAddress, 0)));
    }
  } catch (error) {
    addon().close(fd);
    throw error;
  }
  const socket = new Socket({ fd, readable: true, writable: true });
  socket.connect({ host: formatAddress(remoteAddress), port: remotePort });
  socket.setNoDelay(true);
  return socket;
}

function listen(
  { address, port, backlog = DEFAULT_BACKLOG, device }: ListenOptions,
  netns: string,
): Promise<BgpListener> {
  const fd = openTcp(address, netns);
  try {
    setOption(fd, SOL.SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
    setOption(fd, SOL.TCP, TCP_NODELAY, 1, 'TCP_NODELAY');
    if (address.version === 6) setOption(fd, SOL.IPV6, IPV6_V6ONLY, 1, 'IPV6_V6ONLY');
    if (device !== undefined) bindToDevice(fd, device);
    // Our SYN-ACK must pass the GTSM of a peer; what is accepted inherits the TTL until secure() says otherwise.
    setTtl(fd, address.version, { ttl: MAX_TTL });
    checked(`bind ${formatAddress(address)} port ${port}`, addon().bind(fd, socketAddress(address, port)));
  } catch (error) {
    addon().close(fd);
    return Promise.reject(error);
  }
  const server = createServer({ noDelay: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // With a descriptor the backlog counts only as an argument of its own.
    server.listen({ fd }, backlog, () => {
      server.off('error', reject);
      resolve({
        server,
        setMd5(remote, password, length) {
          try {
            if (remote.version === address.version) setMd5Key(fd, remote, password, length);
          } catch (error) {
            if (password === undefined && error instanceof LinuxError && error.errno === ENOENT) return;
            throw error;
          }
        },
        secure(socket, security) {
          const accepted = descriptorOf(socket);
          if (security.md5Password !== undefined) {
            requireMd5Key(accepted, parseAddress(withoutZone(socket.remoteAddress!)), security.md5Password);
          }
          setTtl(accepted, address.version, security);
        },
        close: () => new Promise((done) => server.close(() => done())),
      });
    });
  });
}

function bindToDevice(fd: number, device: string): void {
  setOption(fd, SOL.SOCKET, SO_BINDTODEVICE, Buffer.from(`${device}\0`), `SO_BINDTODEVICE ${device}`);
}

/** GTSM wins over a TTL: both sides send with 255, and what has come more hops than allowed is dropped. */
function setTtl(fd: number, version: 4 | 6, { gtsmHops, ttl }: PeerSecurity): void {
  const [level, own, least] =
    version === 4 ? [SOL.IP, IP_TTL, IP_MINTTL] : [SOL.IPV6, IPV6_UNICAST_HOPS, IPV6_MINHOPCOUNT];
  const sent = gtsmHops === undefined ? ttl : MAX_TTL;
  if (sent !== undefined) setOption(fd, level, own, sent, `TTL ${sent}`);
  if (gtsmHops !== undefined) setOption(fd, level, least, MAX_TTL + 1 - gtsmHops, `TTL security of ${gtsmHops} hops`);
}

/**
 * The descriptor of an accepted socket: node:net does not give it out, so it is looked for among our own by both of
 * its addresses.
 */
function descriptorOf(socket: Socket): number {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress && localAddress) {
    const remote = parseAddress(withoutZone(remoteAddress));
    const local = parseAddress(withoutZone(localAddress));
    // Most often the newest has the highest number.
    for (const name of readdirSync('/proc/self/fd').reverse()) {
      const fd = Number(name);
      if (isAt(addon().getpeername(fd), remote, remotePort) && isAt(addon().getsockname(fd), local, localPort))
        return fd;
    }
  }
  throw new LinuxError('ERR_LINUX_CLOSED', 'the connection is gone already');
}

const withoutZone = (text: string): string => text.split('%')[0]!;

function isAt(name: Uint8Array | number, address: Address, port: number | undefined): boolean {
  const at = typeof name === 'number' ? undefined : readSocketAddress(name);
  return at !== undefined && at.port === port && addressesEqual(at.address, address);
}
