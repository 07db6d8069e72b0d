/** What a session does to routes on their way out: the operator's policy, and behind it what other settings ask for. */
import { WELL_KNOWN_COMMUNITY } from '../iana.js';
import type { AttributeTable } from '../rib/attribute-table.js';
import type { PeerTable } from '../rib/peer-table.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import type { RibSession } from '../rib/rib-session.js';
import { CompiledPolicy } from '../route-policy/compile.js';
import type { PolicyTerm, PolicyTrace, RoutePolicy } from '../route-policy/policy.js';

/** As CompiledPolicy has it. */
export interface ExportPolicy {
  apply(key: PrefixKey, version: 4 | 6, id: number, source: number): number;
  trace(key: PrefixKey, version: 4 | 6, id: number, source: number, names?: RoutePolicy): PolicyTrace | undefined;
  forget(): void;
}

/** RFC 9494 section 4.6: the last choice, and no further than the AS. */
const LAST_CHOICE: PolicyTerm = {
  match: { communities: [WELL_KNOWN_COMMUNITY.llgrStale] },
  action: 'next',
  set: { localPref: 0, addCommunities: [WELL_KNOWN_COMMUNITY.noExport] },
};

/** RFC 8326 section 4.1. Inside the AS the community alone would make no route the last choice. */
const draining = (ibgp: boolean): PolicyTerm => ({
  action: 'next',
  set: { addCommunities: [WELL_KNOWN_COMMUNITY.gracefulShutdown], ...(ibgp && { localPref: 0 }) },
});

/** Undefined where routes stay as they are. `last`: long-lived stale routes are made the last choice. */
export function exportPolicy(
  { exportPolicy: wanted, gracefulShutdown, type }: RibSession,
  last: boolean,
  table: AttributeTable,
  peers: PeerTable,
): ExportPolicy | undefined {
  const compile = (policy: RoutePolicy): CompiledPolicy => new CompiledPolicy(policy, table, peers, 'export');
  const first = wanted && compile(wanted);
  const terms = [...(last ? [LAST_CHOICE] : []), ...(gracefulShutdown === true ? [draining(type === 'ibgp')] : [])];
  return terms.length === 0 ? first : new PolicyChain(first, compile({ terms }), table);
}

/** What the first one accepts goes through the second one, which rejects nothing. Traces are the first one's. */
class PolicyChain implements ExportPolicy {
  readonly #first: CompiledPolicy | undefined;
  readonly #second: CompiledPolicy;
  readonly #table: AttributeTable;

  constructor(first: CompiledPolicy | undefined, second: CompiledPolicy, table: AttributeTable) {
    this.#first = first;
    this.#second = second;
    this.#table = table;
  }

  apply(key: PrefixKey, version: 4 | 6, id: number, source: number): number {
    if (!this.#first) return this.#second.apply(key, version, id, source);
    const between = this.#first.apply(key, version, id, source);
    if (between === 0) return 0;
    const result = this.#second.apply(key, version, between, source);
    this.#table.release(between);
    return result;
  }

  trace(key: PrefixKey, version: 4 | 6, id: number, source: number, names?: RoutePolicy): PolicyTrace | undefined {
    return this.#first?.trace(key, version, id, source, names);
  }

  forget(): void {
    this.#first?.forget();
    this.#second.forget();
  }
}
