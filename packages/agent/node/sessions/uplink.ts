/**
 * One interface that peers are found on: router advertisements go out and come in while it is up, and what was heard is
 * forgotten when it goes down. Follows events; the only timer is that of the advertisements.
 */
import { type Address, addressesEqual, formatAddress } from '@tortie/ip';
import { AdvertisementPacer, type Link, presence } from '@tortie/linux';
import { openRouterDiscovery, type RouterDiscovery, type RouterDiscoveryOptions } from '@tortie/linux/node';
import type { PeerDiscovery } from '../../src/api/discovery.js';
import { type HeardBy, InterfaceNeighbour } from '../../src/peers/interface-neighbour.js';

const DOUBT_MS = 1000;

export interface UplinkOptions {
  readonly name: string;
  /** A session with this address is under way on the interface. */
  readonly engaged: (address: Address) => boolean;
  /** Something was heard, or ceased to be. */
  readonly onHeard: () => void;
  /** Another router is heard than the one with the session: is that one still there? Asked at most once a second. */
  readonly onDoubt: (address: Address) => void;
  readonly onProblem: (text: string, error: Error) => void;
  readonly open?: (options: RouterDiscoveryOptions) => RouterDiscovery;
}

export class Uplink {
  readonly name: string;
  readonly #options: UplinkOptions;
  readonly #neighbour = new InterfaceNeighbour();
  #link: Link | undefined;
  #own: readonly Address[] = [];
  #socket: RouterDiscovery | undefined;
  #pacer: AdvertisementPacer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #deaf: string | undefined;
  #quietSinceMs = Date.now();
  #doubtedMs = 0;

  constructor(options: UplinkOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Of the interface while it can be used. */
  get ifindex(): number | undefined {
    return this.#link?.running ? this.#link.ifindex : undefined;
  }

  /** What the kernel says of the interface. True where it has become usable, and its neighbours are worth a look. */
  update(link: Link | undefined, own: readonly Address[]): boolean {
    const before = this.#link;
    const ownBefore = this.#own;
    this.#link = link;
    this.#own = link ? own : [];
    if (!link?.running || before?.ifindex !== link.ifindex) this.#stop();
    if (!link?.running) return false;
    const first = this.#socket === undefined && this.#deaf === undefined;
    if (first) this.#listen(link);
    const usable = this.#own.length > 0;
    const changed = usable && (first || ownBefore.length === 0 || !addressesEqual(ownBefore[0]!, this.#own[0]!));
    // The other side learns our address by what we say, and we ask for what it has to say.
    if (changed) this.#introduce();
    return first || changed;
  }

  hear(address: Address, by: HeardBy): void {
    if (this.#own.some((own) => addressesEqual(own, address))) return;
    this.#neighbour.hear(address, by, Date.now());
    this.#options.onHeard();
  }

  silence(address: Address): void {
    this.#neighbour.silence(address);
    this.#options.onHeard();
  }

  get found(): Address | undefined {
    return this.#blocked() === undefined ? this.#neighbour.choose(this.#options.engaged)?.address : undefined;
  }

  discovery(): PeerDiscovery {
    const local = this.#own[0] && { localAddress: formatAddress(this.#own[0]) };
    const blocked = this.#blocked();
    if (blocked !== undefined) return { state: 'waiting', ...local, reason: blocked };
    const found = this.#neighbour.choose(this.#options.engaged);
    const deaf = this.#deaf === undefined ? {} : { reason: this.#deaf };
    if (!found) {
      const since = new Date(this.#quietSinceMs).toISOString();
      const quiet = `no router advertisement heard on ${this.name} since ${since}`;
      return { state: 'waiting', ...local, reason: this.#deaf ?? quiet };
    }
    const others = this.#neighbour.heard.filter(({ address }) => !addressesEqual(address, found.address));
    return {
      state: 'found',
      address: formatAddress(found.address),
      heardBy: found.by,
      lastHeard: new Date(found.lastMs).toISOString(),
      ...local,
      ...(others.length > 0 && { others: others.map(({ address }) => formatAddress(address)) }),
      ...deaf,
    };
  }

  close(): void {
    this.#stop();
  }

  /** Why no session is possible, whoever may be there. */
  #blocked(): string | undefined {
    const link = this.#link;
    if (!link) return `there is no interface ${this.name}`;
    if (!link.up) return `interface ${this.name} is down`;
    if (!link.running) return `interface ${this.name} has no carrier`;
    if (this.#own.length === 0) return `interface ${this.name} has no link-local address yet; is IPv6 on there?`;
    return undefined;
  }

  #listen({ ifindex }: Link): void {
    this.#quietSinceMs = Date.now();
    const open = this.#options.open ?? openRouterDiscovery;
    try {
      this.#socket = open({
        device: this.name,
        ifindex,
        onMessage: (message, from) => {
          if (message.type === 'router-advertisement') {
            this.hear(from, message.type);
            this.#doubt(from);
          } else this.#pace((pacer, nowMs) => pacer.solicited(nowMs));
        },
      });
    } catch (error) {
      this.#deaf = `router advertisements can neither be heard nor sent on ${this.name}: ${(error as Error).message}`;
      this.#options.onProblem(`no router advertisements on ${this.name}`, error as Error);
    }
  }

  /** Its own timers would tell of a neighbour that went after half a minute or more. */
  #doubt(from: Address): void {
    const found = this.found;
    if (!found || addressesEqual(found, from) || !this.#options.engaged(found)) return;
    if (this.#own.some((own) => addressesEqual(own, from)) || Date.now() - this.#doubtedMs < DOUBT_MS) return;
    this.#doubtedMs = Date.now();
    this.#options.onDoubt(found);
  }

  #introduce(): void {
    this.#pacer ??= new AdvertisementPacer(Date.now(), Math.random);
    this.#pace((pacer, nowMs) => pacer.restarted(nowMs));
    this.#socket?.solicit(this.#link?.mac);
  }

  #pace(step: (pacer: AdvertisementPacer, nowMs: number) => void): void {
    const pacer = this.#pacer;
    if (!pacer || !this.#socket) return;
    step(pacer, Date.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#advertise(), Math.max(0, pacer.dueMs - Date.now()));
  }

  /** What the kernel refuses (a link that is just going down) is said again the next time. */
  #advertise(): void {
    if (this.#own.length > 0) this.#socket?.advertise(presence(this.#link?.mac));
    this.#pace((pacer, nowMs) => pacer.sent(nowMs));
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
    this.#deaf = undefined;
    this.#neighbour.forget();
  }
}
