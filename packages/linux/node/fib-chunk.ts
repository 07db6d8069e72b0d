/** One piece of work for the kernel: batches of 128 route messages in a buffer that is used again. */
import type { Prefix } from '@tortie/ip';
import {
  errnoName,
  messagesOf,
  NLMSG,
  type RouteTemplate,
  readAcknowledgement,
  refusalText,
  viewOf,
} from '@tortie/linux';
import type { NetlinkSocket } from './netlink-socket.js';

/** More in one send can lose the last acknowledgement to ENOBUFS. */
const BATCH_MESSAGES = 128;
const CHUNK_MESSAGES = 128 * BATCH_MESSAGES;
const FIRST_MESSAGES = 16 * BATCH_MESSAGES;
const NLM_F_ACK = 4;
const OCTETS_PER_MESSAGE = 96;

export interface Refusal {
  readonly errno: number;
  readonly code: string;
  readonly message: string;
}

export class FibChunk {
  #octets = new Uint8Array(FIRST_MESSAGES * OCTETS_PER_MESSAGE);
  #view = viewOf(this.#octets);
  #at = 0;
  #lastAt = 0;
  #ends: number[] = [];
  #seqs: number[] = [];
  #firstSeq = 0;
  /** Per message: the place of its change in the job, the way it asks for, what the table said before; -1 for none. */
  readonly changes = new Int32Array(CHUNK_MESSAGES);
  readonly ways = new Int32Array(CHUNK_MESSAGES);
  readonly before = new Int32Array(CHUNK_MESSAGES);
  count = 0;
  /** Every message is a batch of its own: slow, and no answer gets lost. */
  careful = false;
  #batch = BATCH_MESSAGES;

  get full(): boolean {
    return this.count >= CHUNK_MESSAGES;
  }

  /** Starts anew. Sequence numbers of a chunk are consecutive, so the socket must have room before they wrap. */
  start(firstSeq: number, careful: boolean): void {
    this.careful = careful;
    this.#batch = careful ? 1 : BATCH_MESSAGES;
    this.#at = 0;
    this.#ends = [];
    this.#seqs = [];
    this.#firstSeq = firstSeq;
    this.count = 0;
  }

  add(template: RouteTemplate, flags: number, prefix: Prefix, change: number, way: number, before: number): void {
    if (this.#at + template.length > this.#octets.length) this.#grow(template.length);
    const place = this.count++;
    const seq = this.#firstSeq + place;
    const last = place % this.#batch === this.#batch - 1;
    this.#lastAt = this.#at;
    this.#at = template.write(this.#octets, this.#view, this.#at, last ? flags | NLM_F_ACK : flags, seq, prefix);
    this.changes[place] = change;
    this.ways[place] = way;
    this.before[place] = before;
    if (last) this.#endBatch(seq);
  }

  /** Sends everything. `unanswered` is the first message of which nothing is known, or `count`. */
  async send(socket: NetlinkSocket): Promise<{ readonly refusals: Map<number, Refusal>; readonly unanswered: number }> {
    const { count } = this;
    if (count % this.#batch !== 0) {
      // The acknowledgement is asked of the last message of each batch; errors come for every message.
      this.#octets[this.#lastAt + 6]! |= NLM_F_ACK;
      this.#endBatch(this.#firstSeq + count - 1);
    }
    const octets = this.#octets.subarray(0, this.#at);
    const done = await socket.exchange(octets, Uint32Array.from(this.#ends), Uint32Array.from(this.#seqs));
    return {
      refusals: this.#read(done.replies),
      unanswered: Math.min(count, done.batchesDone * this.#batch),
    };
  }

  #endBatch(seq: number): void {
    this.#ends.push(this.#at);
    this.#seqs.push(seq);
  }

  #read(replies: Uint8Array): Map<number, Refusal> {
    const refusals = new Map<number, Refusal>();
    for (const message of messagesOf(replies)) {
      if (message.type !== NLMSG.ERROR) continue;
      const answer = readAcknowledgement(message);
      const place = answer.seq - this.#firstSeq;
      if (answer.errno === 0 || place < 0 || place >= this.count) continue;
      refusals.set(place, { errno: answer.errno, code: errnoName(answer.errno), message: refusalText(answer) });
    }
    return refusals;
  }

  #grow(need: number): void {
    const bigger = new Uint8Array(this.#octets.length * 2 + need);
    bigger.set(this.#octets);
    this.#octets = bigger;
    this.#view = viewOf(bigger);
  }
}
