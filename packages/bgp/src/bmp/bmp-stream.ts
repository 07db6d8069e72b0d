/**
 * Everything that goes to a collector over one connection: who we are, which sessions are up, and their routes. It is
 * pulled by the socket. What waits meanwhile is state, not messages: per session whether it went and came, per table what
 * changed. RFC 7854 sections 3.3, 4 and 5.
 *
 *     Initiation, Peer Up of the loc-rib     once
 *     Peer Down, Peer Up                     before any route, so that routes always belong to the session told last
 *     Statistics                             when the timer said so
 *     routes                                 what changed, and of each session that came up the whole table, End-of-RIB
 */
import type { Rib } from '../rib/rib.js';
import { FAMILIES, type Family } from '../wire/family/family.js';
import { AdjRibInFeed } from './adj-rib-in-feed.js';
import { AdjRibOutFeed } from './adj-rib-out-feed.js';
import type { ResolvedBmpCollectorConfig } from './config.js';
import { encodeBmp, textTlv } from './encode-bmp.js';
import { LocRibFeed } from './loc-rib-feed.js';
import type { PeerDownReason } from './peer-down.js';
import {
  type LocRibOwner,
  locRibPeer,
  locRibTable,
  locRibUp,
  peerDown,
  peerOf,
  peerUp,
  type SessionTables,
  sessionTables,
} from './peer-messages.js';
import { BMP_INFORMATION } from './registry.js';
import type { RouteFeed } from './route-feed.js';
import type { MonitoredSession } from './session-monitor.js';
import { locRibStatistics, sessionStatistics } from './statistics.js';

export interface BmpStreamHost {
  readonly rib: Rib;
  readonly owner: LocRibOwner;
  /** Milliseconds since 1970 at a time of the speaker's clock, default now; 0 where nobody knows. */
  wallClockMs(atMs?: number): number;
  /** UPDATEs of the peer that were treated as withdrawals. */
  treatedAsWithdraw(ribPeer: number): number;
}

/** What the collector has still to be told of a session: that the one it knows went, that another came, or both. */
interface SessionNews {
  down?: { readonly why: PeerDownReason; readonly timestampMs: number };
  up?: MonitoredSession;
}

export class BmpStream {
  readonly #host: BmpStreamHost;
  readonly #config: ResolvedBmpCollectorConfig;
  readonly #families: readonly Family[];
  readonly #adjRibIn = new Map<Family, AdjRibInFeed>();
  readonly #adjRibOut = new Map<Family, AdjRibOutFeed>();
  readonly #locRib = new Map<Family, LocRibFeed>();
  readonly #feeds: RouteFeed[] = [];
  readonly #unfollow: () => void;
  readonly #ready: () => void;
  /** Sessions that the collector knows to be up, by RIB peer, and the headers of their routes. */
  readonly #told = new Map<number, MonitoredSession>();
  readonly #tables = new Map<number, SessionTables>();
  readonly #news = new Map<number, SessionNews>();
  /** RIB peers whose statistics are due; 0 stands for the loc-rib. */
  #reports: number[] = [];
  #introduced = false;
  #signalled = false;
  #turn = 0;
  #messages = 0;

  /** `ready` is called when take() has something after it had nothing. */
  constructor(
    host: BmpStreamHost,
    config: ResolvedBmpCollectorConfig,
    sessions: Iterable<MonitoredSession>,
    ready: () => void,
  ) {
    this.#host = host;
    this.#config = config;
    this.#ready = ready;
    this.#families = FAMILIES.filter(({ name }) => config.families.includes(name));
    const policies = (['pre', 'post'] as const).filter((each) => config.monitor.includes(`adj-rib-in-${each}`));
    const locRib = locRibTable(host.owner);
    for (const family of this.#families) {
      const rib = host.rib.family(family);
      if (policies.length > 0) this.#adjRibIn.set(family, new AdjRibInFeed(rib, this.#tables, policies));
      if (this.#showsLocRib) this.#locRib.set(family, new LocRibFeed(rib, locRib));
      if (config.monitor.includes('adj-rib-out-post')) {
        this.#adjRibOut.set(family, new AdjRibOutFeed(rib, host.rib.adjRibsOut));
      }
    }
    this.#feeds.push(...this.#adjRibIn.values(), ...this.#locRib.values(), ...this.#adjRibOut.values());
    for (const session of sessions) this.#news.set(session.ribPeer, { up: session });
    this.#unfollow = host.rib.follow(() => this.signal());
    this.signal();
  }

  get #showsLocRib(): boolean {
    return this.#config.monitor.includes('loc-rib');
  }

  /** The collector has got the Initiation, before which nothing else may come. */
  get introduced(): boolean {
    return this.#introduced;
  }

