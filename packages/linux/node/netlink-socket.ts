import {
  LITTLE_ENDIAN,
  LinuxError,
  messagesOf,
  type NetlinkMessage,
  NLMSG,
  readAcknowledgement,
  refusal,
  viewOf,
} from '@tortie/linux';
import { addon, checked, checkedOctets, syscallError } from './addon.js';
import { netlinkAddress, SOCK, SOL, setOption } from './descriptor.js';
import { type NetnsRef, netnsPath } from './netns-path.js';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
/** Of SOL_NETLINK. */
export const NETLINK = { ADD_MEMBERSHIP: 1, CAP_ACK: 10, EXT_ACK: 11, GET_STRICT_CHK: 12 } as const;
export const SO = { SNDBUF: 7, RCVBUF: 8, RCVTIMEO: 20, ATTACH_FILTER: 26, SNDBUFFORCE: 32, RCVBUFFORCE: 33 } as const;
const EPERM = 1;
const ANSWER_TIMEOUT_S = 10;
/** Size of one piece of a dump: about 1,500 routes, a few milliseconds of parsing. */
const DUMP_PIECE_OCTETS = 96 * 1024;
const NONE = new Uint8Array();
const NO_ENDS = new Uint32Array();

export interface NetlinkSocketOptions {
  readonly netns?: NetnsRef | undefined;
  /** Default: NETLINK_ROUTE. */
  readonly protocol?: number;
  readonly receiveBufferOctets?: number;
  /** Where a batch may be larger than what the system gives by itself. */
  readonly sendBufferOctets?: number;
}

/** What came back for some batches; errno is 0 when all were answered. */
export interface Exchanged {
  readonly replies: Uint8Array;
  readonly batchesDone: number;
  readonly errno: number;
}

interface Request {
  /** Reads as in "add address 10.0.0.1/24". */
  readonly what: string;
  readonly seq: number;
  readonly octets: Uint8Array;
  readonly resolve: (messages: NetlinkMessage[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A netlink socket, of rtnetlink unless told otherwise. */
export class NetlinkSocket {
  readonly fd: number;
  /** nlmsg_pid of our messages, and of the notifications they cause. */
  readonly portId: number;
  #seq = 1;
  /** Settles when the dump under way is over: its pieces and other answers must not mix. */
  #dumping: Promise<void> | undefined;
  #waiting: Request[] = [];
  /** Settles when no request waits any more. */
  #sending: Promise<void> | undefined;
  #native: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Like the constructor, without a wait of the main thread for the other namespace. */
  static async open(options: NetlinkSocketOptions = {}): Promise<NetlinkSocket> {
    const { netns, protocol = NETLINK_ROUTE } = options;
    const path = netnsPath(netns);
    if (!path) return new NetlinkSocket(options);
    return new NetlinkSocket(options, await addon().openSocketLater(AF_NETLINK, SOCK.RAW, protocol, path));
  }

  /** `opened`: a descriptor that was opened for it, or the errno why there is none. */
  constructor(options: NetlinkSocketOptions = {}, opened?: number) {
    const { netns, protocol = NETLINK_ROUTE, receiveBufferOctets = 1024 * 1024, sendBufferOctets } = options;
    const path = netnsPath(netns);
    const where = path ? ` in ${path}` : '';
    const what = protocol === NETLINK_ROUTE ? 'an rtnetlink socket' : `a netlink socket of protocol ${protocol}`;
    const fd = opened ?? addon().openSocket(AF_NETLINK, SOCK.RAW, protocol, path);
    this.fd = checked(`open ${what}${where}`, fd);
    try {
      if (sendBufferOctets) setBuffer(this.fd, SO.SNDBUFFORCE, SO.SNDBUF, sendBufferOctets);
      setBuffer(this.fd, SO.RCVBUFFORCE, SO.RCVBUF, receiveBufferOctets);
      const timeout = new Uint8Array(16);
      viewOf(timeout).setBigInt64(0, BigInt(ANSWER_TIMEOUT_S), LITTLE_ENDIAN);
      setOption(this.fd, SOL.SOCKET, SO.RCVTIMEO, timeout, 'SO_RCVTIMEO');
      setOption(this.fd, SOL.NETLINK, NETLINK.CAP_ACK, 1, 'NETLINK_CAP_ACK');
      setOption(this.fd, SOL.NETLINK, NETLINK.EXT_ACK, 1, 'NETLINK_EXT_ACK');
      setOption(this.fd, SOL.NETLINK, NETLINK.GET_STRICT_CHK, 1, 'NETLINK_GET_STRICT_CHK');
      checked(`bind ${what}`, addon().bind(this.fd, netlinkAddress()));
      const name = checkedOctets('read the port id', addon().getsockname(this.fd));
      this.portId = viewOf(name).getUint32(4, LITTLE_ENDIAN);
    } catch (error) {
      addon().close(this.fd);
      throw error;
    }
  }

  nextSeq(): number {
    this.#seq = this.#seq >= 0xffffffff ? 1 : this.#seq + 1;
    return this.#seq;
  }

  /**
   * Sends batches one by one and collects the answers. The octets must not change until it settles. The next exchange may
   * be asked for at once; the addon keeps the order.
   */
  async exchange(octets: Uint8Array, ends: Uint32Array, seqs: Uint32Array, limitOctets = 0): Promise<Exchanged> {
    while (this.#dumping) await this.#dumping;
    return this.#exchange(octets, ends, seqs, limitOctets);
  }

  async #exchange(octets: Uint8Array, ends: Uint32Array, seqs: Uint32Array, limit: number): Promise<Exchanged> {
    if (this.#closed) throw new LinuxError('ERR_LINUX_CLOSED', 'the netlink socket is closed');
    const native = addon().exchange(this.fd, octets, ends, seqs, limit);
    this.#native = native;
    const [replies, batchesDone, errno] = await native;
    return { replies, batchesDone, errno: -errno };
  }

  /**
   * One acknowledged request; gives the messages before the acknowledgement. Throws LinuxError `ERR_LINUX_NETLINK`. Those
   * asked for in one turn of the event loop, or while others are under way, go out together and in their order: they cost
   * one trip to another thread, and no thread waits for another.
   */
  request(what: string, seq: number, octets: Uint8Array): Promise<NetlinkMessage[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ what, seq, octets, resolve, reject });
      this.#sending ??= Promise.resolve().then(() => this.#sendWaiting());
    });
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      while (this.#dumping) await this.#dumping;
      const requests = this.#waiting;
      this.#waiting = [];
      await this.#send(requests);
    }
    this.#sending = undefined;
  }

