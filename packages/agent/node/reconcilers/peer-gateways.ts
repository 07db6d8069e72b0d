/**
 * Peers that are reached by a gateway (`reachableBy` of a BGPPeer): a host route to each, by a gateway on a link of this node. The
 * kernel says where the gateway is; BGP next hops that are such a peer's own address are reached the same way, and not by what
 * the kernel says of them: that could be a route which the peer itself has sent, and which goes with its session.
 */
import { type Address, formatAddress, hostPrefix, type Prefix, parseAddress } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';
import { type NextHopWatcher, watchNextHops } from '@tortie/linux/node';
import type { Journal } from '../journal.js';

export interface PeerGateway {
  readonly peer: string;
  readonly gateway: string;
  /** Who asks for it, for sentences. */
  readonly origin: string;
}

/** As the FIB takes it. */
type Reached = { readonly hop: { readonly gateway: Address; readonly ifindex: number } } | { readonly reason: string };

export interface PeerGatewaysOptions {
  /** Our own rtm_protocol: a gateway must not be found through a route that we made. */
  readonly protocol: number;
  /** Whose FIB is asked. */
  readonly vrf?: string;
  readonly journal: Journal;
  readonly watch?: typeof watchNextHops;
}

export class PeerGateways {
  readonly #options: PeerGatewaysOptions;
  #wanted: ReadonlyMap<string, PeerGateway> = new Map();
  #watcher: NextHopWatcher | undefined;
  #starting: Promise<void> | undefined;
  #closed = false;
  #told = '';
  /** Routes are others, and so is what is said of the addresses of these peers. */
  onChange: (routes: readonly { readonly prefix: Prefix; readonly hop: NextHop }[], peers: readonly Address[]) => void =
    () => {};

  constructor(options: PeerGatewaysOptions) {
    this.#options = options;
  }

  /** The whole set; those that are not in it lose their routes. */
  set(gateways: readonly PeerGateway[]): void {
    const next = new Map(gateways.map((one) => [one.peer, one]));
    const told = JSON.stringify([...next.values()]);
    if (told === this.#told) return;
    this.#told = told;
    const peers = new Set([...this.#wanted.keys(), ...next.keys()]);
    const before = new Set([...this.#wanted.values()].map(({ gateway }) => gateway));
    const after = new Set(gateways.map(({ gateway }) => gateway));
    this.#wanted = next;
    for (const gateway of before) if (!after.has(gateway)) this.#watcher?.unwatch(parseAddress(gateway));
    if (this.#watcher) for (const gateway of after) this.#watcher.watch(parseAddress(gateway));
    else if (after.size > 0) this.#starting ??= this.#start();
    this.#tell([...peers]);
  }

  /** How a peer's own address is reached; undefined: it has no gateway. */
  resolve(address: Address): Reached | undefined {
    if (this.#wanted.size === 0) return undefined;
    const wanted = this.#wanted.get(formatAddress(address));
    return wanted && this.#resolve(wanted);
  }

  /** Gateways that are on no link, as sentences. */
  problems(): string[] {
    return [...this.#wanted.values()].flatMap((wanted) => {
      const found = this.#resolve(wanted);
      if ('hop' in found || !this.#answer(wanted)) return [];
      const { peer, gateway, origin } = wanted;
      return [
        `${origin}: no route to ${peer} by ${gateway}: ${found.reason}; reachableBy is a router on a link of this node`,
      ];
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#starting;
    this.#watcher?.close();
  }

  async #start(): Promise<void> {
    const { protocol, vrf, journal, watch = watchNextHops } = this.#options;
    try {
      const watcher = await watch({
        ignoreProtocol: protocol,
        ...(vrf !== undefined && { vrf }),
        onChange: (address) => {
          const gateway = formatAddress(address);
          this.#tell([...this.#wanted.values()].filter((one) => one.gateway === gateway).map(({ peer }) => peer));
        },
      });
      if (this.#closed) return watcher.close();
      this.#watcher = watcher;
      for (const { gateway } of this.#wanted.values()) watcher.watch(parseAddress(gateway));
    } catch (error) {
      this.#starting = undefined;
      journal.problem('gateways to peers cannot be followed', error as Error);
    }
  }

  #answer({ gateway }: PeerGateway) {
    return this.#watcher?.get(parseAddress(gateway));
  }

  #resolve(wanted: PeerGateway): Reached {
    const answer = this.#answer(wanted);
    if (!answer) return { reason: 'the kernel has not been asked yet' };
    if (!answer.reachable) return { reason: answer.reason };
    if (answer.local) return { reason: 'is an address of this node' };
    if (answer.gateway) return { reason: `is itself behind ${formatAddress(answer.gateway)}` };
    return { hop: { gateway: parseAddress(wanted.gateway), ifindex: answer.ifindex } };
  }

  #tell(peers: readonly string[]): void {
    const routes = [...this.#wanted.values()].flatMap((wanted) => {
      const found = this.#resolve(wanted);
      return 'hop' in found ? [{ prefix: hostPrefix(parseAddress(wanted.peer)), hop: found.hop }] : [];
    });
    this.onChange(routes, peers.map(parseAddress));
  }
}
