/** The netlink message header (struct nlmsghdr): a walk over the messages of a datagram. */
import { LinuxError } from '../errors.js';
import { align4, LITTLE_ENDIAN, viewOf } from './byte-order.js';

export const MESSAGE_HEADER_OCTETS = 16;

/** nlmsg_type values below 16 are of netlink itself. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** nlmsg_flags. REPLACE to APPEND are for requests that create; ROOT and MATCH together ask for a dump. */
export const NLM_F = {
  REQUEST: 0x01,
  MULTI: 0x02,
  ACK: 0x04,
  ECHO: 0x08,
  DUMP_INTERRUPTED: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const;

/** One message inside a datagram; the body is octets[start..end) of `bytes`. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly portId: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** Walks the messages of one or more datagrams laid end to end. Throws LinuxError `ERR_LINUX_MESSAGE` on a cut header or length. */
export function* messagesOf(bytes: Uint8Array): Generator<NetlinkMessage> {
  const view = viewOf(bytes);
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < MESSAGE_HEADER_OCTETS) throw cut(at, 'a message header needs 16 octets');
    const length = view.getUint32(at, LITTLE_ENDIAN);
    if (length < MESSAGE_HEADER_OCTETS || at + length > bytes.length) throw cut(at, `nlmsg_len is ${length}`);
    yield {
      type: view.getUint16(at + 4, LITTLE_ENDIAN),
      flags: view.getUint16(at + 6, LITTLE_ENDIAN),
      seq: view.getUint32(at + 8, LITTLE_ENDIAN),
      portId: view.getUint32(at + 12, LITTLE_ENDIAN),
      bytes,
      view,
      start: at + MESSAGE_HEADER_OCTETS,
      end: at + length,
    };
    at += align4(length);
  }
}

const cut = (at: number, why: string): LinuxError =>
  new LinuxError('ERR_LINUX_MESSAGE', `netlink message at octet ${at} is cut: ${why}`);

/** Throws unless the body holds the fixed structure of its type. */
export function requireBody(message: NetlinkMessage, octets: number): void {
  if (message.end - message.start < octets) {
    throw new LinuxError(
      'ERR_LINUX_MESSAGE',
      `netlink message of type ${message.type} has ${message.end - message.start} octets, its structure needs ${octets}`,
    );
  }
}
