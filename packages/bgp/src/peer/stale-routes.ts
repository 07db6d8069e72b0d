/**
 * A peer's stale routes while it restarts, stays away or refreshes; a timer per family ends each phase, the routes
 * themselves are the RIB's. RFC 4724 section 4.2, RFC 9494 section 4.2, RFC 7313 section 4.
 *
 *      session lost ──> restarting ──(time is up)──> long-lived ──(time is up)──> swept
 *                           │ session up                 │ session up
 *                           v                            v
 *                      returned ──(End-of-RIB)──> swept <──(End-of-RIB, or time is up: it runs on)
 */
import type { ResolvedPeerConfig } from '../config.js';
import type { Cause } from '../fsm/cause.js';
import type { Negotiated } from '../fsm/negotiate.js';
import type { FamilyName } from '../wire/family/family.js';
import { type KeptFamily, keptFamilies } from './kept-routes.js';
import type { PeerHost } from './peer-host.js';
import { Timer } from './timer-queue.js';

/** `returned` is also the phase between BoRR and EoRR. */
type Phase = 'restarting' | 'long-lived' | 'returned';

class FamilyStaleness {
  phase: Phase = 'restarting';
  readonly timer: Timer;
  /** How long the long-lived phase will be. */
  longLivedS = 0;
  /** Its end, once it has begun: neither a session that returns nor one that is lost again moves it (RFC 9494). */
  longLivedUntilMs: number | undefined;

  constructor(expire: () => void) {
    this.timer = new Timer(expire);
  }
}

/** What is shown of stale routes of a family. */
export interface StalenessView {
  /** They are the last choice already. RFC 9494. */
  readonly longLived: boolean;
  /** When they go, or become the last choice, unless the peer says otherwise before. */
  readonly untilMs: number;
}

export class StaleRoutes {
  readonly #host: PeerHost;
  readonly #peerName: string;
  readonly #ribPeer: number;
  readonly #swept: () => void;
  readonly #families = new Map<FamilyName, FamilyStaleness>();

  constructor(host: PeerHost, peerName: string, ribPeer: number, swept: () => void) {
    this.#host = host;
    this.#swept = swept;
    this.#peerName = peerName;
    this.#ribPeer = ribPeer;
  }

  /** The session ended: routes are deleted, or kept while the peer restarts. */
  sessionDown(negotiated: Negotiated, cause: Cause, config: ResolvedPeerConfig): void {
    const kept = keptFamilies(negotiated, cause, config.gracefulRestart);
    const lasting = kept.filter(({ family }) => this.#families.get(family)?.longLivedUntilMs !== undefined);
    const older = lasting.map(({ family }) => family);
    // RFC 4724 section 4.2: what is stale from an earlier restart MUST be deleted when the next one begins. RFC 9494: not so
    // what is long-lived stale.
    for (const family of [...this.#families.keys()]) if (!older.includes(family)) this.sweep(family);
    const names = kept.map(({ family }) => family);
    this.#host.rib.sessionDown(this.#ribPeer, names, older);
    for (const each of kept) this.#keep(each);
  }

  /** The session ended, and the peer has another one: what was kept for its return is kept on, and its time runs on. */
  sessionMoves(): void {
    const kept = [...this.#families.keys()];
    this.#host.rib.sessionDown(this.#ribPeer, kept, kept);
  }

  #keep({ family, restartS, longLivedS }: KeptFamily): void {
    const state = this.#stateOf(family);
    state.longLivedS = longLivedS;
    if (restartS === 0 && longLivedS > 0) {
      this.#beginLongLived(family, state);
      return;
    }
    state.phase = 'restarting';
    const end = this.#host.nowMs + restartS * 1000;
    this.#host.timers.start(state.timer, Math.min(end, state.longLivedUntilMs ?? end));
  }

  /** The peer is back. Families whose forwarding it did not keep lose their stale routes at once. */
  sessionUp(negotiated: Negotiated, config: ResolvedPeerConfig): void {
    const { gracefulRestart, longLived = [] } = negotiated;
    for (const [family, state] of [...this.#families]) {
      if (state.phase === 'long-lived') {
        // RFC 9494 section 4.2: the time runs on until the End-of-RIB.
        if (!longLived.some((each) => each.family === family && each.forwarding)) this.sweep(family);
      } else if (gracefulRestart?.forwarding.includes(family)) {
        this.#returned(family, state, config.gracefulRestart?.staleTimeS ?? 0);
      } else {
        this.sweep(family);
      }
    }
  }

  #returned(family: FamilyName, state: FamilyStaleness, seconds: number): void {
    state.phase = 'returned';
    const end = this.#host.nowMs + seconds * 1000;
    this.#host.timers.start(state.timer, Math.min(end, state.longLivedUntilMs ?? end));
    this.#families.set(family, state);
  }

  /** The peer begins to send all its routes again (BoRR). */
  refreshBegins(family: FamilyName, config: ResolvedPeerConfig): void {
    this.#host.rib.markStale(this.#ribPeer, family);
    this.#returned(family, this.#stateOf(family), config.gracefulRestart?.staleTimeS ?? 300);
  }

  /** End-of-RIB, EoRR, or time is up: what was not announced again goes. */
  sweep(family: FamilyName): void {
    const state = this.#families.get(family);
    if (!state) return;
    this.#host.timers.stop(state.timer);
    this.#families.delete(family);
    const routes = this.#host.rib.sweepStale(this.#ribPeer, family);
    if (routes > 0) this.#host.emit({ type: 'stale-removed', peer: this.#peerName, family, routes });
    this.#swept();
  }

  /** Some family waits for its sweep. */
  get pending(): boolean {
    return this.#families.size > 0;
  }

  view(family: FamilyName): StalenessView | undefined {
    const state = this.#families.get(family);
    return state && { longLived: state.longLivedUntilMs !== undefined, untilMs: state.timer.deadlineMs };
  }

  /** Forgets everything; the RIB deletes the peer's routes itself. */
  clear(): void {
    for (const { timer } of this.#families.values()) this.#host.timers.stop(timer);
    this.#families.clear();
  }

  #stateOf(family: FamilyName): FamilyStaleness {
    let state = this.#families.get(family);
    if (!state) {
      state = new FamilyStaleness(() => this.#expire(family));
      this.#families.set(family, state);
    }
    return state;
  }

  #expire(family: FamilyName): void {
    const state = this.#families.get(family)!;
    const goesOn = state.longLivedUntilMs === undefined || state.longLivedUntilMs > this.#host.nowMs;
    if (state.phase === 'restarting' && state.longLivedS > 0 && goesOn) this.#beginLongLived(family, state);
    else this.sweep(family);
  }

  /** The peer stays away: what it has sent is the last choice from here on. RFC 9494 section 4.2. */
  #beginLongLived(family: FamilyName, state: FamilyStaleness): void {
    state.phase = 'long-lived';
    state.longLivedUntilMs ??= this.#host.nowMs + state.longLivedS * 1000;
    this.#host.timers.start(state.timer, state.longLivedUntilMs);
    const routes = this.#host.rib.beginLongLived(this.#ribPeer, family);
    if (routes === 0) return;
    const seconds = (state.longLivedUntilMs - this.#host.nowMs) / 1000;
    this.#host.emit({ type: 'long-lived-stale', peer: this.#peerName, family, routes, seconds });
  }
}
