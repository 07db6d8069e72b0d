/**
 * The helper's side of graceful restart for one peer: which families hold stale routes, and until when. The routes
 * themselves are the RIB's; a timer per family sweeps them. RFC 4724 section 4.2, RFC 7313 section 4.
 */
import type { ResolvedPeerConfig } from '../config.js';
import type { Cause } from '../fsm/cause.js';
import type { Negotiated } from '../fsm/negotiate.js';
import type { FamilyName } from '../wire/family/family.js';
import { keptFamilies } from './kept-routes.js';
import type { PeerHost } from './peer-host.js';
import { Timer } from './timer-queue.js';

export class StaleRoutes {
  readonly #host: PeerHost;
  readonly #peerName: string;
  readonly #ribPeer: number;
  readonly #swept: () => void;
  readonly #timers = new Map<FamilyName, Timer>();

  constructor(host: PeerHost, peerName: string, ribPeer: number, swept: () => void) {
    this.#host = host;
    this.#swept = swept;
    this.#peerName = peerName;
    this.#ribPeer = ribPeer;
  }

  /** The session ended: routes are deleted, or kept while the peer restarts. */
  sessionDown(negotiated: Negotiated, cause: Cause, config: ResolvedPeerConfig): void {
    const { gracefulRestart } = config;
    const kept = keptFamilies(negotiated, cause, gracefulRestart?.helper === true);
    // RFC 4724 section 4.2: what is stale from an earlier restart MUST be deleted when the next one begins.
    for (const family of [...this.#timers.keys()]) this.sweep(family);
    this.#host.rib.sessionDown(this.#ribPeer, kept);
    const peerTimeS = negotiated.gracefulRestart?.restartTimeS ?? 0;
    for (const family of kept) this.#start(family, Math.min(peerTimeS, gracefulRestart?.staleTimeS ?? 0));
  }

  /** The peer is back. Families whose forwarding it did not keep lose their stale routes at once. */
  sessionUp(negotiated: Negotiated, config: ResolvedPeerConfig): void {
    for (const family of [...this.#timers.keys()]) {
      if (negotiated.gracefulRestart?.forwarding.includes(family)) {
        this.#start(family, config.gracefulRestart?.staleTimeS ?? 0);
      } else {
        this.sweep(family);
      }
    }
  }

  /** The peer begins to send all its routes again (BoRR). */
  refreshBegins(family: FamilyName, config: ResolvedPeerConfig): void {
    this.#host.rib.markStale(this.#ribPeer, family);
    this.#start(family, config.gracefulRestart?.staleTimeS ?? 300);
  }

  /** End-of-RIB, EoRR, or time is up: what was not announced again goes. */
  sweep(family: FamilyName): void {
    const timer = this.#timers.get(family);
    if (!timer) return;
    this.#host.timers.stop(timer);
    this.#timers.delete(family);
    const routes = this.#host.rib.sweepStale(this.#ribPeer, family);
    if (routes > 0) this.#host.emit({ type: 'stale-removed', peer: this.#peerName, family, routes });
    this.#swept();
  }

  /** Some family waits for its sweep. */
  get pending(): boolean {
    return this.#timers.size > 0;
  }

  /** Forgets everything; the RIB deletes the peer's routes itself. */
  clear(): void {
    for (const timer of this.#timers.values()) this.#host.timers.stop(timer);
    this.#timers.clear();
  }

  #start(family: FamilyName, seconds: number): void {
    let timer = this.#timers.get(family);
    if (!timer) {
      timer = new Timer(() => this.sweep(family));
      this.#timers.set(family, timer);
    }
    this.#host.timers.start(timer, this.#host.nowMs + seconds * 1000);
  }
}
