/** Which families' routes outlive a session that ended. RFC 4724 section 4.2, RFC 8538 section 4. */
import type { Cause } from '../fsm/cause.js';
import type { Negotiated } from '../fsm/negotiate.js';
import { CEASE, ERROR_CODE } from '../iana.js';
import type { FamilyName } from '../wire/family/family.js';

/** `helper`: our configuration lets us keep routes of this peer. */
export function keptFamilies(negotiated: Negotiated, cause: Cause, helper: boolean): readonly FamilyName[] {
  const { gracefulRestart } = negotiated;
  if (!helper || !gracefulRestart || !keeps(cause, gracefulRestart.notification)) return [];
  return gracefulRestart.families;
}

function keeps(cause: Cause, notificationBit: boolean): boolean {
  switch (cause.type) {
    case 'tcp-failed':
    case 'replaced':
      return true;
    case 'hold-timer-expired':
    case 'send-hold-timer-expired':
      return notificationBit;
    case 'notification-sent':
    case 'notification-received':
      // RFC 8538 section 3: Hard Reset is the one NOTIFICATION that always means it.
      return notificationBit && !(cause.errorCode === ERROR_CODE.cease && cause.errorSubcode === CEASE.hardReset);
    case 'graceful-close':
    case 'stopped':
      return false;
  }
}
