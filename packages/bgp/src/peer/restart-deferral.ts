/**
 * The restarting side of graceful restart: routes are held back until the peers have sent theirs, or time is up, so that
 * nobody is told of a half-filled table. RFC 4724 section 4.1.
 */
import type { BestRouteSubscription, SubscriptionOptions } from '../rib/best-routes.js';
import type { RestartState } from './capabilities.js';
import type { Peer } from './peer.js';
import { Timer, type TimerQueue } from './timer-queue.js';

export interface RestartingOptions {
  /** The kernel kept forwarding with the routes of before: sets the F-bit. Say so only if it is true. */
  readonly forwardingKept: boolean;
  /** Longest time routes are held back. Default 30. */
  readonly deferralS?: number;
}

export class RestartDeferral {
  readonly #timers: TimerQueue;
  readonly #timer = new Timer(() => this.#end());
  readonly #forwardingKept: boolean;
  readonly #done: () => void;
  /** Peers whose routes are still awaited. */
  readonly #awaited = new Set<Peer>();
  /** Peers that have not been up since the restart: their next OPEN carries the R-bit. */
  readonly #unseen = new Set<Peer>();
  readonly #held = new Set<() => void>();
  #active: boolean;

  constructor(timers: TimerQueue, options: RestartingOptions | undefined, nowMs: number, done: () => void) {
    this.#timers = timers;
    this.#done = done;
    this.#forwardingKept = options?.forwardingKept === true;
    this.#active = options !== undefined;
    if (options) timers.start(this.#timer, nowMs + (options.deferralS ?? 30) * 1000);
  }

  get active(): boolean {
    return this.#active;
  }

  get untilMs(): number | undefined {
    return this.#active ? this.#timer.deadlineMs : undefined;
  }

  /** A peer was configured. Those added after the deferral start as after a cold start. */
  expect(peer: Peer): void {
    if (!this.#active || peer.config.adminDown) return;
    this.#awaited.add(peer);
    this.#unseen.add(peer);
  }

  forget(peer: Peer): void {
    this.#unseen.delete(peer);
    this.#settle(peer);
  }

  /**
   * R-bit and F-bit of the OPEN to this peer. RFC 4724 section 4.1. Where only the session was lost, our forwarding state
   * was not: RFC 8538 section 4.
   */
  restartState(peer: Peer): RestartState {
    const restarting = this.#unseen.has(peer);
    return { restarting, forwardingKept: restarting ? this.#forwardingKept : peer.established > 0 };
  }

  /** Something changed: does this peer still have to be waited for? One that is down is not. */
  progress(peer: Peer): void {
    const { negotiated } = peer;
    if (negotiated) this.#unseen.delete(peer);
    if (!this.#awaited.has(peer)) return;
    const restarts = negotiated?.gracefulRestart?.restarting === true;
    const complete = negotiated?.familyNames.every((family) => peer.endOfRib.has(family)) === true;
    const failed = !negotiated && peer.lastCause !== undefined && !peer.config.passive;
    if (failed || (negotiated && (!negotiated.peerSendsEndOfRib || restarts || complete))) this.#settle(peer);
  }

  /** A subscription that gives nothing until routes flow. */
  hold(
    options: SubscriptionOptions,
    subscribe: (options: SubscriptionOptions) => BestRouteSubscription,
  ): BestRouteSubscription {
    if (!this.#active) return subscribe(options);
    const release = (): void => options.onReady?.();
    this.#held.add(release);
    const inner = subscribe({
      ...options,
      onReady: () => {
        if (!this.#active) options.onReady?.();
      },
    });
    const isActive = (): boolean => this.#active;
    return {
      take: (max) => (isActive() ? [] : inner.take(max)),
      get pending() {
        return !isActive() && inner.pending;
      },
      close: () => {
        this.#held.delete(release);
        inner.close();
      },
    };
  }

  #settle(peer: Peer): void {
    if (this.#awaited.delete(peer) && this.#awaited.size === 0) this.#end();
  }

  #end(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#timers.stop(this.#timer);
    this.#awaited.clear();
    this.#done();
    for (const release of this.#held) release();
    this.#held.clear();
  }
}
