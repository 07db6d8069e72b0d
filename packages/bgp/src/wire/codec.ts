/** Whole messages from and to octets. RFC 4271 section 4. */
import { EncodeError, NotificationError } from '../errors.js';
import { ERROR_CODE, HEADER_ERROR, MESSAGE_TYPE } from '../iana.js';
import { maxMessageOctets, type WireContext } from './context.js';
import { checkHeader, type Frame, HEADER_OCTETS, STANDARD_OCTETS, writeHeader } from './framer.js';
import type { Message } from './message.js';
import { decodeNotification, encodeNotification } from './notification.js';
import { decodeOpen, encodeOpen } from './open.js';
import { u16At } from './reader.js';
import { decodeRouteRefresh, encodeRouteRefresh } from './route-refresh.js';
import { decodeUpdate, encodeUpdate } from './update.js';

/** Decodes a whole message with its header. Throws NotificationError. */
export function decodeMessage(bytes: Uint8Array, context: WireContext): Message {
  if (bytes.length < HEADER_OCTETS || u16At(bytes, 16) !== bytes.length) {
    const data = bytes.slice(16, 18);
    const reason = `${bytes.length} octets are not the message their header tells of`;
    throw new NotificationError(ERROR_CODE.header, HEADER_ERROR.badLength, reason, data);
  }
  checkHeader(bytes, 0, maxMessageOctets(context));
  return decodeBody(bytes[18]!, bytes, HEADER_OCTETS, bytes.length, context);
}

/** Decodes a message that a Framer has cut from a stream. Throws NotificationError. */
export const decodeFrame = ({ type, bytes, start, end }: Frame, context: WireContext): Message =>
  decodeBody(type, bytes, start, end, context);

/** Decodes the body of a message whose header was checked, as a frame gives it. Throws NotificationError. */
export function decodeBody(type: number, bytes: Uint8Array, start: number, end: number, context: WireContext): Message {
  switch (type) {
    case MESSAGE_TYPE.open:
      return decodeOpen(bytes, start, end);
    case MESSAGE_TYPE.update:
      return decodeUpdate(bytes, start, end, context);
    case MESSAGE_TYPE.notification:
      return decodeNotification(bytes, start, end);
    case MESSAGE_TYPE.routeRefresh:
      return decodeRouteRefresh(bytes, start, end);
    default:
      return { type: 'keepalive' };
  }
}

/** The whole message with its header. Throws EncodeError where it outgrows what the session allows. */
export function encodeMessage(message: Message, context: WireContext): Uint8Array {
  const { type, body } = encodeBody(message, context);
  const limit = message.type === 'open' ? STANDARD_OCTETS : maxMessageOctets(context);
  const length = HEADER_OCTETS + body.length;
  if (length > limit)
    throw new EncodeError(`the ${message.type} message would have ${length} octets of at most ${limit}`);
  const bytes = new Uint8Array(length);
  writeHeader(bytes, 0, length, type);
  bytes.set(body, HEADER_OCTETS);
  return bytes;
}

function encodeBody(message: Message, context: WireContext): { readonly type: number; readonly body: Uint8Array } {
  switch (message.type) {
    case 'open':
      return { type: MESSAGE_TYPE.open, body: encodeOpen(message) };
    case 'update':
      return { type: MESSAGE_TYPE.update, body: encodeUpdate(message, context) };
    case 'notification':
      return { type: MESSAGE_TYPE.notification, body: encodeNotification(message) };
    case 'route-refresh':
      return { type: MESSAGE_TYPE.routeRefresh, body: encodeRouteRefresh(message) };
    case 'keepalive':
      return { type: MESSAGE_TYPE.keepalive, body: new Uint8Array(0) };
  }
}