  async #send(requests: readonly Request[]): Promise<void> {
    const ends = new Uint32Array(requests.length);
    let length = 0;
    for (const [index, { octets }] of requests.entries()) {
      length += octets.length;
      ends[index] = length;
    }
    const all = new Uint8Array(length);
    for (const [index, { octets }] of requests.entries()) all.set(octets, ends[index]! - octets.length);
    let done: Exchanged;
    try {
      done = await this.#exchange(
        all,
        ends,
        Uint32Array.from(requests, ({ seq }) => seq),
        0,
      );
    } catch (error) {
      for (const { reject } of requests) reject(error);
      return;
    }
    settle(requests, done);
  }

  /**
   * A dump in pieces. Others wait until it ends or is abandoned. Throws `ERR_LINUX_NETLINK` where the kernel refuses.
   * A table that changes meanwhile gives a dump that may miss or repeat entries, as netlink dumps do.
   */
  async *dump(what: string, seq: number, octets: Uint8Array): AsyncGenerator<NetlinkMessage[]> {
    const finish = await this.#acquire();
    let over = false;
    try {
      let out = octets;
      while (!over) {
        const ends = out.length ? Uint32Array.of(out.length) : NO_ENDS;
        const piece = await this.#exchange(out, ends, Uint32Array.of(seq), DUMP_PIECE_OCTETS);
        if (piece.errno) throw syscallError(what, piece.errno);
        over = piece.batchesDone === 1;
        out = NONE;
        const messages: NetlinkMessage[] = [];
        for (const message of messagesOf(piece.replies)) {
          if (message.seq !== seq) continue;
          if (message.type === NLMSG.ERROR) {
            over = true;
            checkAnswer(what, message);
          } else if (message.type === NLMSG.DONE) checkDone(what, message);
          else messages.push(message);
        }
        yield messages;
      }
    } finally {
      // An abandoned dump is read to its end: its answers must not meet the next request.
      while (!over && !this.#closed) {
        const rest = await this.#exchange(NONE, NO_ENDS, Uint32Array.of(seq), DUMP_PIECE_OCTETS);
        over = rest.batchesDone === 1 || rest.errno !== 0;
      }
      finish();
    }
  }

  /** Closes once the exchange under way has ended; those behind it are refused with `ERR_LINUX_CLOSED`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#native;
    addon().close(this.fd);
  }

  async #acquire(): Promise<() => void> {
    while (this.#dumping) await this.#dumping;
    let free = (): void => {};
    this.#dumping = new Promise<void>((resolve) => {
      free = resolve;
    });
    return () => {
      this.#dumping = undefined;
      free();
    };
  }
}

/** Beyond the system's limit with CAP_NET_ADMIN, else as far as the limit goes. */
export function setBuffer(fd: number, force: number, plain: number, octets: number): void {
  const value = new Uint8Array(4);
  viewOf(value).setInt32(0, octets, LITTLE_ENDIAN);
  if (addon().setsockopt(fd, SOL.SOCKET, force, value) === -EPERM) addon().setsockopt(fd, SOL.SOCKET, plain, value);
}

/** Gives each request its own answers. Where the exchange broke off, those behind that point have none. */
function settle(requests: readonly Request[], { replies, batchesDone, errno }: Exchanged): void {
  const answers = new Map<number, NetlinkMessage[]>(requests.map(({ seq }) => [seq, []]));
  const refused = new Map<number, unknown>();
  const words = new Map(requests.map(({ seq, what }) => [seq, what]));
  for (const message of messagesOf(replies)) {
    const { seq } = message;
    if (message.type !== NLMSG.ERROR) answers.get(seq)?.push(message);
    else {
      const answer = readAcknowledgement(message);
      const what = words.get(seq);
      if (what !== undefined && answer.errno) refused.set(seq, refusal(what, answer));
    }
  }
  for (const [index, { what, seq, resolve, reject }] of requests.entries()) {
    if (refused.has(seq)) reject(refused.get(seq));
    else if (index >= batchesDone) reject(syscallError(what, errno));
    else resolve(answers.get(seq)!);
  }
}

function checkAnswer(what: string, message: NetlinkMessage): void {
  const answer = readAcknowledgement(message);
  if (answer.errno) throw refusal(what, answer);
}

/** NLMSG_DONE carries the error of a dump that failed on its way. */
function checkDone(what: string, message: NetlinkMessage): void {
  if (message.end - message.start < 4) return;
  const errno = -message.view.getInt32(message.start, LITTLE_ENDIAN);
  if (errno > 0) throw syscallError(what, errno);
}
