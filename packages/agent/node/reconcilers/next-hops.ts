/**
 * Which BGP next hops the kernel can reach, and how: asked once each, then followed by events. The answer decides twice,
 * in the RIB (is the route eligible?) and in the FIB (gateway and interface).
 */
import type { RunningSpeaker } from '@tortie/bgp/node';
import { type Address, formatAddress, isLinkLocal, isLoopback } from '@tortie/ip';
import { type NextHopWatcher, type Reachability, watchNextHops } from '@tortie/linux/node';
import type { ViaHop } from '../../src/fib/fib-entry.js';
import type { Resolved } from '../../src/fib/via-table.js';
import type { Journal } from '../journal.js';
import type { Links } from './links.js';
import type { PeerGateways } from './peer-gateways.js';

export interface NextHopsOptions {
  /** Our own rtm_protocol: a next hop must not resolve through a route that we made. */
  readonly protocol: number;
  /** Whose FIB is asked. */
  readonly vrf?: string;
  readonly links: Links;
  readonly journal: Journal;
  /** Says how peers behind a gateway are reached, before the kernel is asked. */
  readonly gateways: Pick<PeerGateways, 'resolve'>;
  readonly onChange: (address: Address) => void;
}

export class NextHops {
  readonly #options: NextHopsOptions;
  readonly #watched = new Map<string, Address>();
  #watcher: NextHopWatcher | undefined;
  #speaker: RunningSpeaker | undefined;

  private constructor(options: NextHopsOptions) {
    this.#options = options;
  }

  static async start(options: NextHopsOptions): Promise<NextHops> {
    const nextHops = new NextHops(options);
    nextHops.#watcher = await watchNextHops({
      ignoreProtocol: options.protocol,
      ...(options.vrf !== undefined && { vrf: options.vrf }),
      onChange: (address, reachability) => nextHops.#changed(address, reachability),
    });
    return nextHops;
  }

  /** From here on the kernel, not the library's default, says what is reachable. */
  attach(speaker: RunningSpeaker): void {
    this.#speaker = speaker;
    speaker.nextHops.setDefault({ reachable: false });
    speaker.nextHops.onUnresolved = (address) => this.#watch(address);
    speaker.nextHops.onUnused = (address) => {
      if (this.#watched.delete(formatAddress(address))) this.#watcher?.unwatch(address);
    };
    for (const address of speaker.nextHops.addresses()) this.#watch(address);
  }

  /** Whether the kernel has answered for every next hop in use. */
  get settled(): boolean {
    const { gateways } = this.#options;
    for (const address of this.#watched.values()) {
      if (!this.#watcher?.get(address) && !gateways.resolve(address)) return false;
    }
    return true;
  }

  resolve({ address, device }: ViaHop): Resolved {
    if (isLinkLocal(address)) {
      const link = device === undefined ? undefined : this.#options.links.byName(device);
      if (!link) return { reason: `link-local, and its interface ${device ?? ''} is not known` };
      return link.up ? { hop: { gateway: address, ifindex: link.ifindex } } : { reason: `interface ${device} is down` };
    }
    const by = this.#options.gateways.resolve(address);
    if (by) return by;
    const answer = this.#watcher?.get(address);
    if (!answer) return { reason: 'the kernel has not been asked yet' };
    if (!answer.reachable) return { reason: answer.reason };
    if (answer.local) return { reason: 'is an address of this node' };
    return { hop: { gateway: answer.gateway ?? address, ifindex: answer.ifindex } };
  }

  close(): void {
    this.#watcher?.close();
  }

  #watch(address: Address): void {
    if (isLinkLocal(address)) {
      this.#speaker?.nextHops.set(address, { reachable: true });
      return;
    }
    this.#watched.set(formatAddress(address), address);
    this.#watcher?.watch(address);
  }

  /** Peers have a gateway, or none any more, or it is somewhere else. */
  gatewaysChanged(peers: readonly Address[]): void {
    for (const address of peers) {
      if (!this.#watched.has(formatAddress(address))) continue;
      const answer = this.#watcher?.get(address) ?? { reachable: false, reason: 'the kernel has not been asked yet' };
      this.#changed(address, answer);
    }
  }

  #changed(address: Address, kernel: Reachability): void {
    const by = this.#options.gateways.resolve(address);
    const reachability: Reachability = !by
      ? kernel
      : 'hop' in by
        ? { reachable: true, ifindex: by.hop.ifindex, onLink: false, local: false }
        : { reachable: false, reason: by.reason };
    // RFC 4271 section 6.3: a next hop that is our own address is no way to anywhere. Loopback is for tests on one host.
    const reachable = reachability.reachable && (!reachability.local || isLoopback(address));
    const before = this.#speaker?.nextHops.get(address).reachable;
    this.#speaker?.nextHops.set(address, { reachable });
    if (before && !reachable) {
      this.#options.journal.event({
        kind: 'link',
        subject: formatAddress(address),
        text: `next hop ${formatAddress(address)} cannot be reached any more`,
        cause: reachability.reachable ? 'it is an address of this node' : reachability.reason,
      });
    }
    this.#options.onChange(address);
  }
}
