/**
 * TCP for the speaker, as a port: what the speaker needs of sockets, and the plain node:net version of it. Another
 * transport can add TCP-MD5, GTSM and source interfaces; this one refuses them rather than running unprotected.
 */
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { type Address, formatAddress } from '@tortie/ip';

export interface ConnectOptions {
  readonly remoteAddress: Address;
  readonly remotePort: number;
  readonly localAddress?: Address;
  readonly md5Password?: string;
  /** GTSM (RFC 5082): send with TTL 255, accept 256 - hops and more. */
  readonly gtsmHops?: number;
  readonly ttl?: number;
  readonly device?: string;
}

export interface ListenOptions {
  readonly address: Address;
  readonly port: number;
  readonly backlog: number;
}

/** What applies to connections that a peer opens to us. */
export interface PeerSecurity {
  readonly gtsmHops?: number;
  readonly ttl?: number;
  /** The key that must have signed the connection from its first segment: a listener may be up before it knows the key. */
  readonly md5Password?: string;
}

export interface BgpListener {
  /** Emits `connection` with sockets; already listening. */
  readonly server: Server;
  /**
   * Sets or removes (undefined) the key for connections from an address, or from the prefix of this length. Throws where
   * that is impossible.
   */
  setMd5(remote: Address, password: string | undefined, length?: number): void;
  /** Applies to an accepted socket before anything is written or read. Throws where the connection must not be used. */
  secure?(socket: Socket, security: PeerSecurity): void;
  close(): Promise<void>;
}

export interface TransportPort {
  /** The socket connects, or emits `error`. Throws BgpTransportError for options it cannot honour. */
  connect(options: ConnectOptions): Socket;
  listen(options: ListenOptions): Promise<BgpListener>;
}

/** A socket option that this transport or this system does not have. */
export class BgpTransportError extends Error {
  override readonly name = 'BgpTransportError';
  readonly code = 'ERR_BGP_TRANSPORT';
}

const cannot = (what: string): BgpTransportError =>
  new BgpTransportError(`${what} needs a transport that can set socket options; plain node:net cannot`);

/** node:net alone. */
export function netTransport(): TransportPort {
  return {
    connect({ remoteAddress, remotePort, localAddress, md5Password, gtsmHops, ttl, device }) {
      if (md5Password !== undefined) throw cannot('a TCP-MD5 password');
      if (gtsmHops !== undefined) throw cannot('TTL security');
      if (ttl !== undefined) throw cannot('a TTL for multihop');
      const zone = device === undefined ? '' : `%${device}`;
      if (device !== undefined && !isLinkLocalV6(remoteAddress)) throw cannot('binding to a device');
      return netConnect({
        host: formatAddress(remoteAddress) + zone,
        port: remotePort,
        family: remoteAddress.version,
        noDelay: true,
        ...(localAddress && { localAddress: formatAddress(localAddress) }),
      });
    },
    listen({ address, port, backlog }) {
      const server = createServer({ noDelay: true });
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: formatAddress(address), port, backlog, ipv6Only: address.version === 6 }, () => {
          server.off('error', reject);
          resolve({
            server,
            setMd5(_remote, password) {
              if (password !== undefined) throw cannot('a TCP-MD5 password');
            },
            secure(_socket, { gtsmHops, ttl, md5Password }) {
              if (md5Password !== undefined) throw cannot('a TCP-MD5 password');
              if (gtsmHops !== undefined) throw cannot('TTL security');
              if (ttl !== undefined) throw cannot('a TTL for multihop');
            },
            close: () => new Promise((done) => server.close(() => done())),
          });
        });
      });
    },
  };
}

const isLinkLocalV6 = (address: Address): boolean => address.version === 6 && address.a >>> 22 === 0x3fa;
