/** Listens for what others and the kernel itself do to our routes. */
import type { Prefix } from '@tortie/ip';
import { fibWriterFilter } from '@tortie/linux';
import { EventSocket, type KernelEvent } from './events.js';
import type { FibIdentity } from './fib-way.js';
import type { NetnsRef } from './netns-path.js';

export interface FibDisturbanceHandlers {
  /** Routes of these prefixes at our metric were deleted or overwritten by somebody else. */
  taken(prefixes: readonly Prefix[]): void;
  /** In IPv4 foreign routes were put in front of ours, if we have any there: a replacement of ours would hit them. */
  covered(prefixes: readonly Prefix[]): void;
  /** Whether routes of ours may lead over a link; what happens to others concerns none of them. */
  leadsOver(ifindex: number): boolean;
  /** Something happened that removes routes without telling (a link down, an address gone), or events were lost. */
  stale(overrun: boolean): void;
}

/** A link that goes down brings several events; one reading serves them all. */
const COALESCE_MS = 50;
/** Blackholes of IPv6 stand on it. */
const LOOPBACK = 1;

export class FibDisturbanceWatch {
  readonly #identity: FibIdentity;
  readonly #portId: number;
  readonly #handlers: FibDisturbanceHandlers;
  readonly #socket: EventSocket;
  #timer: NodeJS.Timeout | undefined;
  #overrun = false;

  constructor(netns: NetnsRef | undefined, identity: FibIdentity, portId: number, handlers: FibDisturbanceHandlers) {
    this.#identity = identity;
    this.#portId = portId;
    this.#handlers = handlers;
    this.#socket = new EventSocket(
      {
        ...(netns === undefined ? {} : { netns }),
        groups: ['link', 'address', 'route', 'nexthop'],
        onEvents: (events) => this.#hear(events),
        onResync: () => this.#stale(true),
      },
      fibWriterFilter(identity.protocol, identity.metric, portId),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #hear(events: readonly KernelEvent[]): void {
    const { protocol, metric, table } = this.#identity;
    const taken: Prefix[] = [];
    const covered: Prefix[] = [];
    for (const event of events) {
      switch (event.type) {
        case 'route': {
          const { route, removed, replaced, appended } = event;
          if (route.metric !== metric || route.table !== table) break;
          const ours = route.protocol === protocol;
          // Still under our name, but leading elsewhere, as where somebody replaces the object behind it.
          if (ours && !removed) this.#stale(false);
          else if (removed ? ours : replaced) taken.push(route.prefix);
          else if (!removed && !appended && route.prefix.version === 4) covered.push(route.prefix);
          break;
        }
        case 'link':
          if (event.removed || !event.link.running) this.#lose(event.link.ifindex);
          break;
        case 'address':
          if (event.removed) this.#lose(event.address.ifindex);
          break;
        case 'nexthop':
          if (event.removed && event.portId !== this.#portId) this.#stale(false);
          break;
        case 'neighbour':
          break;
      }
    }
    if (taken.length) this.#handlers.taken(taken);
    if (covered.length) this.#handlers.covered(covered);
  }

  /** A link of a pod comes and goes without a reading of all routes. */
  #lose(ifindex: number): void {
    if (ifindex === LOOPBACK || this.#handlers.leadsOver(ifindex)) this.#stale(false);
  }

  #stale(overrun: boolean): void {
    this.#overrun ||= overrun;
    this.#timer ??= setTimeout(() => {
      const lost = this.#overrun;
      this.#timer = undefined;
      this.#overrun = false;
      this.#handlers.stale(lost);
    }, COALESCE_MS);
  }
}
