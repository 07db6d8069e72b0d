/**
 * One router, sans-IO: peers and a RIB. Inputs are method calls with the time; outputs are data, drained after each input
 * and carried out before the next one.
 *
 *      connected, accept, closed                                       originate, withdraw,
 *      receive(bytes)   advance(time)      add/update/remove/resetPeer  next hops
 *            |               |                        |                     |
 *            v               v                        v                     |
 *       +---------+    +-----------+            +-----------+               |
 *       | Session |<---| TimerQueue|            |   Peer    |               |
 *       | framer  |    +-----------+            | collision |               |
 *       +----+----+                             | idle hold |               |
 *            | frames                           | GR helper |               |
 *            +---- OPEN, KEEPALIVE, … --------->|           |               |
 *            |            events: fsm/step      +-----+-----+               |
 *            |                                        | session up, down    |
 *            |                                        | stale, refresh      |
 *            |           UPDATE                       v                     v
 *            +-------------------------------> +--------------------------------+
 *                                              |              RIB               |
 *              work(): decide and pack a bit   |  adj-rib-in  loc-rib  out      |
 *              take(): messages of a peer  <-- |                                | --> subscriptions
 *                                              +--------------------------------+
 *
 *      outputs: dial, send, close, output-ready, work, password, event
 *
 * Longer than other files for this drawing and because every input of the router is one short method here.
 */
import type { Address, Prefix } from '@tortie/ip';
import { BmpExporter } from './bmp/exporter.js';
import { exporterHost } from './bmp/exporter-host.js';
import { checkSpeakerIdentity, type PeerConfig, type ResolvedPeerConfig, resolvePeerConfig } from './config.js';
import type { ChangeImpact } from './config-change.js';
import { collectorDial, peerDial } from './dial-options.js';
import { CEASE } from './iana.js';
import { type TableDumpOptions, TableDumpWriter } from './mrt/table-dump-writer.js';
import { countMessages } from './peer/count-messages.js';
import { dumpedPeers } from './peer/dumped-peers.js';
import type { MessageTap } from './peer/message-tap.js';
import { Peer } from './peer/peer.js';
import { formatScoped, isSamePlace, PeerDirectory } from './peer/peer-directory.js';
import type { PeerHost } from './peer/peer-host.js';
import { keyChanges, type PeerRangeConfig, PeerRanges } from './peer/peer-ranges.js';
import { resetPeer } from './peer/reset-peer.js';
import { RestartDeferral } from './peer/restart-deferral.js';
import type { Endpoints, Session } from './peer/session.js';
import { TimerQueue } from './peer/timer-queue.js';
import type { BestRouteSubscription, SubscriptionOptions } from './rib/best-routes.js';
import { type OriginateAttributes, Rib, type RibOptions } from './rib/rib.js';
import type { SpeakerEvent } from './speaker-event.js';
import type { Acceptance, DialOptions, ResetMode, SpeakerOptions, SpeakerOutput } from './speaker-io.js';
import { speakerView } from './speaker-view.js';
import type { PeerView, SpeakerView } from './views.js';

const NOTHING: readonly Uint8Array[] = [];

export class Speaker {
  readonly asn: number;
  readonly routerId: number;
  readonly rib: Rib;
  /** Collectors that are shown the tables, RFC 7854. @internal */
  readonly bmp: BmpExporter;
  /** Called when drain() has something again, also outside of any input: routes originated, a next hop set. */
  onPending: (() => void) | undefined;
  /** Sees every message of every peer before it is looked at. */
  onMessage: MessageTap | undefined;
  readonly #timers = new TimerQueue();
  readonly #peers = new PeerDirectory();
  readonly #ranges: PeerRanges;
  readonly #connections = new Map<number, { readonly peer: Peer; readonly session: Session }>();
  readonly #host: PeerHost;
  readonly #deferral: RestartDeferral;
  #clusterId: number;
  #nextConnection = 1;
  #outputs: SpeakerOutput[] = [];
  #nowMs: number;
  #hasUnread: ((connection: number) => boolean) | undefined;

