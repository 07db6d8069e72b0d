/** What it costs to take on another session in the place of one. */
import type { OpenSession, Session } from './session.js';

/** As the speaker classes changes of a peer: at once, by sending routes again, or by a new session. */
export type SessionCost = 'none' | 'applied' | 'soft-refresh' | 'session-reset';

const RANK: readonly SessionCost[] = ['none', 'applied', 'soft-refresh', 'session-reset'];

type Field = Exclude<keyof Session | keyof OpenSession, 'name' | 'family' | 'remoteAddress'>;

/** A row per field; the compiler refuses a field without one. Those of the same name have the same address. */
const COST: { readonly [field in Field]: SessionCost } = {
  origin: 'none',
  node: 'none',
  reflector: 'none',
  at: 'session-reset',
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

type Fields = { readonly [field in Field]?: unknown };

export function sessionCost<T extends Session | OpenSession>(before: T, after: T): SessionCost {
  let cost: SessionCost = 'none';
  for (const [field, each] of Object.entries(COST) as [Field, SessionCost][]) {
    if (JSON.stringify((before as Fields)[field]) === JSON.stringify((after as Fields)[field])) continue;
    if (RANK.indexOf(each) > RANK.indexOf(cost)) cost = each;
  }
  return cost;
}
