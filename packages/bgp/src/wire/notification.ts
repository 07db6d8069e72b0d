/** NOTIFICATION, RFC 4271 section 4.5; the shutdown communication RFC 9003; Hard Reset RFC 8538. */
import { EncodeError, type NotificationError } from '../errors.js';
import { CEASE, ERROR_CODE } from '../iana.js';
import type { NotificationMessage } from './message.js';
import { decodeUtf8, encodeUtf8 } from './utf8.js';
import { Writer } from './writer.js';

const NO_DATA: Uint8Array = new Uint8Array(0);

/** Decodes the body. Nothing in it is an error: a NOTIFICATION is never answered (RFC 4271 section 6.4). */
export const decodeNotification = (bytes: Uint8Array, start: number, end: number): NotificationMessage => ({
  type: 'notification',
  errorCode: bytes[start]!,
  errorSubcode: bytes[start + 1]!,
  data: bytes.slice(start + 2, end),
});

export const encodeNotification = ({ errorCode, errorSubcode, data }: NotificationMessage): Uint8Array =>
  new Writer().u8(errorCode).u8(errorSubcode).octets(data).finish();

/** The message that tells the peer of this error. */
export const notificationOf = ({ errorCode, errorSubcode, data }: NotificationError): NotificationMessage => ({
  type: 'notification',
  errorCode,
  errorSubcode,
  data,
});

const carriesText = ({ errorCode, errorSubcode }: NotificationMessage): boolean =>
  errorCode === ERROR_CODE.cease &&
  (errorSubcode === CEASE.administrativeShutdown || errorSubcode === CEASE.administrativeReset);

/** What the peer's operator wrote, or undefined: another message, no text, or a malformed one. RFC 9003 section 2. */
export function shutdownCommunication(message: NotificationMessage): string | undefined {
  const { data } = message;
  if (!carriesText(message) || data.length === 0 || data[0] === 0 || data[0]! + 1 !== data.length) return undefined;
  return decodeUtf8(data, 1);
}

/** A Cease with a text for the peer's operator. Throws EncodeError above 255 octets of UTF-8. */
export function shutdownNotification(
  errorSubcode: typeof CEASE.administrativeShutdown | typeof CEASE.administrativeReset,
  text = '',
): NotificationMessage {
  const octets = encodeUtf8(text);
  if (octets.length > 255)
    throw new EncodeError(`a shutdown communication has at most 255 octets, not ${octets.length}`);
  const data = octets.length === 0 ? NO_DATA : new Writer().u8(octets.length).octets(octets).finish();
  return { type: 'notification', errorCode: ERROR_CODE.cease, errorSubcode, data };
}

/** Wraps a notification so that a peer with the N bit drops the routes at once. RFC 8538 section 3.1. */
export const hardReset = (inner: NotificationMessage): NotificationMessage => ({
  type: 'notification',
  errorCode: ERROR_CODE.cease,
  errorSubcode: CEASE.hardReset,
  data: encodeNotification(inner),
});

/** The notification inside a Hard Reset; undefined for any other, or where the inside is too short. */
export function insideHardReset({
  errorCode,
  errorSubcode,
  data,
}: NotificationMessage): NotificationMessage | undefined {
  if (errorCode !== ERROR_CODE.cease || errorSubcode !== CEASE.hardReset || data.length < 2) return undefined;
  return decodeNotification(data, 0, data.length);
}