  constructor(options: SpeakerOptions) {
    const { asn, routerId, random } = options;
    checkSpeakerIdentity(options);
    this.asn = asn;
    this.routerId = routerId;
    this.#clusterId = options.clusterId ?? routerId;
    this.#nowMs = options.nowMs;
    const { makeRib = (settings: RibOptions) => new Rib(settings) } = options;
    this.rib = makeRib({
      asn,
      routerId,
      clusterId: this.#clusterId,
      hashSeed: Math.floor(random() * 0x100000000),
      ...(options.clientToClient !== undefined && { clientToClient: options.clientToClient }),
      ...(options.decision && { decision: options.decision }),
    });
    this.rib.onWork = () => this.#output({ type: 'work' });
    this.rib.onOutput = (ribPeer) => {
      const connection = this.#peers.ofRib(ribPeer)?.outputConnection;
      if (connection !== undefined) this.#output({ type: 'output-ready', connection });
    };
    this.#host = this.#makeHost(options);
    this.bmp = new BmpExporter(
      exporterHost(this.#host, this.#peers, options.wallClockMs, {
        dial: (collector) => this.#dial(collector.name, collectorDial(collector)),
        ready: (connection) => this.#output({ type: 'output-ready', connection }),
      }),
      (nowMs) => {
        this.#nowMs = nowMs;
      },
    );
    this.#ranges = new PeerRanges(this.#timers, this.#host.identity, (peer) => this.#forget(peer));
    this.#deferral = new RestartDeferral(this.#timers, options.restarting, options.nowMs, () => this.#restartDone());
    if (options.restarting) this.rib.holdEndOfRib();
  }

  // ---- peers -----------------------------------------------------------------------------------------------------

  /** Throws BgpConfigError. */
  addPeer(peer: PeerConfig, nowMs: number): void {
    this.#nowMs = nowMs;
    const config = resolvePeerConfig(peer, this.#host.identity);
    this.#peers.assertFree(config);
    this.#add(config);
    this.#event({ type: 'peer', peer: config.name, change: 'added', impact: 'session-reset' });
  }

  /** Throws BgpConfigError, also where there is no such peer; then nothing has changed. */
  updatePeer(name: string, change: PeerConfig, nowMs: number): ChangeImpact {
    this.#nowMs = nowMs;
    const peer = this.#peers.require(name);
    const config = resolvePeerConfig({ ...change, name }, this.#host.identity);
    const before = peer.config;
    let impact: ChangeImpact = 'session-reset';
    this.#peers.assertFree(config, peer);
    if (!isSamePlace(config, before)) {
      this.#remove(peer);
      this.#add(config);
    } else {
      if (before.password !== config.password) this.#password(peer, config.password);
      impact = peer.update(config);
    }
    this.#changed(name, impact);
    return impact;
  }

  /** `graceful`: TCP closes without a Cease, so that the peer keeps our routes (RFC 4724) while it finds others. */
  removePeer(name: string, nowMs: number, graceful = false): boolean {
    this.#nowMs = nowMs;
    const peer = this.#peers.named(name);
    if (!peer) return false;
    this.#forget(peer, graceful);
    return true;
  }

  /** Whoever connects from inside the prefix becomes a peer. Throws BgpConfigError. */
  addRange(range: PeerRangeConfig, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#ranges.add(range);
    this.#rangeKeys(undefined, range);
  }

  /** Its peers change with it. Throws BgpConfigError, also where there is no such range. */
  updateRange(range: PeerRangeConfig, nowMs: number): ChangeImpact {
    this.#nowMs = nowMs;
    const before = this.#ranges.get(range.name);
    const apply = (peer: Peer, config: ResolvedPeerConfig): ChangeImpact => {
      const impact = peer.update(config);
      this.#changed(config.name, impact);
      return impact;
    };
    const impact = this.#ranges.update(range, apply);
    this.#rangeKeys(before, range);
    return impact;
  }

  /** Its peers go as well. */
  removeRange(name: string, nowMs: number): boolean {
    this.#nowMs = nowMs;
    this.#rangeKeys(this.#ranges.get(name), undefined);
    return this.#ranges.remove(name);
  }

  /** False where there is no such peer, or no established session for what needs one. */
  resetPeer(name: string, mode: ResetMode, text: string, nowMs: number): boolean {
    this.#nowMs = nowMs;
    const peer = this.#peers.named(name);
    return peer !== undefined && resetPeer(this.#host, peer, mode, text);
  }

  // ---- connections -----------------------------------------------------------------------------------------------

  /** Somebody has connected to us. */
  accept(remoteAddress: Address, endpoints: Endpoints, nowMs: number): Acceptance {
    this.#nowMs = nowMs;
    const { device } = endpoints;
    const from = formatScoped(remoteAddress, device);
    const peer = this.#peers.at(remoteAddress, device) ?? this.#dynamicPeer(remoteAddress, device);
    if (peer === undefined) return this.#refuse(from, 'no peer has this address', false);
    if (typeof peer === 'string') return this.#refuse(from, peer, false);
    const connection = this.#nextConnection++;
    const refusal = peer.accept(connection, endpoints, (accepted) =>
      this.#connections.set(connection, { peer, session: accepted }),
    );
    if (refusal !== undefined) return this.#refuse(from, refusal, true);
    return { connection, peer: peer.config.name, security: peer.config };
  }

  /** A dial succeeded. */
  connected(connection: number, endpoints: Endpoints, nowMs: number): void {
    this.#nowMs = nowMs;
    const entry = this.#connections.get(connection);
    if (entry) entry.peer.connected(entry.session, endpoints);
    else this.bmp.connected(connection);
  }

  /** A dial failed, or a connection ended; `reason` in words. */
  closed(connection: number, reason: string, nowMs: number): void {
    this.#nowMs = nowMs;
    const entry = this.#connections.get(connection);
    this.#connections.delete(connection);
    if (entry) entry.peer.connectionLost(entry.session, reason);
    else this.bmp.closed(connection, reason);
  }

  /** Octets of a connection; they belong to the speaker until the next input. */
  receive(connection: number, bytes: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    const entry = this.#connections.get(connection);
    entry?.peer.receive(entry.session, bytes);
  }

  /** The peer, or collector, has taken none of our octets for this long although some wait. RFC 9687. */
  sendStalled(connection: number, stalledS: number, nowMs: number): void {
    this.#nowMs = nowMs;
    const entry = this.#connections.get(connection);
    if (entry) entry.peer.sendStalled(entry.session, stalledS);
    else this.bmp.stalled(connection, stalledS);
  }

  // ---- time and work ---------------------------------------------------------------------------------------------

  /** When to call advance() at the latest; undefined: not before another input. */
  get nextDeadlineMs(): number | undefined {
    return this.#timers.nextMs;
  }

  /** `hasUnread`: octets of the connection were received that receive() has not seen; its hold timer waits for them. */
  advance(nowMs: number, hasUnread?: (connection: number) => boolean): void {
    this.#nowMs = nowMs;
    this.#hasUnread = hasUnread;
    this.#timers.expire(nowMs);
    this.#hasUnread = undefined;
  }

  /** Up to about `maxPrefixes` prefixes decided or packed. True where more can be done at once. */
  work(maxPrefixes: number): boolean {
    return this.rib.work(maxPrefixes);
  }

  /** UPDATEs or BMP messages for the connection: whole ones, in buffers that peers share. Never write into them. */
  take(connection: number, maxOctets: number): readonly Uint8Array[] {
    const peer = this.#connections.get(connection)?.peer;
    if (!peer) return this.bmp.take(connection, maxOctets);
    if (peer.outputConnection !== connection || this.#deferral.active) return NOTHING;
    const chunks = this.rib.take(peer.ribPeer, maxOctets);
    for (const chunk of chunks) countMessages(chunk, peer.sent);
    return chunks;
  }

  /** Everything to be carried out since the last call, in order. */
  drain(): readonly SpeakerOutput[] {
    if (this.#outputs.length === 0) return this.#outputs;
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  // ---- routes ----------------------------------------------------------------------------------------------------

  originate(prefix: Prefix, attributes: OriginateAttributes = {}): void {
    this.rib.originate(prefix, attributes);
  }

  withdraw(prefix: Prefix): boolean {
    return this.rib.withdraw(prefix);
  }

  setClusterId(clusterId: number): void {
    this.#clusterId = clusterId;
    this.rib.setClusterId(clusterId);
  }

  /** Best routes; held back, as all routes are, while the peers of a restarted speaker send theirs. */
  subscribe(options: SubscriptionOptions = {}): BestRouteSubscription {
    return this.#deferral.hold(options, (gated) => this.rib.subscribe(gated));
  }

  // ---- views -----------------------------------------------------------------------------------------------------

  view(): SpeakerView {
    const { asn, routerId } = this;
    return speakerView({ asn, routerId, clusterId: this.#clusterId }, this.#peers, this.#deferral);
  }

  peers(): readonly PeerView[] {
    return [...this.#peers].map((peer) => peer.view());
  }

  peer(name: string): PeerView | undefined {
    return this.#peers.named(name)?.view();
  }

  /** The connection of the peer's established session. */
  outputConnection(name: string): number | undefined {
    return this.#peers.named(name)?.outputConnection;
  }

  /** The tables as TABLE_DUMP_V2. `timeS`: seconds of the epoch at a time of the speaker's clock. */
  tableDump(options: TableDumpOptions, timeS: (atMs: number) => number): TableDumpWriter {
    return new TableDumpWriter(this.rib, dumpedPeers(this, this.#peers, timeS), options);
  }

  peerName(ribPeer: number): string | undefined {
    return this.#peers.ofRib(ribPeer)?.config.name;
  }

  /** The interface that a peer's link-local next hops are on. */
  peerDevice(ribPeer: number): string | undefined {
    return this.#peers.ofRib(ribPeer)?.config.device;
  }

  /** The RIB's number of a peer. Throws BgpConfigError where there is none of this name. */
  ribPeer(name: string): number {
    return this.#peers.require(name).ribPeer;
  }

  /** Ends all sessions: `graceful` without a Cease, so that the peers keep our routes (RFC 4724). */
  close(graceful: boolean, text: string, nowMs: number): void {
    this.#nowMs = nowMs;
    this.bmp.close();
    for (const peer of this.#peers) {
      peer.stop(graceful ? undefined : { errorSubcode: CEASE.administrativeShutdown, text, hard: true });
    }
  }

  // ---- inside ----------------------------------------------------------------------------------------------------

  #makeHost(options: SpeakerOptions): PeerHost {
    const { asn, routerId, random } = options;
    const now = (): number => this.#nowMs;
    const monitor = (): BmpExporter => this.bmp;
    const tap = (): MessageTap | undefined => this.onMessage;
    return {
      identity: { asn, routerId, ebgpRequiresPolicy: options.ebgpRequiresPolicy === true },
      get nowMs() {
        return now();
      },
      timers: this.#timers,
      rib: this.rib,
      openHoldTimeS: options.openHoldTimeS ?? 240,
      sendHoldS: options.sendHoldS ?? 480,
      random,
      hasUnread: (connection) => this.#hasUnread?.(connection) ?? false,
      get monitor() {
        return monitor();
      },
      get tap() {
        return tap();
      },
      dial: (peer, session) => {
        const connection = this.#dial(peer.config.name, peerDial(peer.config));
        this.#connections.set(connection, { peer, session });
        return connection;
      },
      send: (connection, bytes) => this.#output({ type: 'send', connection, bytes }),
      close: (connection) => {
        this.#connections.delete(connection);
        this.#output({ type: 'close', connection });
      },
      emit: (event) => this.#event(event),
      restartState: (peer) => this.#deferral.restartState(peer),
      progress: (peer) => {
        this.#deferral.progress(peer);
        this.#ranges.progress(peer, this.#nowMs);
      },
    };
  }

  #output(output: SpeakerOutput): void {
    this.#outputs.push(output);
    if (this.#outputs.length === 1) this.onPending?.();
  }

  #event(event: SpeakerEvent): void {
    this.#output({ type: 'event', event });
  }

  /** The key of a peer of a range is that of the range. */
  #add(config: ResolvedPeerConfig, ofRange = false): Peer {
    const peer = new Peer(this.#host, config);
    this.#peers.add(peer);
    if (config.password !== undefined && !ofRange) this.#password(peer, config.password);
    this.#deferral.expect(peer);
    peer.start();
    return peer;
  }

  #remove(peer: Peer, graceful = false): void {
    const { password } = peer.config;
    peer.remove(graceful);
    const ofRange = this.#ranges.leave(peer);
    this.#deferral.forget(peer);
    this.#peers.delete(peer);
    if (password !== undefined && !ofRange) this.#password(peer, undefined);
  }

  #dynamicPeer(address: Address, device: string | undefined): Peer | string | undefined {
    const config = this.#ranges.match(address, device);
    if (config === undefined || typeof config === 'string') return config;
    const peer = this.#add(config, true);
    this.#ranges.join(peer);
    this.#event({ type: 'peer', peer: config.name, change: 'added', impact: 'session-reset' });
    return peer;
  }

  #forget(peer: Peer, graceful = false): void {
    this.#remove(peer, graceful);
    this.#event({ type: 'peer', peer: peer.config.name, change: 'removed', impact: 'session-reset' });
  }

  #changed(peer: string, impact: ChangeImpact): void {
    if (impact !== 'none') this.#event({ type: 'peer', peer, change: 'changed', impact });
  }

  /** A key of the same link-local address on another interface stays. */
  #password(peer: Peer, own: string | undefined): void {
    const { remoteAddress } = peer.config;
    const password = own ?? this.#peers.withPassword(remoteAddress, peer)?.config.password;
    this.#output({ type: 'password', remoteAddress, password });
  }

  #rangeKeys(before: PeerRangeConfig | undefined, after: PeerRangeConfig | undefined): void {
    for (const { prefix, password } of keyChanges(before, after)) {
      const { length, ...remoteAddress } = prefix;
      this.#output({ type: 'password', remoteAddress, length, password });
    }
  }

  #refuse(remoteAddress: string, refused: string, known: boolean): Acceptance {
    this.#event({ type: 'refused', remoteAddress, reason: refused });
    return { refused, known };
  }

  #dial(peer: string, options: DialOptions): number {
    const connection = this.#nextConnection++;
    this.#output({ type: 'dial', connection, peer, options });
    return connection;
  }

  #restartDone(): void {
    this.rib.releaseEndOfRib();
    this.#event({ type: 'restart-done' });
    for (const peer of this.#peers) {
      const connection = peer.outputConnection;
      if (connection !== undefined) this.#output({ type: 'output-ready', connection });
    }
  }
}
