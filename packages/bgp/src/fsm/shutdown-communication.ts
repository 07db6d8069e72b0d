/** The text in Cease/Administrative Shutdown and Administrative Reset. RFC 9003; wrapped in Hard Reset: RFC 8538. */
import { CEASE, ERROR_CODE } from '../iana.js';
import { utf8Decode, utf8Encode } from './utf8.js';

const MAX_OCTETS = 255;
const NO_DATA: Uint8Array = new Uint8Array(0);

const carriesText = (errorSubcode: number): boolean =>
  errorSubcode === CEASE.administrativeShutdown || errorSubcode === CEASE.administrativeReset;

/** The Data field for a Cease; longer text is cut at a character's edge so that it fits 255 octets. */
export function encodeShutdownText(errorSubcode: number, text: string): Uint8Array {
  if (!carriesText(errorSubcode) || text === '') return NO_DATA;
  const octets = utf8Encode(text);
  let length = Math.min(octets.length, MAX_OCTETS);
  // 0b10xxxxxx continues a character: step back to its beginning.
  if (length < octets.length) while (length > 0 && (octets[length]! & 0xc0) === 0x80) length--;
  const data = new Uint8Array(1 + length);
  data[0] = length;
  data.set(octets.subarray(0, length), 1);
  return data;
}

/**
 * The text of a received Cease; empty where there is none, or a malformed one (RFC 9003 section 4: not an error).
 * Control characters become spaces, for the text goes into logs.
 */
export function decodeShutdownText(errorCode: number, errorSubcode: number, data: Uint8Array): string {
  if (errorCode !== ERROR_CODE.cease) return '';
  if (errorSubcode === CEASE.hardReset && data.length >= 2) {
    return decodeShutdownText(data[0]!, data[1]!, data.subarray(2));
  }
  if (!carriesText(errorSubcode) || data.length < 1) return '';
  const length = data[0]!;
  if (length > data.length - 1) return '';
  const text = utf8Decode(data.subarray(1, 1 + length)) ?? '';
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').trim();
}
