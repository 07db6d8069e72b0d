/**
 * What a peer may tell us, as one policy: first what protects this node, then the peer's own terms, then the default.
 *
 * Nobody takes this node's own addresses. Routes inside our own blocks are refused from everybody: whoever announces them would take our pods' traffic. The one
 * exception is an address of ours that IPAM says another node has borrowed. A default of 'pools' then accepts what lies
 * inside the pools and the ranges of services, and a default route where that is allowed.
 */
import type { PolicyTerm, RoutePolicy } from '@tortie/bgp';
import { addressBits, type Prefix, parsePrefix } from '@tortie/ip';

export interface ImportScope {
  readonly policy: 'pools' | 'all';
  readonly defaultRoute: boolean;
  readonly pools: readonly Prefix[];
  /** Ranges of service addresses: accepted like pools. */
  readonly services: readonly Prefix[];
  /** Addresses of this node, which nobody else has. */
  readonly ownAddresses: readonly Prefix[];
  readonly ownBlocks: readonly Prefix[];
  /** Host prefixes inside own blocks that another node uses. */
  readonly lentAddresses: readonly Prefix[];
}

/** Refuses nothing. */
export const OPEN_SCOPE: ImportScope = {
  policy: 'all',
  defaultRoute: true,
  pools: [],
  services: [],
  ownAddresses: [],
  ownBlocks: [],
  lentAddresses: [],
};

const DEFAULT_ROUTES = [parsePrefix('0.0.0.0/0'), parsePrefix('::/0')];

const within = (prefix: Prefix) => ({ prefix, ge: prefix.length, le: addressBits(prefix.version) });

export function importPolicy(scope: ImportScope, own: readonly PolicyTerm[]): RoutePolicy {
  const terms: PolicyTerm[] = [];
  if (scope.ownAddresses.length > 0) {
    const prefixes = scope.ownAddresses.map((prefix) => ({ prefix }));
    terms.push({ name: 'addresses of this node', match: { prefixes }, action: 'reject' });
  }
  if (scope.lentAddresses.length > 0) {
    const prefixes = scope.lentAddresses.map((prefix) => ({ prefix }));
    terms.push({ name: 'addresses lent to other nodes', match: { prefixes }, action: 'accept' });
  }
  if (scope.ownBlocks.length > 0) {
    terms.push({ name: 'own blocks', match: { prefixes: scope.ownBlocks.map(within) }, action: 'reject' });
  }
  terms.push(...own);
  if (scope.policy === 'all') return { terms };
  const accepted = scope.pools.map(within);
  if (accepted.length > 0) terms.push({ name: 'pools', match: { prefixes: accepted }, action: 'accept' });
  const services = scope.services.map(within);
  if (services.length > 0) terms.push({ name: 'service ranges', match: { prefixes: services }, action: 'accept' });
  if (scope.defaultRoute) {
    const prefixes = DEFAULT_ROUTES.map((prefix) => ({ prefix }));
    terms.push({ name: 'default route', match: { prefixes }, action: 'accept' });
  }
  // Said by name, so that whoever asks why a route is not used is told.
  terms.push({ name: 'outside pools and service ranges (importPolicy: pools)', action: 'reject' });
  return { terms, otherwise: 'reject' };
}
