/** A speaker driven by a virtual clock: what node/ does with sockets and timers, in a page. */
import { type Address, formatAddress, parseAddress } from '@tortie/ip';
import {
  type ChangeImpact,
  type DialOptions,
  type PeerConfig,
  type ResetMode,
  Speaker,
  type SpeakerEvent,
  type SpeakerOutput,
} from '../src/index.js';
import { seededRandom } from './seeded-random.js';
import type { SimSocket } from './sim-link.js';
import type { SimHost, SimNetwork, SimRouterOptions } from './sim-network.js';

/** Octets of UPDATEs in flight to one peer. */
const WINDOW_OCTETS = 65536;

export class SimRouter implements SimHost {
  readonly address: Address;
  readonly speaker: Speaker;
  onEvent: ((event: SpeakerEvent) => void) | undefined;
  /** Everything it reported, oldest first. */
  readonly events: (SpeakerEvent & { readonly atMs: number })[] = [];
  /** TCP-MD5 keys by address, as a listener would know them. */
  readonly passwords = new Map<Address, string>();
  /** Keys of prefixes as they were set and taken away: the length, and the key. */
  readonly rangeKeys: (readonly [length: number, password: string | undefined])[] = [];
  readonly #network: SimNetwork;
  readonly #sockets = new Map<number, SimSocket>();
  readonly #ready = new Set<number>();
  #workLeft = false;
  #turnPlanned = false;
  #plannedMs = Number.POSITIVE_INFINITY;

  readonly #stopwatch: () => number;
  readonly #keepsEvents: boolean;
  #crashed = false;
  /** Of the stopwatch, in everything but what is called from outside. */
  spentMs = 0;

  constructor(network: SimNetwork, { address, stopwatch = () => 0, keepsEvents = true, ...options }: SimRouterOptions) {
    this.#stopwatch = stopwatch;
    this.#keepsEvents = keepsEvents;
    this.#network = network;
    this.address = parseAddress(address);
    this.speaker = new Speaker({
      routerId: this.address.a,
      random: seededRandom(this.address.a ^ this.address.d),
      ...options,
      nowMs: network.clock.nowMs,
    });
    this.speaker.onPending = () => this.#plan();
  }

