/** A speaker on Node: sockets, timers and the loop around the sans-IO core. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { type Address, formatAddress, isLinkLocal, type Prefix } from '@tortie/ip';
import {
  type BestRouteSubscription,
  type BmpCollectorConfig,
  type ChangeImpact,
  encodeMessage,
  type FamilyName,
  type LocRibQuery,
  type MessageTap,
  type NextHopTable,
  type OriginateAttributes,
  type PageOptions,
  type PeerConfig,
  type PeerRangeConfig,
  type ResetMode,
  type SpeakerEvent,
  type SubscriptionOptions,
  type TableDumpOptions,
  type TableDumpWriter,
  wireContext,
} from '../src/index.js';
import { monotonicMs } from './clock.js';
import type {
  ListenAddress,
  RunningSpeaker,
  RunSpeakerOptions,
  SpeakerEvents,
  SpeakerLimits,
} from './running-speaker.js';
import { remoteOf } from './socket-endpoints.js';
import { SpeakerLoop } from './speaker-loop.js';
import { type BgpListener, netTransport, type TransportPort } from './transport.js';

const LIMITS: SpeakerLimits = { openTimeS: 60, readOctets: 1 << 20, turnMs: 10, sendHoldS: 480 };
const BGP_PORT = 179;
/** A stranger's address is reported once in this time. */
const REFUSAL_QUIET_MS = 10_000;
const REFUSALS_REMEMBERED = 1024;

/** Cease/Connection Rejected, RFC 4486: for addresses that no peer has. */
const REJECTED = encodeMessage(
  { type: 'notification', errorCode: 6, errorSubcode: 5, data: new Uint8Array(0) },
  wireContext(),
);

/** Listens and dials; resolves once the listeners are up. Throws BgpConfigError, BgpTransportError, or a listener's error. */
export async function runSpeaker(options: RunSpeakerOptions): Promise<RunningSpeaker> {
  const speaker = new NodeSpeaker(options);
  try {
    for (const address of options.listen) await speaker.listen(address, options.backlog ?? 4096);
    for (const peer of options.peers ?? []) speaker.addPeer(peer);
  } catch (error) {
    await speaker.close();
    throw error;
  }
  return speaker;
}

/** A TCP-MD5 key, of an address or of a whole prefix. */
interface KeyOfPeers {
  readonly remoteAddress: Address;
  readonly length?: number;
  readonly password?: string;
}

const keyName = (remote: Address, length: number | undefined): string => `${formatAddress(remote)}/${length ?? ''}`;

const rangeKey = ({ prefix: { length, ...remoteAddress }, password }: PeerRangeConfig): KeyOfPeers => ({
  remoteAddress,
  length,
  ...(password !== undefined && { password }),
});

class NodeSpeaker implements RunningSpeaker {
  readonly asn: number;
  readonly routerId: number;
  readonly #loop: SpeakerLoop;
  readonly #transport: TransportPort;
  readonly #listeners: BgpListener[] = [];
  readonly #listening: { address: Address; port: number }[] = [];
  readonly #emitter = new EventEmitter();
  /** Keys by address, as the listeners have to know them. */
  readonly #passwords = new Map<string, { remote: Address; length: number | undefined; password: string }>();
  readonly #refusedAtMs = new Map<string, number>();
  #closing: Promise<void> | undefined;

