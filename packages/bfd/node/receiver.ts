/** The one socket of a UDP port and IP version on which all sessions of that kind are received. RFC 5881 section 4, RFC 5883 section 5. */
import { type Datagram, type DatagramSocket, openDatagramSocket } from '@tortie/linux/node';
import type { BfdPlace } from './messages.js';

export const SINGLE_HOP_PORT = 3784;
export const MULTIHOP_PORT = 4784;
/** More than any burst of honest peers; what is left is read in the next turn of the event loop. */
const PER_TURN = 512;

export interface ReceiverKind {
  readonly version: 4 | 6;
  readonly multihop: boolean;
}

export class Receiver {
  readonly kind: ReceiverKind;
  readonly #socket: DatagramSocket;
  readonly #onDatagram: (datagram: Datagram) => void;

  /** Throws LinuxError, EADDRINUSE where another BFD daemon has the port. */
  constructor(kind: ReceiverKind, { netns, vrf }: BfdPlace, onDatagram: (datagram: Datagram) => void) {
    this.kind = kind;
    this.#onDatagram = onDatagram;
    this.#socket = openDatagramSocket({
      version: kind.version,
      port: kind.multihop ? MULTIHOP_PORT : SINGLE_HOP_PORT,
      // Datagrams that came by its interfaces, and they name the interface and not the VRF.
      ...(vrf !== undefined && { device: vrf }),
      ...(netns !== undefined && { netns }),
    });
    this.#socket.watch(() => this.drain());
  }

  /** Reads what has arrived. */
  drain(): void {
    for (let i = 0; i < PER_TURN; i++) {
      const datagram = this.#socket.receive();
      if (!datagram) return;
      this.#onDatagram(datagram);
    }
  }

  close(): void {
    this.#socket.close();
  }
}
