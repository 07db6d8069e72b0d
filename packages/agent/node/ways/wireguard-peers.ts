/** Keys and peers of WireGuard devices, from the nodes' records; who has answered is asked of the kernel. */
import { sameKey, wireguardDelta } from '@tortie/linux';
import { openWireguard, type Wireguard } from '@tortie/linux/node';
import type { FarEnd } from '../../src/ways/plan.js';
import { type WireguardKey, wireguardKey } from './wireguard-key.js';

/**
 * A packet now and then: the first of them makes the handshake before any route needs it, and the address of a node behind NAT
 * is kept. Seconds.
 */
const KEEPALIVE_S = 25;

export class WireguardPeers {
  readonly #keyFile: string;
  #key: WireguardKey | undefined;
  #wireguard: Wireguard | undefined;

  constructor(keyFile: string) {
    this.#keyFile = keyFile;
  }

  /** Gives a device its key and port where it has others; the public key as text. */
  async setUp(ifindex: number, port: number): Promise<string> {
    this.#key ??= wireguardKey(this.#keyFile);
    this.#wireguard ??= await openWireguard();
    const { privateKey, publicKey } = this.#key;
    const device = await this.#wireguard.device(ifindex);
    if (!device.publicKey || !sameKey(device.publicKey, publicKey) || device.port !== port) {
      await this.#wireguard.change({ ifindex, privateKey, port });
    }
    return Buffer.from(publicKey).toString('base64');
  }

  /** Makes the peers of a device those ends; gives the nodes that have answered at some time. */
  async set(ifindex: number, port: number, ends: readonly FarEnd[]): Promise<string[]> {
    const keyed = ends.flatMap((end) => {
      const publicKey = Uint8Array.from(Buffer.from(end.key ?? '', 'base64'));
      return publicKey.length === 32 ? [{ ...end, publicKey }] : [];
    });
    const wanted = keyed.map(({ publicKey, underlay, sources }) => ({
      publicKey,
      endpoint: { address: underlay, port },
      keepaliveS: KEEPALIVE_S,
      allowedIps: sources,
    }));
    const wireguard = this.#wireguard!;
    const { peers } = await wireguard.device(ifindex);
    const changes = wireguardDelta(peers, wanted);
    if (changes.length > 0) await wireguard.change({ ifindex, peers: changes });
    const now = changes.length > 0 ? (await wireguard.device(ifindex)).peers : peers;
    const answered = now.filter(({ handshakeS }) => handshakeS > 0);
    return keyed.flatMap(({ node, publicKey }) =>
      answered.some((peer) => sameKey(peer.publicKey, publicKey)) ? [node] : [],
    );
  }

  close(): void {
    this.#wireguard?.close();
  }
}
