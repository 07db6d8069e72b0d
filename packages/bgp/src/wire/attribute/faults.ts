/** Faults in UPDATE messages: what RFC 7606 says to do about each. */

import { NotificationError } from '../../errors.js';
import { ERROR_CODE } from '../../iana.js';

/** From the weakest to the strongest. RFC 7606 section 2. */
export type FaultAction = 'attribute-discard' | 'treat-as-withdraw' | 'session-reset';

export interface Fault {
  readonly action: FaultAction;
  /** Absent where the fault is not one attribute's. */
  readonly attributeType?: number;
  /** The subcode of UPDATE Message Error that a session reset would carry. */
  readonly errorSubcode: number;
  /** The Data field of that NOTIFICATION: the erroneous attribute as received, or nothing. */
  readonly data: Uint8Array;
  /** For a log line: what was wrong. */
  readonly reason: string;
}

const STRENGTH: Readonly<Record<FaultAction, number>> = {
  'attribute-discard': 1,
  'treat-as-withdraw': 2,
  'session-reset': 3,
};

/** The fault whose action wins: the strongest, the first of equals. RFC 7606 section 3 (h). */
export function strongestFault(faults: readonly Fault[]): Fault | undefined {
  let strongest: Fault | undefined;
  for (const fault of faults) {
    if (!strongest || STRENGTH[fault.action] > STRENGTH[strongest.action]) strongest = fault;
  }
  return strongest;
}

/** The exception that ends the session for this fault. */
export const faultToNotification = (fault: Fault): NotificationError =>
  new NotificationError(ERROR_CODE.update, fault.errorSubcode, fault.reason, fault.data);
