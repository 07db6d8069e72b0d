/** What asks for a session from one node to another, in order of precedence. */
import type { ClusterIndex, PeerScope, SessionNode } from './cluster-index.js';
import type { SessionOrigin } from './session.js';

/** Something that asks for a session at the local node. */
export interface Offer {
  readonly origin: SessionOrigin;
  /** Absent for the mesh. */
  readonly scope?: PeerScope;
}

export const addressOf = (node: SessionNode, family: 4 | 6): string | undefined =>
  family === 4 ? node.ipv4 : node.ipv6;

/** Explicit before automatic; a global peer suppresses a node's own to the same address. */
const RANK: { readonly [type in SessionOrigin['type']]: number } = { global: 0, node: 1, reverse: 2, mesh: 3 };

/** Best first; among equals by name, so that the order of resources decides nothing. */
export const byPrecedence = (x: Offer, y: Offer): number =>
  RANK[x.origin.type] - RANK[y.origin.type] || ((x.scope?.name ?? '') < (y.scope?.name ?? '') ? -1 : 1);

/** Peers that can ask for a session with this node at either end. */
export const concerning = (index: ClusterIndex, node: SessionNode): readonly PeerScope[] =>
  index.peers.filter(
    (scope) =>
      scope.hasLocal(node) ||
      scope.hasRemote(node) ||
      (scope.remote !== undefined && (scope.remote.address === node.ipv4 || scope.remote.address === node.ipv6)),
  );

/** What asks `from` to have a session of this family with `to`, best first. `scopes`: those concerning either of the two. */
export function offersBetween(
  index: ClusterIndex,
  scopes: readonly PeerScope[],
  from: SessionNode,
  to: SessionNode,
  family: 4 | 6,
): Offer[] {
  const own = addressOf(from, family);
  const address = addressOf(to, family);
  // Two nodes that say the same address have no sessions over it: neither would reach the other.
  if (address === undefined || address === own) return [];
  const offers: Offer[] = [];
  for (const scope of scopes) {
    if (scope.remote !== undefined) {
      if (scope.remote.address === address && scope.hasLocal(from)) offers.push(explicit(scope));
      continue;
    }
    // Selected nodes have a session of each family that both ends have.
    if (own === undefined) continue;
    if (scope.hasLocal(from) && scope.hasRemote(to)) offers.push(explicit(scope));
    else if (scope.reverses && scope.hasRemote(from) && scope.hasLocal(to)) {
      offers.push({ origin: { type: 'reverse', peer: scope.name }, scope });
    }
  }
  if (own !== undefined && index.inMesh(from) && index.inMesh(to)) offers.push({ origin: { type: 'mesh' } });
  return offers.sort(byPrecedence);
}

export const explicit = (scope: PeerScope): Offer => ({
  origin: { type: scope.global ? 'global' : 'node', peer: scope.name },
  scope,
});
