/**
 * All sessions of a thread: sockets, timers, and which packet is for which session.
 *
 * ```
 *   UDP 3784, 4784 ─► Receiver ─► decode, TTL ─► session by discriminator, else by address ─► EngineSession
 *   (one per IP version and port)                                                            machine · timer · Sender
 *                                                  state changes, problems ◄──────────────────────┘
 * ```
 */
import { decodePacket, type SessionSpec, type SessionState, type SessionView, type StateChange } from '@tortie/bfd';
import { addressesEqual, formatAddress } from '@tortie/ip';
import { type Datagram, openRtnetlink, type Rtnetlink } from '@tortie/linux/node';
import { type DroppedPackets, noDroppedPackets } from './dropped-packets.js';
import { EngineSession, newDiscriminator } from './engine-session.js';
import type { BfdPlace } from './messages.js';
import { Receiver, type ReceiverKind } from './receiver.js';
import { Sender } from './sender.js';

export interface StateEvent {
  readonly name: string;
  readonly from: SessionState;
  readonly to: SessionState;
  /** The path is lost: from Up to Down, and not because either side was told to stop. RFC 5882 sections 3.2 and 4.2. */
  readonly failure: boolean;
  readonly view: SessionView;
}

export interface EngineEvents {
  state(event: StateEvent): void;
  /** A session cannot run, and is tried again. Told once per reason. */
  problem(name: string, text: string): void;
}

const REQUIRED_TTL = 255;
const RETRY_MS = 1000;

export class Engine {
  readonly #place: BfdPlace;
  readonly #events: EngineEvents;
  readonly #sessions = new Map<string, EngineSession>();
  readonly #byDiscriminator = new Map<number, EngineSession>();
  /** Removed ones that still tell their peers so. */
  readonly #leaving = new Map<EngineSession, NodeJS.Timeout>();
  readonly #retries = new Map<EngineSession, NodeJS.Timeout>();
  readonly #receivers: Receiver[] = [];
  readonly #dropped = noDroppedPackets();
  #rtnetlink: Promise<Rtnetlink> | undefined;
  #closed = false;

  constructor(events: EngineEvents, place: BfdPlace = {}) {
    this.#events = events;
    this.#place = place;
  }

  get dropped(): DroppedPackets {
    return this.#dropped;
  }

