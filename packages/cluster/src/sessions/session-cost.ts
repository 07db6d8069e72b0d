/** What it costs to take on another session in the place of one. */
import type { Session } from './session.js';

/** As the speaker classes changes of a peer: at once, by sending routes again, or by a new session. */
export type SessionCost = 'none' | 'applied' | 'soft-refresh' | 'session-reset';

const RANK: readonly SessionCost[] = ['none', 'applied', 'soft-refresh', 'session-reset'];

/** A row per field; the compiler refuses a field without one. Those of the same name have the same address. */
const COST: { readonly [field in Exclude<keyof Session, 'name' | 'family' | 'remoteAddress'>]: SessionCost } = {
  origin: 'none',
  node: 'none',
  reflector: 'none',
  /** Follows from the AS numbers. */
  type: 'none',
  remotePort: 'applied',
  remoteAsn: 'session-reset',
  localAddress: 'session-reset',
  localAsn: 'session-reset',
  client: 'soft-refresh',
  dialling: 'applied',
  nextHopMode: 'soft-refresh',
  password: 'session-reset',
  allowAsIn: 'soft-refresh',
  ttlSecurityHops: 'session-reset',
  restartTimeS: 'session-reset',
  keepaliveS: 'applied',
  holdTimeS: 'session-reset',
  connectRetryS: 'applied',
  reachableBy: 'applied',
  filters: 'soft-refresh',
  importPolicy: 'soft-refresh',
  bfd: 'applied',
};

export function sessionCost(before: Session, after: Session): SessionCost {
  let cost: SessionCost = 'none';
  for (const [field, each] of Object.entries(COST) as [keyof typeof COST, SessionCost][]) {
    if (JSON.stringify(before[field]) === JSON.stringify(after[field])) continue;
    if (RANK.indexOf(each) > RANK.indexOf(cost)) cost = each;
  }
  return cost;
}
