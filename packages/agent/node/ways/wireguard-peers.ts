/** Keys and peers of WireGuard devices, from the nodes' records; who has answered is asked of the kernel. */
import { sameKey, type WireguardPeer, wireguardDelta } from '@tortie/linux';
import { openWireguard, type Wireguard } from '@tortie/linux/node';
import type { FarEnd } from '../../src/ways/plan.js';
import { newWireguardKey, type WireguardKey, wireguardKey } from './wireguard-key.js';

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

  /** The public one, as `wg show` writes it; undefined: none was needed yet. */
  get key(): string | undefined {
    return this.#key && textOf(this.#key.publicKey);
  }

  /** Another key pair, which devices get when they are set up the next time. */
  renewKey(): void {
    this.#key = newWireguardKey(this.#keyFile);
  }

  /** Gives a device its key and port where it has others. */
  async setUp(ifindex: number, port: number): Promise<{ readonly key: string; readonly before?: string }> {
    this.#key ??= wireguardKey(this.#keyFile);
    this.#wireguard ??= await openWireguard();
    const { privateKey, publicKey } = this.#key;
    const device = await this.#wireguard.device(ifindex);
    const differs = !device.publicKey || !sameKey(device.publicKey, publicKey);
    if (differs || device.port !== port) await this.#wireguard.change({ ifindex, privateKey, port });
    const key = textOf(publicKey);
    return differs && device.publicKey ? { key, before: textOf(device.publicKey) } : { key };
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

  /** Peers as the kernel has them, by their keys. */
  async peers(ifindex: number): Promise<ReadonlyMap<string, WireguardPeer>> {
    const device = await this.#wireguard!.device(ifindex);
    return new Map(device.peers.map((peer) => [textOf(peer.publicKey), peer]));
  }

  close(): void {
    this.#wireguard?.close();
  }
}

const textOf = (key: Uint8Array): string => Buffer.from(key).toString('base64');