  constructor(options: RunSpeakerOptions) {
    const { asn, routerId, clusterId, clientToClient, ebgpRequiresPolicy, decision, restarting } = options;
    const limits = { ...LIMITS, ...options.limits };
    this.asn = asn;
    this.routerId = routerId;
    this.#transport = options.transport ?? netTransport();
    this.#emitter.setMaxListeners(0);
    this.#loop = new SpeakerLoop(
      {
        asn,
        routerId,
        openHoldTimeS: limits.openTimeS,
        sendHoldS: limits.sendHoldS,
        ...(clusterId !== undefined && { clusterId }),
        ...(clientToClient !== undefined && { clientToClient }),
        ...(ebgpRequiresPolicy !== undefined && { ebgpRequiresPolicy }),
        ...(decision && { decision }),
        ...(restarting && { restarting }),
      },
      limits,
      {
        dial: ({ password, ttlSecurityHops, multihopTtl, remoteAddress, remotePort, localAddress, device }) =>
          this.#transport.connect({
            remoteAddress,
            remotePort,
            ...(localAddress && { localAddress }),
            ...(password !== undefined && { md5Password: password }),
            ...(ttlSecurityHops !== undefined && { gtsmHops: ttlSecurityHops }),
            ...(multihopTtl !== undefined && { ttl: multihopTtl }),
            ...(device !== undefined && { device }),
          }),
        password: (remote, password, length) => this.#setPassword(remote, password, length),
        event: (event) => this.#event(event),
      },
    );
  }

  get listening(): readonly { readonly address: Address; readonly port: number }[] {
    return this.#listening;
  }

  async listen({ address, port = BGP_PORT }: ListenAddress, backlog: number): Promise<void> {
    const listener = await this.#transport.listen({ address, port, backlog });
    this.#listeners.push(listener);
    const bound = listener.server.address();
    this.#listening.push({ address, port: bound !== null && typeof bound === 'object' ? bound.port : port });
    for (const { remote, password, length } of this.#passwords.values()) listener.setMd5(remote, password, length);
    listener.server.on('connection', (socket: Socket) => this.#accept(listener, socket));
    listener.server.on('error', (error) => this.#event({ type: 'problem', error }));
  }

  // ---- peers -----------------------------------------------------------------------------------------------------

  addPeer(peer: PeerConfig): void {
    this.#secured(peer, () => this.#loop.speaker.addPeer(peer, monotonicMs()));
    this.#loop.carryOut();
  }

  updatePeer(name: string, peer: PeerConfig): ChangeImpact {
    const impact = this.#secured(peer, () => this.#loop.speaker.updatePeer(name, peer, monotonicMs()));
    this.#loop.carryOut();
    return impact;
  }

  removePeer(name: string, { graceful = false }: { readonly graceful?: boolean } = {}): boolean {
    const removed = this.#loop.speaker.removePeer(name, monotonicMs(), graceful);
    this.#loop.carryOut();
    return removed;
  }

  addRange(range: PeerRangeConfig): void {
    this.#secured(rangeKey(range), () => this.#loop.speaker.addRange(range, monotonicMs()));
    this.#loop.carryOut();
  }

  updateRange(range: PeerRangeConfig): ChangeImpact {
    const impact = this.#secured(rangeKey(range), () => this.#loop.speaker.updateRange(range, monotonicMs()));
    this.#loop.carryOut();
    return impact;
  }

  removeRange(name: string): boolean {
    const removed = this.#loop.speaker.removeRange(name, monotonicMs());
    this.#loop.carryOut();
    return removed;
  }

  resetPeer(name: string, mode: ResetMode, text = ''): boolean {
    const done = this.#loop.speaker.resetPeer(name, mode, text, monotonicMs());
    this.#loop.carryOut();
    return done;
  }

  get onMessage(): MessageTap | undefined {
    return this.#loop.speaker.onMessage;
  }

  set onMessage(tap: MessageTap | undefined) {
    this.#loop.speaker.onMessage = tap;
  }

  tableDump(options: TableDumpOptions): TableDumpWriter {
    const originMs = Date.now() - monotonicMs();
    return this.#loop.speaker.tableDump(options, (atMs) => Math.floor((originMs + atMs) / 1000));
  }

  inject(name: string, update: Uint8Array): number | undefined {
    return this.#loop.inject(name, update);
  }

  addBmpCollector(collector: BmpCollectorConfig): void {
    this.#loop.speaker.bmp.add(collector, monotonicMs());
    this.#loop.carryOut();
  }

  removeBmpCollector(name: string): boolean {
    const removed = this.#loop.speaker.bmp.remove(name, monotonicMs());
    this.#loop.carryOut();
    return removed;
  }

  bmpCollectors = () => this.#loop.speaker.bmp.views();

  // ---- routes ----------------------------------------------------------------------------------------------------

  originate(prefix: Prefix, attributes?: OriginateAttributes): void {
    this.#loop.speaker.originate(prefix, attributes);
  }

  withdraw(prefix: Prefix): boolean {
    return this.#loop.speaker.withdraw(prefix);
  }

  get nextHops(): NextHopTable {
    return this.#loop.speaker.rib.nextHops;
  }

  subscribe(options?: SubscriptionOptions): BestRouteSubscription {
    return this.#loop.speaker.subscribe(options);
  }

  setClusterId(clusterId: number): void {
    this.#loop.speaker.setClusterId(clusterId);
  }

  // ---- views -----------------------------------------------------------------------------------------------------

  view = () => this.#loop.speaker.view();
  peers = () => this.#loop.speaker.peers();
  peer = (name: string) => this.#loop.speaker.peer(name);
  peerName = (index: number) => this.#loop.speaker.peerName(index);
  peerDevice = (index: number) => this.#loop.speaker.peerDevice(index);
  locRib = (query?: LocRibQuery) => this.#loop.speaker.rib.locRib(query);
  why = (prefix: Prefix) => this.#loop.speaker.rib.why(prefix);
  exports = (prefix: Prefix) => this.#loop.speaker.rib.exports(prefix);
  counters = () => this.#loop.speaker.rib.counters();

  adjRibIn(name: string, policy: 'pre' | 'post', family: FamilyName, page?: PageOptions) {
    const { speaker } = this.#loop;
    return speaker.rib.adjRibIn(speaker.ribPeer(name), policy, family, page);
  }

  adjRibOut(name: string, family: FamilyName, page?: PageOptions) {
    const { speaker } = this.#loop;
    return speaker.rib.adjRibOut(speaker.ribPeer(name), family, page);
  }

  // ---- events ----------------------------------------------------------------------------------------------------

  on<Name extends keyof SpeakerEvents>(name: Name, listener: (event: SpeakerEvents[Name]) => void): this {
    this.#emitter.on(name, listener);
    return this;
  }

  off<Name extends keyof SpeakerEvents>(name: Name, listener: (event: SpeakerEvents[Name]) => void): this {
    this.#emitter.off(name, listener);
    return this;
  }

  close({ graceful = false, text = '' } = {}): Promise<void> {
    this.#closing ??= this.#close(graceful, text);
    return this.#closing;
  }

  // ---- inside ----------------------------------------------------------------------------------------------------

  async #close(graceful: boolean, text: string): Promise<void> {
    const closed = this.#listeners.map((listener) => listener.close());
    this.#loop.speaker.close(graceful, text, monotonicMs());
    this.#loop.carryOut();
    await Promise.all([...closed, this.#loop.stop()]);
  }

  #accept(listener: BgpListener, socket: Socket): void {
    const remote = remoteOf(socket);
    if (!remote || this.#closing) {
      socket.destroy();
      return;
    }
    const acceptance = this.#loop.accept(socket, remote, ({ ttlSecurityHops, multihopTtl, password }) => {
      if (ttlSecurityHops === undefined && multihopTtl === undefined && password === undefined) return;
      if (!listener.secure) throw new Error('the listener cannot set options of a connection');
      listener.secure(socket, {
        ...(ttlSecurityHops !== undefined && { gtsmHops: ttlSecurityHops }),
        ...(multihopTtl !== undefined && { ttl: multihopTtl }),
        ...(password !== undefined && { md5Password: password }),
      });
    });
    if ('connection' in acceptance) return;
    socket.on('error', () => socket.destroy());
    // A neighbour on the link may become a peer in a moment: a NOTIFICATION would have it wait longer than that.
    if (acceptance.known || (remote.version === 6 && isLinkLocal(remote))) socket.destroy();
    else {
      socket.end(REJECTED);
      socket.destroySoon();
    }
  }

  /**
   * A key that cannot be honoured must be known before the peer exists: it would run unprotected, or never come up.
   * Where `change` fails nothing has changed, the keys included.
   */
  #secured<T>({ remoteAddress, password, length }: KeyOfPeers, change: () => T): T {
    if (password === undefined) return change();
    const before = this.#passwords.get(keyName(remoteAddress, length))?.password;
    for (const listener of this.#listeners) listener.setMd5(remoteAddress, password, length);
    try {
      return change();
    } catch (error) {
      this.#setPassword(remoteAddress, before, length);
      throw error;
    }
  }

  #setPassword(remote: Address, password: string | undefined, length: number | undefined): void {
    const key = keyName(remote, length);
    if (password === undefined) this.#passwords.delete(key);
    else this.#passwords.set(key, { remote, length, password });
    for (const listener of this.#listeners) {
      try {
        listener.setMd5(remote, password, length);
      } catch (error) {
        this.#event({ type: 'problem', error: error as Error });
      }
    }
  }

  #event(event: SpeakerEvent): void {
    if (event.type === 'refused' && this.#isRepeated(event.remoteAddress)) return;
    const { type, ...rest } = event;
    try {
      this.#emitter.emit(type, { ...rest, at: Date.now() });
    } catch (error) {
      // A listener's mistake must not stop what is being carried out; it surfaces as an uncaught exception.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #isRepeated(address: string): boolean {
    const nowMs = monotonicMs();
    const before = this.#refusedAtMs.get(address);
    if (before !== undefined && nowMs - before < REFUSAL_QUIET_MS) return true;
    if (this.#refusedAtMs.size >= REFUSALS_REMEMBERED) this.#refusedAtMs.clear();
    this.#refusedAtMs.set(address, nowMs);
    return false;
  }
}
