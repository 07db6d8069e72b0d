/** A speaker with ends of connections in place of sockets, and a clock that is turned by hand. */
import { type Address, parseAddress } from '@tortie/ip';
import { Speaker, type SpeakerOptions } from '../../src/index.js';
import { decodeBody } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { Framer } from '../../src/wire/framer.js';
import type { Message } from '../../src/wire/message.js';
import { check, checkEqual } from './check.js';
import { type AddPathOf, CollectorEnd } from './collector-end.js';
import { checkNotification } from './notification-law.js';
import { RibModel } from './rib-model.js';

/** The peer's end of a connection. */
export interface PeerEnd {
  readonly connection: number;
  /** Its index in the RIB. */
  readonly peer: number;
  open: boolean;
  /** The speaker has sent its OPEN. */
  opened: boolean;
  /** The last message that the speaker sent here. */
  last: Message | undefined;
  readonly framer: Framer;
}

const LONG = 1e9;
const COLLECTOR = parseAddress('10.0.0.9');

export class SpeakerRig {
  readonly speaker: Speaker;
  readonly model: RibModel;
  nowMs = 0;
  readonly ends: PeerEnd[] = [];
  /** Connections that the speaker dials and that nobody has answered yet. */
  readonly dials: { readonly connection: number; readonly peer: string }[] = [];
  collector: CollectorEnd | undefined;
  /** Called with what the speaker sends. */
  onMessage: ((end: PeerEnd, message: Message) => void) | undefined;
  /** False: work is left undone and messages untaken, as under load. */
  eager = true;
  #workLeft = false;
  readonly #ready = new Set<number>();

  constructor(options: Omit<SpeakerOptions, 'nowMs'>) {
    this.speaker = new Speaker({ ...options, nowMs: 0 });
    this.model = new RibModel(this.speaker.rib);
  }

  /** A BMP collector that takes everything. */
  collect(addPath: AddPathOf): void {
    const monitor = ['adj-rib-in-pre', 'adj-rib-in-post', 'loc-rib'] as const;
    this.speaker.bmp.add({ name: 'collector', address: COLLECTOR, monitor }, this.nowMs);
    this.turn();
    const { connection } = this.dials.pop()!;
    this.collector = new CollectorEnd(connection, addPath);
    this.speaker.connected(connection, {}, this.nowMs);
    this.turn();
  }

  /** The peer connects; undefined where that is refused. */
  connect(address: Address, local: Address): PeerEnd | undefined {
    const acceptance = this.speaker.accept(address, { localAddress: local }, this.nowMs);
    const end = 'connection' in acceptance ? this.#end(acceptance.connection, acceptance.peer) : undefined;
    this.turn();
    return end;
  }

  /** The oldest dial is answered. */
  answer(local: Address): PeerEnd | undefined {
    const dial = this.dials.shift();
    if (!dial) return undefined;
    const end = this.#end(dial.connection, dial.peer);
    this.speaker.connected(dial.connection, { localAddress: local }, this.nowMs);
    this.turn();
    return end;
  }

  refuse(): void {
    const dial = this.dials.shift();
    if (dial) this.speaker.closed(dial.connection, 'refused', this.nowMs);
    this.turn();
  }

  write(end: PeerEnd, bytes: Uint8Array): void {
    if (!end.open) return;
    this.speaker.receive(end.connection, bytes, this.nowMs);
    this.turn();
  }

  close(end: PeerEnd): void {
    if (!end.open) return;
    end.open = false;
    this.speaker.closed(end.connection, 'the peer closed the connection', this.nowMs);
    this.turn();
  }

  /** Lets time pass; dials stay unanswered. */
  advance(ms: number): void {
    const until = this.nowMs + ms;
    for (let deadline = this.speaker.nextDeadlineMs; deadline !== undefined && deadline <= until; ) {
      this.nowMs = Math.max(this.nowMs, deadline);
      this.speaker.advance(this.nowMs);
      this.turn();
      const next = this.speaker.nextDeadlineMs;
      check(next === undefined || next > this.nowMs, 'a deadline that has passed stays');
      deadline = next;
    }
    this.nowMs = until;
  }

  /** Does everything that can be done at once. */
  settle(): void {
    const { eager } = this;
    this.eager = true;
    this.turn();
    this.eager = eager;
  }

  turn(): void {
    for (let turns = 0; ; turns++) {
      check(turns < 1000, 'a turn without end');
      const outputs = this.speaker.drain();
      for (const output of outputs) {
        if (output.type === 'send') this.#arrive(output.connection, output.bytes);
        else if (output.type === 'close') this.#closed(output.connection);
        else if (output.type === 'dial') this.dials.push(output);
        else if (output.type === 'work') this.#workLeft = true;
        else if (output.type === 'output-ready') this.#ready.add(output.connection);
        else if (output.type === 'event' && output.event.type === 'problem') throw output.event.error;
      }
      if (this.#workLeft && this.eager) this.#workLeft = this.speaker.work(LONG);
      const taken = this.eager && this.#take();
      if (outputs.length === 0 && !taken && !(this.#workLeft && this.eager)) return;
    }
  }

  /** One small increment of work. */
  work(prefixes: number): void {
    if (this.#workLeft) this.#workLeft = this.speaker.work(prefixes);
    this.turn();
  }

  #take(): boolean {
    let taken = false;
    for (const connection of this.#ready) {
      const chunks = this.speaker.take(connection, LONG);
      if (chunks.length === 0) this.#ready.delete(connection);
      for (const chunk of chunks) this.#arrive(connection, chunk);
      if (chunks.length > 0) taken = true;
    }
    return taken;
  }

  #end(connection: number, peer: string): PeerEnd {
    const index = this.speaker.ribPeer(peer);
    const end = { connection, peer: index, open: true, opened: false, last: undefined, framer: new Framer(65535) };
    this.ends.push(end);
    return end;
  }

  #closed(connection: number): void {
    this.#ready.delete(connection);
    if (connection === this.collector?.connection) this.collector = undefined;
    const dial = this.dials.findIndex((each) => each.connection === connection);
    if (dial >= 0) this.dials.splice(dial, 1);
    const end = this.ends.find((each) => each.connection === connection);
    if (end) end.open = false;
  }

  /** What the speaker sends is whole messages, understood by a decoder of the session without a fault. */
  #arrive(connection: number, bytes: Uint8Array): void {
    if (connection === this.collector?.connection) {
      this.collector.receive(bytes);
      return;
    }
    const end = this.ends.find((each) => each.connection === connection);
    check(end?.open === true, 'octets for a connection that is not there');
    const session = this.model.sessions.get(end.peer);
    end.framer.push(bytes);
    let octets = 0;
    for (let frame = end.framer.next(); frame; frame = end.framer.next()) {
      octets += frame.end - frame.start + 19;
      const message = decodeBody(frame.type, frame.bytes, frame.start, frame.end, session?.send ?? wireContext());
      if (message.type === 'update') checkEqual(message.faults, [], 'faults in an UPDATE of ours');
      if (message.type === 'notification') checkNotification(message);
      if (message.type === 'open') end.opened = true;
      end.last = message;
      this.onMessage?.(end, message);
    }
    check(octets === bytes.length, 'what the speaker writes at once is no whole messages');
  }
}
