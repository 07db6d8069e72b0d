/** The shape of a row in the table of capabilities. */
import { NotificationError } from '../../errors.js';
import { ERROR_CODE, OPEN_ERROR } from '../../iana.js';
import type { Capability } from './capability.js';

export interface CapabilityCodec<C extends Capability = Capability> {
  readonly code: number;
  readonly type: C['type'];
  /** Decodes the value between two offsets; undefined where the capability's RFC says to ignore what is there. */
  decode(bytes: Uint8Array, start: number, end: number): C | undefined;
  encode(capability: C): Uint8Array;
}

/** A recognised parameter that is malformed: RFC 4271 section 6.2, Unspecific. */
const malformedCapability = (type: string, octets: number): NotificationError =>
  new NotificationError(
    ERROR_CODE.open,
    OPEN_ERROR.unspecific,
    `the ${type} capability has an unexpected length of ${octets} octets`,
  );

/** Throws unless the value consists of a head of `head` octets and entries of `entry` octets. */
export function checkLength(type: string, octets: number, head: number, entry = 0): void {
  const rest = octets - head;
  if (rest < 0 || (entry === 0 ? rest !== 0 : rest % entry !== 0)) throw malformedCapability(type, octets);
}