  get messages(): number {
    let messages = this.#messages;
    for (const { writers } of this.#feeds) for (const writer of writers) messages += writer.messages;
    return messages;
  }

  get pending(): boolean {
    if (!this.#introduced || this.#news.size > 0 || this.#reports.length > 0) return true;
    for (const feed of this.#feeds) if (feed.pending) return true;
    return false;
  }

  /** Says once that something waits. */
  signal(): void {
    if (this.#signalled || !this.pending) return;
    this.#signalled = true;
    this.#ready();
  }

  sessionUp(session: MonitoredSession): void {
    const news = this.#news.get(session.ribPeer);
    if (news) news.up = session;
    else this.#news.set(session.ribPeer, { up: session });
    this.signal();
  }

  sessionDown(ribPeer: number, why: PeerDownReason): void {
    const news = this.#news.get(ribPeer);
    if (!this.#told.has(ribPeer)) {
      this.#news.delete(ribPeer);
      return;
    }
    const down = news?.down ?? { why, timestampMs: this.#host.wallClockMs() };
    this.#news.set(ribPeer, { down });
    this.signal();
  }

  /** Statistics are due. Those that the collector has not read yet are not sent twice. */
  report(): void {
    this.#reports = [...(this.#showsLocRib ? [0] : []), ...this.#told.keys()];
    this.signal();
  }

  /** Whole messages, up to about `maxOctets`. */
  take(maxOctets: number): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    let octets = 0;
    const put = (message: Uint8Array): void => {
      out.push(message);
      octets += message.length;
      this.#messages++;
    };
    if (!this.#introduced) this.#introduce(put);
    for (const [ribPeer, news] of this.#news) {
      if (octets >= maxOctets) break;
      this.#news.delete(ribPeer);
      this.#tell(ribPeer, news, put);
    }
    while (this.#reports.length > 0 && octets < maxOctets) this.#report(this.#reports.pop()!, put);
    if (this.#news.size === 0) {
      // Each table begins at another turn, so that one that never rests does not keep the others waiting.
      for (let count = this.#feeds.length; count > 0 && octets < maxOctets; count--) {
        this.#turn = (this.#turn + 1) % this.#feeds.length;
        const feed = this.#feeds[this.#turn]!;
        feed.pull(maxOctets - octets, this.#host.wallClockMs());
        for (const writer of feed.writers) octets += writer.take(out);
      }
    }
    if (out.length === 0) {
      this.#signalled = false;
      this.signal();
    }
    return out;
  }

  #introduce(put: (message: Uint8Array) => void): void {
    this.#introduced = true;
    const { sysName, sysDescr } = this.#config;
    const information = [textTlv(BMP_INFORMATION.sysDescr, sysDescr), textTlv(BMP_INFORMATION.sysName, sysName)];
    put(encodeBmp({ type: 'initiation', information }));
    if (this.#showsLocRib) put(locRibUp(this.#host.owner, this.#families, this.#host.wallClockMs()));
  }

  #tell(ribPeer: number, { down, up }: SessionNews, put: (message: Uint8Array) => void): void {
    const former = this.#told.get(ribPeer);
    if (former && down) {
      put(peerDown(former, down.why, down.timestampMs));
      this.#told.delete(ribPeer);
      this.#tables.delete(ribPeer);
      for (const feed of this.#adjRibIn.values()) feed.stopPeer(ribPeer);
      for (const feed of this.#adjRibOut.values()) feed.left(ribPeer);
    }
    if (!up) return;
    put(peerUp(up, this.#host.wallClockMs(up.establishedMs)));
    this.#told.set(ribPeer, up);
    const tables = sessionTables(up);
    this.#tables.set(ribPeer, tables);
    for (const [family, feed] of this.#adjRibIn) {
      if (up.receive.families[family.index] === true) feed.startPeer(ribPeer);
    }
    for (const feed of this.#adjRibOut.values()) feed.startPeer(ribPeer, tables);
  }

  #report(ribPeer: number, put: (message: Uint8Array) => void): void {
    const nowMs = this.#host.wallClockMs();
    if (ribPeer === 0) {
      const counts = [...this.#locRib].map(([{ name }, { told }]) => ({ family: name, count: told }));
      put(locRibStatistics(locRibPeer(this.#host.owner, nowMs), counts));
      return;
    }
    const session = this.#told.get(ribPeer);
    if (!session) return;
    const counters = this.#host.rib.peerCounters(ribPeer);
    const unused = this.#host.rib.unusedRoutes(ribPeer);
    const out = [...this.#adjRibOut].map(([{ name }, feed]) => ({ family: name, count: feed.told(ribPeer) }));
    put(sessionStatistics(peerOf(session, nowMs), counters, unused, this.#host.treatedAsWithdraw(ribPeer), out));
  }

  /** Nothing is followed any more; what waited is gone. */
  close(): void {
    this.#unfollow();
    for (const feed of this.#feeds) feed.close();
  }
}
