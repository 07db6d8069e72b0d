/** Which families' routes outlive a session that ended, and how long. RFC 4724 section 4.2, RFC 8538 section 4, RFC 9494. */
import type { GracefulRestartConfig } from '../config.js';
import type { Cause } from '../fsm/cause.js';
import type { Negotiated } from '../fsm/negotiate.js';
import { CEASE, ERROR_CODE } from '../iana.js';
import type { FamilyName } from '../wire/family/family.js';

export interface KeptFamily {
  readonly family: FamilyName;
  /** Until then the peer may be restarting, and its routes are as good as ever. 0 without graceful restart. */
  readonly restartS: number;
  /** And as long after that they stay as the last choice. 0 without long-lived graceful restart. */
  readonly longLivedS: number;
}

type Limits = Required<Pick<GracefulRestartConfig, 'helper' | 'staleTimeS' | 'longLivedStaleTimeMaxS'>>;

/** `limits`: our own configuration; undefined keeps nothing. */
export function keptFamilies(
  { gracefulRestart, longLived = [] }: Pick<Negotiated, 'gracefulRestart' | 'longLived'>,
  cause: Cause,
  limits: Limits | undefined,
): readonly KeptFamily[] {
  if (!limits?.helper || !gracefulRestart || !keeps(cause, gracefulRestart.notification)) return [];
  const longLivedOf = (name: FamilyName): number =>
    Math.min(longLived.find(({ family }) => family === name)?.staleTimeS ?? 0, limits.longLivedStaleTimeMaxS);
  const restartS = Math.min(gracefulRestart.restartTimeS, limits.staleTimeS);
  const kept = gracefulRestart.families.map((family) => ({ family, restartS, longLivedS: longLivedOf(family) }));
  for (const { family } of longLived) {
    const longLivedS = longLivedOf(family);
    if (longLivedS > 0 && !gracefulRestart.families.includes(family)) kept.push({ family, restartS: 0, longLivedS });
  }
  return kept;
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
