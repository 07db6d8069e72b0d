/** The Cease of a farewell, and the words of one received. RFC 9003, RFC 8538. */
import { CEASE, ERROR_CODE } from '../iana.js';
import type { NotificationMessage } from '../wire/message.js';
import { insideHardReset, shutdownCommunication, shutdownNotification } from '../wire/notification.js';
import { encodeUtf8 } from '../wire/utf8.js';
import type { Farewell } from './event.js';

const NO_DATA: Uint8Array = new Uint8Array(0);
const MAX_TEXT_OCTETS = 255;

/** Text goes with Administrative Shutdown and Reset only; longer text than fits is cut. */
export function ceaseOf({ errorSubcode, text = '' }: Farewell): NotificationMessage {
  if (errorSubcode === CEASE.administrativeShutdown || errorSubcode === CEASE.administrativeReset) {
    return shutdownNotification(errorSubcode, fitting(text));
  }
  return { type: 'notification', errorCode: ERROR_CODE.cease, errorSubcode, data: NO_DATA };
}

function fitting(text: string): string {
  const characters = [...text];
  while (encodeUtf8(characters.join('')).length > MAX_TEXT_OCTETS) characters.pop();
  return characters.join('');
}

/** What the peer's operator wrote, '' without it. It goes into logs: control characters become spaces. */
export function shutdownText(message: NotificationMessage): string {
  const text = shutdownCommunication(insideHardReset(message) ?? message) ?? '';
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').trim();
}
