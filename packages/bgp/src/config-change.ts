import { type Address, addressesEqual } from '@tortie/ip';
import type { ResolvedPeerConfig } from './config.js';
import { policyKey } from './route-policy/policy-effect.js';

/** What a change of a peer costs, cheapest first: nothing; applied in place; routes go again; the session starts anew. */
export type ChangeImpact = 'none' | 'applied' | 'soft-refresh' | 'session-reset';

type Cost = Exclude<ChangeImpact, 'none'>;

/** What a change of one field costs, or how to tell from the configuration before and after. */
type ImpactRow = Cost | ((before: ResolvedPeerConfig, after: ResolvedPeerConfig) => Cost);

/** The names of a policy and of its terms decide nothing about routes. */
const ofPolicy =
  (field: 'import' | 'export'): ImpactRow =>
  (before, after) =>
    policyKey(before[field]) === policyKey(after[field]) ? 'applied' : 'soft-refresh';

/** What the OPEN says costs the session; how we deal with the peer's routes does not. */
const ofGracefulRestart: ImpactRow = ({ gracefulRestart: before }, { gracefulRestart: after }) => {
  if (!before || !after) return 'session-reset';
  const said = ['restartTimeS', 'notification', 'longLivedStaleTimeS'] as const;
  if (said.some((field) => before[field] !== after[field])) return 'session-reset';
  return before.longLivedPartial === after.longLivedPartial ? 'applied' : 'soft-refresh';
};

/** One row per field; the compiler refuses a field without one. */
const IMPACT: { readonly [field in Exclude<keyof ResolvedPeerConfig, 'name'>]: ImpactRow } = {
  description: 'applied',
  remoteAddress: 'session-reset',
  remotePort: 'applied',
  remoteAsn: 'session-reset',
  localAddress: 'session-reset',
  localAsn: 'session-reset',
  localAsnPrependIn: 'soft-refresh',
  localAsnPrependOut: 'soft-refresh',
  passive: 'applied',
  waitForPeer: 'applied',
  adminDown: 'session-reset',
  adminDownText: 'applied',
  families: 'session-reset',
  holdTimeS: 'session-reset',
  keepaliveS: 'applied',
  connectRetryS: 'applied',
  delayOpenS: 'applied',
  idleHoldMaxS: 'applied',
  routeReflectorClient: 'soft-refresh',
  nextHopMode: 'soft-refresh',
  allowAsIn: 'soft-refresh',
  asOverride: 'soft-refresh',
  removePrivateAs: 'soft-refresh',
  localNextHops: 'soft-refresh',
  ttlSecurityHops: 'session-reset',
  multihopTtl: 'session-reset',
  // RFC 2385 section 4.5 leaves key changes open; a session that still runs on the old key would hide a wrong new one.
  password: 'session-reset',
  device: 'session-reset',
  role: 'session-reset',
  roleStrict: 'session-reset',
  gracefulShutdown: 'soft-refresh',
  acceptGracefulShutdown: 'soft-refresh',
  blackhole: 'soft-refresh',
  gracefulRestart: ofGracefulRestart,
  extendedMessages: 'session-reset',
  fourOctetAs: 'session-reset',
  addPathReceive: 'session-reset',
  // The OPEN says only whether we send several paths, not how many.
  addPathSendMax: (before, after) =>
    before.addPathSendMax > 0 && after.addPathSendMax > 0 ? 'soft-refresh' : 'session-reset',
  extendedNextHop: 'session-reset',
  maxPrefixes: 'applied',
  maxPrefixesAction: 'applied',
  import: ofPolicy('import'),
  export: ofPolicy('export'),
};

const RANK: readonly ChangeImpact[] = ['none', 'applied', 'soft-refresh', 'session-reset'];

export const stronger = (x: ChangeImpact, y: ChangeImpact): ChangeImpact => (RANK.indexOf(x) > RANK.indexOf(y) ? x : y);

export interface ConfigChange {
  readonly impact: ChangeImpact;
  readonly fields: readonly (keyof ResolvedPeerConfig)[];
}

/** Compares field by field and gives the changed fields and the strongest impact among them. */
export function classifyChange(before: ResolvedPeerConfig, after: ResolvedPeerConfig): ConfigChange {
  let impact: ChangeImpact = 'none';
  const fields: (keyof ResolvedPeerConfig)[] = [];
  for (const [field, row] of Object.entries(IMPACT) as [keyof typeof IMPACT, ImpactRow][]) {
    if (sameValue(before[field], after[field])) continue;
    fields.push(field);
    const cost = typeof row === 'string' ? row : row(before, after);
    impact = stronger(impact, cost);
  }
  return { impact, fields };
}

/** Structural equality of plain data; bigint, which policies may hold, included. */
function sameValue(x: unknown, y: unknown): boolean {
  if (Object.is(x, y)) return true;
  if (typeof x !== 'object' || typeof y !== 'object' || x === null || y === null) return false;
  if (isAddress(x) && isAddress(y) && !('length' in x)) return addressesEqual(x, y);
  const keys = Object.keys(x);
  if (Array.isArray(x) !== Array.isArray(y) || keys.length !== Object.keys(y).length) return false;
  return keys.every((key) => sameValue((x as Record<string, unknown>)[key], (y as Record<string, unknown>)[key]));
}

const isAddress = (value: object): value is Address => 'version' in value && 'a' in value && 'd' in value;
