/** Attributes whose value is one 32-bit word, or a list of them. */
import { UPDATE_ERROR } from '../../iana.js';
import { u32At } from '../reader.js';
import { Writer } from '../writer.js';
import { type Complaint, complaint } from './codec.js';

/** A check that the value has `octets` octets. */
export function exactly(
  octets: number,
  name: string,
): (bytes: Uint8Array, start: number, end: number) => Complaint | undefined {
  const wrong = complaint(UPDATE_ERROR.attributeLength, `${name} is not ${octets} octets long`);
  return (_bytes, start, end) => (end - start === octets ? undefined : wrong);
}

/** A check that the length is a multiple of `octets` and not 0. */
export function multipleOf(
  octets: number,
  name: string,
): (bytes: Uint8Array, start: number, end: number) => Complaint | undefined {
  const wrong = complaint(UPDATE_ERROR.optionalAttribute, `the length of ${name} is no non-zero multiple of ${octets}`);
  return (_bytes, start, end) => (end > start && (end - start) % octets === 0 ? undefined : wrong);
}

export const encodeWord = (value: number): Uint8Array => new Writer().u32(value).finish();

export function decodeWords(bytes: Uint8Array, start: number, end: number): readonly number[] {
  const words: number[] = [];
  for (let at = start; at < end; at += 4) words.push(u32At(bytes, at));
  return words;
}

export function encodeWords(words: readonly number[]): Uint8Array {
  const writer = new Writer();
  for (const word of words) writer.u32(word);
  return writer.finish();
}