  get #nowMs(): number {
    return this.#network.clock.nowMs;
  }

  addPeer(peer: Omit<PeerConfig, 'remoteAddress' | 'name'> & { readonly name?: string; readonly at: string }): void {
    const { at, name = at, ...rest } = peer;
    this.speaker.addPeer({ ...rest, name, remoteAddress: parseAddress(at) }, this.#nowMs);
    this.turn();
  }

  updatePeer(
    peer: Omit<PeerConfig, 'remoteAddress' | 'name'> & { readonly name?: string; readonly at: string },
  ): ChangeImpact {
    const { at, name = at, ...rest } = peer;
    const impact = this.speaker.updatePeer(name, { ...rest, name, remoteAddress: parseAddress(at) }, this.#nowMs);
    this.turn();
    return impact;
  }

  removePeer(name: string, graceful = false): void {
    this.speaker.removePeer(name, this.#nowMs, graceful);
    this.turn();
  }

  resetPeer(name: string, mode: ResetMode, text = ''): boolean {
    const done = this.speaker.resetPeer(name, mode, text, this.#nowMs);
    this.turn();
    return done;
  }

  /** Closes everything and leaves the network, as a process that ends does. */
  shutDown({ graceful = false, text = '' } = {}): void {
    this.speaker.close(graceful, text, this.#nowMs);
    this.turn();
  }

  /** Ends without doing anything: its host closes the connections, or (`silent`) is gone itself. */
  crash({ silent = false } = {}): void {
    this.#crashed = true;
    this.#network.unplug(formatAddress(this.address), { dark: silent });
    for (const socket of this.#sockets.values()) {
      socket.onData = socket.onClosed = socket.onDrain = undefined;
      if (silent) socket.cut();
      else socket.close('the peer closed the connection');
    }
    this.#sockets.clear();
  }

  state(peer: string): string | undefined {
    return this.speaker.peer(peer)?.state;
  }

  isUp(peer: string): boolean {
    return this.state(peer) === 'established';
  }

  /** The reasons for which a peer's shown state fell, oldest first. */
  reasons(peer: string): string[] {
    return this.events.flatMap((event) =>
      event.type === 'session' && event.peer === peer && event.reason !== undefined ? [event.reason] : [],
    );
  }

  accept(socket: SimSocket, from: Address): boolean {
    const acceptance = this.speaker.accept(from, { localAddress: this.address, localPort: 179 }, this.#nowMs);
    if ('connection' in acceptance) this.#attach(acceptance.connection, socket);
    this.turn();
    return 'connection' in acceptance;
  }

  /** Carries out everything there is to do at this moment. */
  turn(): void {
    for (;;) {
      const outputs = this.speaker.drain();
      for (const output of outputs) this.#carryOut(output);
      if (this.#workLeft) this.#workLeft = this.speaker.work(1000);
      const sent = this.#send();
      if (outputs.length === 0 && !this.#workLeft && !sent) break;
    }
    this.#planDeadline();
  }

  #carryOut(output: SpeakerOutput): void {
    switch (output.type) {
      case 'dial':
        this.#dial(output.connection, output.options);
        return;
      case 'send':
        this.#sockets.get(output.connection)?.write(output.bytes);
        return;
      case 'close':
        this.#sockets.get(output.connection)?.close();
        this.#sockets.delete(output.connection);
        this.#ready.delete(output.connection);
        return;
      case 'output-ready':
        this.#ready.add(output.connection);
        return;
      case 'work':
        this.#workLeft = true;
        return;
      case 'password':
        if (output.length !== undefined) this.rangeKeys.push([output.length, output.password]);
        else if (output.password === undefined) this.passwords.delete(output.remoteAddress);
        else this.passwords.set(output.remoteAddress, output.password);
        return;
      case 'event':
        if (this.#keepsEvents) this.events.push({ ...output.event, atMs: this.#nowMs });
        this.onEvent?.(output.event);
        return;
    }
  }

  #dial(connection: number, { remoteAddress, remotePort }: DialOptions): void {
    const { socket } = this.#network.dial(this.address, remoteAddress, (refused) => {
      if (this.#crashed) return;
      if (refused === undefined) {
        this.speaker.connected(connection, { localAddress: this.address, remotePort }, this.#nowMs);
      } else {
        this.#sockets.delete(connection);
        this.speaker.closed(connection, refused, this.#nowMs);
      }
      this.turn();
    });
    this.#attach(connection, socket);
  }

  #attach(connection: number, socket: SimSocket): void {
    this.#sockets.set(connection, socket);
    socket.onData = (bytes, more) => {
      const beganMs = this.#stopwatch();
      this.speaker.receive(connection, bytes, this.#nowMs);
      if (!more) this.turn();
      this.spentMs += this.#stopwatch() - beganMs;
    };
    socket.onClosed = (reason) => {
      this.#sockets.delete(connection);
      this.speaker.closed(connection, reason, this.#nowMs);
      this.turn();
    };
    socket.onDrain = () => this.#timed(() => this.turn());
  }

  #send(): boolean {
    let sent = false;
    for (const connection of this.#ready) {
      const socket = this.#sockets.get(connection);
      if (!socket || socket.unread >= WINDOW_OCTETS) continue;
      const chunks = this.speaker.take(connection, WINDOW_OCTETS);
      if (chunks.length === 0) this.#ready.delete(connection);
      for (const chunk of chunks) {
        socket.write(chunk);
        sent = true;
      }
    }
    return sent;
  }

  #timed(work: () => void): void {
    if (this.#crashed) return;
    const beganMs = this.#stopwatch();
    work();
    this.spentMs += this.#stopwatch() - beganMs;
  }

  #plan(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    this.#network.clock.after(0, () => {
      this.#turnPlanned = false;
      this.#timed(() => this.turn());
    });
  }

  #planDeadline(): void {
    const deadlineMs = this.speaker.nextDeadlineMs;
    if (deadlineMs === undefined || deadlineMs >= this.#plannedMs) return;
    this.#plannedMs = deadlineMs;
    this.#network.clock.at(deadlineMs, () => {
      if (this.#plannedMs > this.#nowMs) return;
      this.#plannedMs = Number.POSITIVE_INFINITY;
      this.#timed(() => {
        this.speaker.advance(this.#nowMs);
        this.turn();
      });
    });
  }
}
