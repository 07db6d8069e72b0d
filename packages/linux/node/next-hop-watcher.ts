/** Follows what the kernel's FIB says of a set of addresses, for BGP next hops. */
import { type Address, formatAddress, prefixContains } from '@tortie/ip';
import { type Link, MAIN_TABLE, type Route } from '@tortie/linux';
import { type Subscription, subscribeEvents } from './events.js';
import type { NetnsRef } from './netns-path.js';
import { type Reachability, reachabilityOf, sameReachability } from './reachability.js';
import { openRtnetlink, type Rtnetlink } from './rtnetlink.js';

export interface NextHopWatcherOptions {
  readonly netns?: NetnsRef;
  /** Routes of this protocol do not count: a next hop must not resolve through the route it is the next hop of. */
  readonly ignoreProtocol?: number;
  /** Name of a VRF device: its FIB is asked. While there is none of the name nothing can be reached. */
  readonly vrf?: string;
  readonly onChange: (address: Address, reachability: Reachability) => void;
  /** The kernel could not be asked; the last answers stay. */
  readonly onError?: (error: unknown) => void;
}

/** Events within this time lead to one round of questions. */
const COALESCE_MS = 20;

/** Reports the first answer for each address and every change, coalesced. */
export async function watchNextHops(options: NextHopWatcherOptions): Promise<NextHopWatcher> {
  const { netns, ignoreProtocol } = options;
  const where = netns === undefined ? {} : { netns };
  const rtnetlink = await openRtnetlink(where);
  let watcher: NextHopWatcher | undefined;
  const changed = (): void => watcher?.changed();
  try {
    const events = await subscribeEvents({
      ...where,
      groups: ['link', 'address', 'route', 'nexthop'],
      ...(ignoreProtocol === undefined ? {} : { ignoreRouteProtocol: ignoreProtocol }),
      onEvents: changed,
      onResync: changed,
    });
    watcher = new NextHopWatcher(rtnetlink, events, options);
    return watcher;
  } catch (error) {
    rtnetlink.close();
    throw error;
  }
}

export class NextHopWatcher {
  readonly #rtnetlink: Rtnetlink;
  readonly #events: Subscription;
  readonly #options: NextHopWatcherOptions;
  readonly #watched = new Map<string, { readonly address: Address; answer: Reachability | undefined }>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #closed = false;
  #vrf: Link | undefined;

  constructor(rtnetlink: Rtnetlink, events: Subscription, options: NextHopWatcherOptions) {
    this.#rtnetlink = rtnetlink;
    this.#events = events;
    this.#options = options;
  }

  watch(address: Address): void {
    const key = formatAddress(address);
    if (this.#watched.has(key)) return;
    this.#watched.set(key, { address, answer: undefined });
    this.changed();
  }

  unwatch(address: Address): void {
    this.#watched.delete(formatAddress(address));
  }

  /** The last answer; undefined where the kernel was not asked yet. */
  get(address: Address): Reachability | undefined {
    return this.#watched.get(formatAddress(address))?.answer;
  }

  /** Something happened that may change answers. */
  changed(): void {
    if (this.#closed || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.refresh().catch((error: unknown) => this.#options.onError?.(error));
    }, COALESCE_MS);
  }

  /** Asks the kernel again for all. */
  refresh(): Promise<void> {
    this.#round = this.#round.catch(() => {}).then(() => this.#ask());
    return this.#round;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#events.close();
    this.#rtnetlink.close();
  }

  async #ask(): Promise<void> {
    const { vrf } = this.#options;
    // Asked for anew each time: it may be another device by now.
    this.#vrf = vrf === undefined ? undefined : await this.#rtnetlink.link(vrf);
    for (const [key, entry] of [...this.#watched]) {
      if (this.#closed) return;
      const answer = await this.#resolve(entry.address);
      if (this.#closed || this.#watched.get(key) !== entry || sameReachability(entry.answer, answer)) continue;
      entry.answer = answer;
      this.#options.onChange(entry.address, answer);
    }
  }

  async #resolve(address: Address): Promise<Reachability> {
    const { vrf } = this.#options;
    if (vrf !== undefined && !this.#vrf) return { reachable: false, reason: `there is no VRF ${vrf}` };
    const route = await this.#rtnetlink.matchingRoute(address, this.#vrf?.ifindex);
    const ours = this.#options.ignoreProtocol;
    if (!route || ours === undefined || route.protocol !== ours) return reachabilityOf(route);
    return reachabilityOf(await this.#behind(address, ours));
  }

  /** The best route that is not ours, where one of ours covers the address. */
  async #behind(address: Address, ours: number): Promise<Route | undefined> {
    let best: Route | undefined;
    const table = this.#vrf?.vrf?.table ?? MAIN_TABLE;
    for await (const route of this.#rtnetlink.routes({ version: address.version, table })) {
      if (route.protocol === ours || !prefixContains(route.prefix, address)) continue;
      const longer = route.prefix.length - (best?.prefix.length ?? -1);
      if (longer > 0 || (longer === 0 && route.metric < best!.metric)) best = route;
    }
    return best;
  }
}
