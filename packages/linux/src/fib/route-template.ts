/**
 * Route messages of one way (next hops, protocol, metric, table): everything but flags, sequence number and prefix is
 * laid down once, and each route is a copy with a few words set (bench/fib-writer: 0.1 µs instead of 1.5 µs).
 */
import { type IpVersion, ipv4, ipv6, type Prefix } from '@tortie/ip';
import { LITTLE_ENDIAN, viewOf } from '../netlink/byte-order.js';
import { MESSAGE_HEADER_OCTETS } from '../netlink/message.js';
import { MessageWriter } from '../netlink/message-writer.js';
import { type RouteRequest, writeRoute } from '../route.js';

const FLAGS_AT = 6;
const SEQ_AT = 8;
const DST_LEN_AT = MESSAGE_HEADER_OCTETS + 1;
/** RTA_DST is the first attribute behind struct rtmsg. */
const DST_AT = MESSAGE_HEADER_OCTETS + 12 + 4;

export class RouteTemplate {
  readonly version: IpVersion;
  readonly #bytes: Uint8Array;

  constructor(version: IpVersion, type: number, request: Omit<RouteRequest, 'prefix'>) {
    this.version = version;
    const to = new MessageWriter();
    // A length other than 0 makes sure that the destination attribute is there.
    const prefix: Prefix = { ...(version === 4 ? ipv4(0) : ipv6(0, 0, 0, 0)), length: 1 };
    writeRoute(to, type, 0, 0, { ...request, prefix });
    this.#bytes = to.written.slice();
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Writes one message and returns the offset behind it. The caller guarantees the room. */
  write(into: Uint8Array, view: DataView, at: number, flags: number, seq: number, prefix: Prefix): number {
    into.set(this.#bytes, at);
    view.setUint16(at + FLAGS_AT, flags, LITTLE_ENDIAN);
    view.setUint32(at + SEQ_AT, seq, LITTLE_ENDIAN);
    into[at + DST_LEN_AT] = prefix.length;
    view.setUint32(at + DST_AT, prefix.a, false);
    if (this.version === 6) {
      view.setUint32(at + DST_AT + 4, prefix.b, false);
      view.setUint32(at + DST_AT + 8, prefix.c, false);
      view.setUint32(at + DST_AT + 12, prefix.d, false);
    }
    return at + this.#bytes.length;
  }

  /** One message alone, as octets. */
  message(flags: number, seq: number, prefix: Prefix): Uint8Array {
    const bytes = new Uint8Array(this.length);
    this.write(bytes, viewOf(bytes), 0, flags, seq, prefix);
    return bytes;
  }
}
