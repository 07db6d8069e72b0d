/** The socket a session sends from: a source port of its own that never changes, TTL 255. RFC 5881 sections 4 and 5. */
import { randomInt } from 'node:crypto';
import type { SessionSpec } from '@tortie/bfd';
import { LinuxError } from '@tortie/linux';
import { DatagramSocket, openDatagramSocket } from '@tortie/linux/node';
import type { BfdPlace } from './messages.js';
import { MULTIHOP_PORT, SINGLE_HOP_PORT } from './receiver.js';

const FIRST_PORT = 49152;
const LAST_PORT = 65535;
const TTL = 255;
/** CS6, network control. */
const TRAFFIC_CLASS = 0xc0;
const ATTEMPTS = 64;

export class Sender {
  readonly #socket: DatagramSocket;
  readonly #destination: Uint8Array;

  private constructor(socket: DatagramSocket, destination: Uint8Array) {
    this.#socket = socket;
    this.#destination = destination;
  }

  /** `ifindex`: of the device of the spec. Throws LinuxError. */
  static open(spec: SessionSpec, ifindex: number | undefined, { netns, vrf }: BfdPlace): Sender {
    const { remoteAddress, localAddress, device = vrf, multihop } = spec;
    for (let attempt = 1; ; attempt++) {
      try {
        const socket = openDatagramSocket({
          version: remoteAddress.version,
          port: randomInt(FIRST_PORT, LAST_PORT + 1),
          ttl: TTL,
          trafficClass: TRAFFIC_CLASS,
          ...(localAddress && { address: localAddress }),
          ...(device !== undefined && { device }),
          ...(ifindex !== undefined && { scopeId: ifindex }),
          ...(netns !== undefined && { netns }),
        });
        const port = multihop ? MULTIHOP_PORT : SINGLE_HOP_PORT;
        return new Sender(socket, DatagramSocket.destination(remoteAddress, port, ifindex));
      } catch (error) {
        const taken = error instanceof LinuxError && error.errnoName === 'EADDRINUSE';
        if (!taken || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Gives 0 or an errno. */
  send(octets: Uint8Array): number {
    return this.#socket.send(octets, this.#destination);
  }

  close(): void {
    this.#socket.close();
  }
}
