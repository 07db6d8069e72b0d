/** Routers and scripted peers on a network that is a virtual clock and a map of addresses. */
import { type Address, formatAddress, parseAddress } from '@tortie/ip';
import type { SpeakerOptions } from '../src/index.js';
import { SimLink, type SimLinkOptions, type SimSocket } from './sim-link.js';
import { SimRouter } from './sim-router.js';
import { VirtualClock } from './virtual-clock.js';

/** Whoever has an address: takes the socket of a new connection, or refuses it. */
export interface SimHost {
  accept(socket: SimSocket, from: Address): boolean;
}

export type SimRouterOptions = Partial<Omit<SpeakerOptions, 'nowMs'>> & {
  readonly address: string;
  readonly asn: number;
  /** Default: the address. */
  readonly routerId?: number;
  /** Measures the time that the router takes. Default: none does. */
  readonly stopwatch?: () => number;
  /** Default true; a network of thousands has no use for them. */
  readonly keepsEvents?: boolean;
};

export interface SimNetworkOptions extends SimLinkOptions {
  /** False: `cut` is not used, so no connection is remembered. Default true. */
  readonly cuttable?: boolean;
}

export class SimNetwork {
  readonly clock = new VirtualClock();
  readonly #options: SimNetworkOptions;
  readonly #hosts = new Map<string, SimHost>();
  readonly #links = new Map<SimLink, readonly [string, string]>();
  readonly #cuts = new Set<string>();
  readonly #dark = new Set<string>();
  readonly #cuttable: boolean;

  constructor(options: SimNetworkOptions = {}) {
    this.#options = options;
    this.#cuttable = options.cuttable ?? true;
  }

  /** A speaker at this address. */
  router(options: SimRouterOptions): SimRouter {
    const router = new SimRouter(this, options);
    this.plug(router);
    return router;
  }

  /** A scripted peer that waits for connections at this address. */
  listen(address: string, onConnection: (socket: SimSocket) => void): void {
    this.#hosts.set(address, {
      accept(socket) {
        onConnection(socket);
        return true;
      },
    });
  }

  /** Nobody is there any more: connections are refused, or (`dark`) not even that: the host is gone. */
  unplug(address: string, { dark = false } = {}): void {
    this.#hosts.delete(address);
    if (dark) this.#dark.add(address);
  }

  plug(router: SimRouter): void {
    this.#dark.delete(formatAddress(router.address));
    this.#hosts.set(formatAddress(router.address), router);
  }

  /** A scripted peer that connects. The socket is open after two delays, if it is not refused. */
  connect(from: string, to: string): SimSocket {
    const { socket } = this.dial(parseAddress(from), parseAddress(to), () => undefined);
    return socket;
  }

  dial(from: Address, to: Address, opened: (refused: string | undefined) => void): { readonly socket: SimSocket } {
    const link = new SimLink(this.clock, this.#options);
    const names = [formatAddress(from), formatAddress(to)] as const;
    if (this.#cuttable) this.#links.set(link, names);
    const [near, far] = link.ends;
    this.clock.after(link.delayMs, () => {
      if (near.closed) return;
      if (this.#dark.has(names[1]) || this.#cuts.has(pair(...names))) {
        link.isCut = true;
        return;
      }
      const host = this.#hosts.get(names[1]);
      if (!host) {
        this.clock.after(link.delayMs, () => {
          if (!near.closed) opened('TCP connection refused');
          near.closed = true;
        });
        return;
      }
      // The dialler knows before the first octet of the other side arrives.
      this.clock.after(link.delayMs, () => {
        if (!near.closed) opened(undefined);
      });
      if (!host.accept(far, from)) far.close();
    });
    return { socket: near };
  }

  /** Nothing passes between the two any more, without a word to either. */
  cut(first: string, second: string): void {
    this.#cuts.add(pair(first, second));
    for (const [link, names] of this.#links) if (pair(...names) === pair(first, second)) link.isCut = true;
  }

  /** New connections work again; the old ones are dead. */
  heal(first: string, second: string): void {
    this.#cuts.delete(pair(first, second));
  }

  /** Lets this much time pass. */
  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** Lets time pass until the condition holds; false where it does not within a simulated hour. */
  until(condition: () => boolean, limitMs = 3_600_000): boolean {
    return this.clock.advanceUntil(condition, limitMs);
  }
}

const pair = (first: string, second: string): string => (first < second ? `${first} ${second}` : `${second} ${first}`);
