import { type MessageWriter, messagesOf, type NetlinkMessage, MessageWriter as Writer } from '@tortie/linux';

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

export const hexOf = (write: (to: MessageWriter) => void): string => {
  const to = new Writer();
  write(to);
  return Buffer.from(to.written).toString('hex');
};

/** The only message in the octets. */
export function messageOf(hex: string): NetlinkMessage {
  const [message, ...rest] = messagesOf(bytesOf(hex));
  if (!message || rest.length) throw new Error('the vector holds not one message');
  return message;
}

/** The message cut to this many octets, with nlmsg_len set to fit: what is left must parse, or be refused with LinuxError. */
export function cutMessage(hex: string, octets: number): NetlinkMessage {
  const bytes = bytesOf(hex).slice(0, octets);
  new DataView(bytes.buffer).setUint32(0, octets, true);
  const [message] = messagesOf(bytes);
  return message!;
}
