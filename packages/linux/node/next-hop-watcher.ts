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
/** Questions that go to the kernel together. */
const AT_ONCE = 256;
/** After a round that took long the next one waits: of the time it took, and at most. */
const REST = 4;
const LONGEST_REST_MS = 1_000;

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
  /** Not asked about yet: of thousands a new one must not have the kernel asked about all. */
  readonly #unasked = new Set<string>();
  /** Any answer may be another one by now. */
  #stale = false;
  #restUntilMs = 0;
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
    this.#unasked.add(key);
    this.#askSoon();
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
    this.#stale = true;
    this.#askSoon();
  }

  #askSoon(): void {
    if (this.#closed || this.#timer) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#next().catch((error: unknown) => this.#options.onError?.(error));
      },
      Math.max(COALESCE_MS, this.#restUntilMs - performance.now()),
    );
  }

  /** Asks the kernel again for all. */
  refresh(): Promise<void> {
    this.#stale = true;
    return this.#next();
  }

  #next(): Promise<void> {
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
    const keys = [...(this.#stale ? this.#watched.keys() : this.#unasked)];
    this.#stale = false;
    this.#unasked.clear();
    const beganMs = performance.now();
    try {
      for (let at = 0; at < keys.length && !this.#closed; at += AT_ONCE) {
        await Promise.all(keys.slice(at, at + AT_ONCE).map((key) => this.#askFor(key)));
      }
    } catch (error) {
      this.#stale = true;
      throw error;
    }
    const now = performance.now();
    this.#restUntilMs = now + Math.min(REST * (now - beganMs), LONGEST_REST_MS);
  }

  async #askFor(key: string): Promise<void> {
    const entry = this.#watched.get(key);
    if (!entry) return;
    const answer = await this.#resolve(entry.address);
    if (this.#closed || this.#watched.get(key) !== entry || sameReachability(entry.answer, answer)) return;
    entry.answer = answer;
    this.#options.onChange(entry.address, answer);
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