  views(): SessionView[] {
    return [...this.#sessions.values()].map((session) => session.view());
  }

  /** Adds a session, or changes the one of that name. The spec has been checked. */
  set(spec: SessionSpec): void {
    const present = this.#sessions.get(spec.name);
    if (present?.change(spec)) return;
    if (present) this.remove(spec.name);
    const discriminator = newDiscriminator((one) => this.#byDiscriminator.has(one));
    const session = new EngineSession(spec, discriminator, {
      drain: ({ spec }) => this.#receiver(spec)?.drain(),
      changed: (changed, change) => this.#changed(changed, change),
      broken: (broken) => this.#fail(broken, 'its address or interface is gone'),
    });
    this.#sessions.set(spec.name, session);
    this.#byDiscriminator.set(discriminator, session);
    void this.#open(session);
  }

  /** The peer is told AdminDown for as long as it may take to notice (RFC 5880 section 6.8.16). */
  remove(name: string): void {
    const session = this.#sessions.get(name);
    if (!session) return;
    this.#sessions.delete(name);
    this.#cancelRetry(session);
    if (!session.sender) {
      this.#forget(session);
      return;
    }
    const lingerMs = session.leave();
    this.#leaving.set(
      session,
      setTimeout(() => this.#forget(session), lingerMs),
    );
  }

  /** Every peer is told AdminDown once. */
  close(): void {
    this.#closed = true;
    for (const name of [...this.#sessions.keys()]) this.remove(name);
    for (const session of [...this.#leaving.keys()]) this.#forget(session);
    void this.#rtnetlink?.then((rtnetlink) => rtnetlink.close());
  }

  // ---- sockets ---------------------------------------------------------------------------------------------------

  async #open(session: EngineSession): Promise<void> {
    const { spec } = session;
    try {
      const ifindex = spec.device === undefined ? undefined : await this.#ifindex(spec.device);
      if (this.#closed || this.#sessions.get(spec.name) !== session) return;
      this.#checkUnique(session);
      this.#listen(spec);
      session.run(Sender.open(session.spec, ifindex, this.#place), ifindex);
    } catch (error) {
      if (!this.#closed && this.#sessions.get(spec.name) === session) this.#fail(session, (error as Error).message);
    }
  }

  #fail(session: EngineSession, reason: string): void {
    session.loseSender();
    if (this.#sessions.get(session.spec.name) !== session || this.#retries.has(session)) return;
    if (session.error !== reason) this.#events.problem(session.spec.name, reason);
    session.error = reason;
    this.#retries.set(
      session,
      setTimeout(() => {
        this.#retries.delete(session);
        void this.#open(session);
      }, RETRY_MS),
    );
  }

  #cancelRetry(session: EngineSession): void {
    clearTimeout(this.#retries.get(session));
    this.#retries.delete(session);
  }

  async #ifindex(device: string): Promise<number> {
    this.#rtnetlink ??= openRtnetlink({ ...(this.#place.netns !== undefined && { netns: this.#place.netns }) });
    const link = await (await this.#rtnetlink).link(device);
    if (!link) throw new Error(`there is no interface ${device}`);
    return link.ifindex;
  }

  /** Two sessions with one address could not tell the peer's first packets apart. */
  #checkUnique(session: EngineSession): void {
    const other = [...this.#sessions.values()].find(
      (one) => one !== session && one.sender && samePeer(one.spec, session.spec),
    );
    if (other) {
      throw new Error(`session "${other.spec.name}" has ${formatAddress(session.spec.remoteAddress)} already`);
    }
  }

  #listen(spec: SessionSpec): void {
    if (this.#receiver(spec)) return;
    const kind = kindOf(spec);
    this.#receivers.push(new Receiver(kind, this.#place, (datagram) => this.#receive(kind, datagram)));
  }

  #receiver(spec: SessionSpec): Receiver | undefined {
    const { version, multihop } = kindOf(spec);
    return this.#receivers.find(({ kind }) => kind.version === version && kind.multihop === multihop);
  }

  #forget(session: EngineSession): void {
    clearTimeout(this.#leaving.get(session));
    this.#leaving.delete(session);
    this.#byDiscriminator.delete(session.machine.discriminator);
    session.close();
    const kind = kindOf(session.spec);
    const isUsed = [...this.#byDiscriminator.values()].some((one) => sameKind(kindOf(one.spec), kind));
    if (isUsed) return;
    const at = this.#receivers.findIndex((one) => sameKind(one.kind, kind));
    if (at >= 0) this.#receivers.splice(at, 1)[0]!.close();
  }

  // ---- packets ---------------------------------------------------------------------------------------------------

  #receive(kind: ReceiverKind, datagram: Datagram): void {
    // RFC 5881 section 5: before anything else is looked at.
    if (!kind.multihop && datagram.ttl !== REQUIRED_TTL) {
      this.#dropped.ttl++;
      return;
    }
    const decoded = decodePacket(datagram.octets);
    if ('fault' in decoded) {
      this.#dropped[decoded.fault]++;
      return;
    }
    const { packet } = decoded;
    const session =
      packet.yourDiscriminator === 0
        ? [...this.#sessions.values()].find((one) => isFrom(one, kind, datagram))
        : this.#byDiscriminator.get(packet.yourDiscriminator);
    // The discriminator alone would let in whoever guesses it.
    if (session && isFrom(session, kind, datagram)) session.receive(packet);
    else this.#dropped['no-session']++;
  }

  #changed(session: EngineSession, { from, to, remoteAdminDown }: StateChange): void {
    if (this.#sessions.get(session.spec.name) !== session) return;
    const failure = from === 'up' && to === 'down' && !remoteAdminDown;
    this.#events.state({ name: session.spec.name, from, to, failure, view: session.view() });
  }
}

const kindOf = ({ remoteAddress, multihop = false }: SessionSpec): ReceiverKind => ({
  version: remoteAddress.version,
  multihop,
});

const sameKind = (x: ReceiverKind, y: ReceiverKind): boolean => x.version === y.version && x.multihop === y.multihop;

const samePeer = (x: SessionSpec, y: SessionSpec): boolean =>
  addressesEqual(x.remoteAddress, y.remoteAddress) && x.device === y.device && sameKind(kindOf(x), kindOf(y));

/** Whether a datagram is from the session's peer, and over its interface where the session has one. */
const isFrom = ({ spec, ifindex }: EngineSession, kind: ReceiverKind, { from, ifindex: over }: Datagram): boolean =>
  sameKind(kindOf(spec), kind) &&
  addressesEqual(spec.remoteAddress, from) &&
  (ifindex === undefined || ifindex === over);
