/** What a change of a peer's configuration does to its sessions. */
import type { ResolvedPeerConfig } from '../config.js';
import type { ConfigChange } from '../config-change.js';
import type { Farewell } from '../fsm/event.js';
import { CEASE } from '../iana.js';

/** The Cease that a change needs; undefined where the session can stay. */
export function resetFor({ impact, fields }: ConfigChange, after: ResolvedPeerConfig): Farewell | undefined {
  if (impact !== 'session-reset') return undefined;
  if (after.adminDown) {
    return { errorSubcode: CEASE.administrativeShutdown, text: after.adminDownText, hard: true };
  }
  return { errorSubcode: CEASE.otherConfigurationChange, hard: !onlyProtects(fields) };
}

/** The peer and its routes are the same ones after the reset: it may keep them meanwhile where the N-bit allows that. */
const onlyProtects = (fields: ConfigChange['fields']): boolean =>
  fields.every((field) => field === 'password' || field === 'ttlSecurityHops' || field === 'holdTimeS');

/** Matters to an attempt that is under way, which then starts anew. */
export const concernsDialling = ({ fields }: ConfigChange): boolean =>
  fields.some(
    (field) => field === 'passive' || field === 'remotePort' || field === 'connectRetryS' || field === 'delayOpenS',
  );
