/**
 * The sessions a node must have: node-to-node mesh, BGPPeers for it, and the mirrors of BGPPeers that select it.
 *
 * Pure, and the same for any order of the resources. Both ends of a session between nodes work with the same function,
 * so each knows what the other one does: which AS number it shows, and whether it has the session at all.
 */
import type { ClusterIndex, PeerScope, SessionNode } from './cluster-index.js';
import { between, external, openSession, shadowed } from './make-session.js';
import { addressOf, byPrecedence, concerning, explicit, type Offer, offersBetween } from './offers.js';
import type { OpenSession, Session, SessionNote } from './session.js';

export interface DesiredSessions {
  /** By name. */
  readonly sessions: readonly Session[];
  /** By name. */
  readonly open: readonly OpenSession[];
  readonly notes: readonly SessionNote[];
}

/** `self` is the name of this node; without a node of that name there is nothing. */
export const desiredSessions = (index: ClusterIndex, self: string): DesiredSessions =>
  sessionsWith(index, self, undefined).desired;

/** What asks for sessions of `own` with another node, and what there is to say of that. */
interface NodeSessions {
  readonly sessions: readonly Session[];
  readonly notes: readonly SessionNote[];
}

/** Of one index and node, kept so that the next index costs no more than what differs. */
export interface Remembered {
  readonly index: ClusterIndex;
  readonly own: SessionNode;
  readonly scopes: readonly PeerScope[];
  /** By the other node's name; absent where there is nothing. */
  readonly byNode: ReadonlyMap<string, NodeSessions>;
  readonly desired: DesiredSessions;
}

interface SessionsAnswer {
  readonly desired: DesiredSessions;
  /** Undefined: there is no node of that name. */
  readonly remembered: Remembered | undefined;
}

const NONE: DesiredSessions = { sessions: [], open: [], notes: [] };

/** `before`: the answer for an earlier index; what cannot differ from it is not looked at again. */
export function sessionsWith(index: ClusterIndex, self: string, before: Remembered | undefined): SessionsAnswer {
  const own = index.node(self);
  if (!own) return { desired: NONE, remembered: undefined };
  const known = before?.own === own && before.index.hasRulesOf(index) ? before : undefined;
  const scopes = known?.scopes ?? concerning(index, own);
  const byNode = new Map(known?.byNode);
  let differs = !known;
  for (const { name, node } of nodeChanges(known?.index.nodes ?? [], index.nodes)) {
    if (name === self) continue;
    const found = node && withNode(index, scopes, own, node);
    const is = found !== undefined && found.sessions.length + found.notes.length > 0;
    if (is) byNode.set(name, found);
    const was = is ? true : byNode.delete(name);
    // So also where a peer by address was no node of ours before: with a node there is a session, or a note.
    differs ||= was;
  }
  const desired = differs ? assemble(index, scopes, own, byNode) : known!.desired;
  return { desired, remembered: { index, own, scopes, byNode, desired } };
}

/** Both in order of names; nodes that are the same object are the same. */
function* nodeChanges(
  before: readonly SessionNode[],
  after: readonly SessionNode[],
): Generator<{ name: string; node: SessionNode | undefined }> {
  let [at, next] = [0, 0];
  while (at < before.length || next < after.length) {
    const [former, node] = [before[at], after[next]];
    if (former === node) {
      at++;
      next++;
    } else if (node === undefined || (former !== undefined && former.name < node.name)) {
      at++;
      yield { name: former!.name, node: undefined };
    } else if (former === undefined || node.name < former.name) {
      next++;
      yield { name: node.name, node };
    } else {
      at++;
      next++;
      yield { name: node.name, node };
    }
  }
}

function withNode(
  index: ClusterIndex,
  scopes: readonly PeerScope[],
  own: SessionNode,
  node: SessionNode,
): NodeSessions | undefined {
  const sessions: Session[] = [];
  const notes: SessionNote[] = [];
  for (const family of [4, 6] as const) {
    const address = addressOf(node, family);
    if (address === undefined) continue;
    if (address === addressOf(own, family)) {
      const text = `node ${node.name} has our address ${address}: no session with it over that; one of the two needs another nodeAddress`;
      notes.push({ code: 'address-twice', subject: `Node/${node.name}`, text });
    }
    const [offer, ...others] = offersBetween(index, scopes, own, node, family);
    if (!offer) continue;
    const session = between({ index, scopes, own, node, family }, offer, notes);
    sessions.push(session);
    notes.push(...shadowed(session, others));
  }
  return sessions.length + notes.length === 0 ? undefined : { sessions, notes };
}

function assemble(
  index: ClusterIndex,
  scopes: readonly PeerScope[],
  own: SessionNode,
  byNode: ReadonlyMap<string, NodeSessions>,
): DesiredSessions {
  const sessions = new Map<string, Session>();
  const notes: SessionNote[] = index.faults.map(({ peer, reason }) => ({
    code: 'selector-invalid',
    subject: `BGPPeer/${peer}`,
    text: `BGPPeer ${peer} is left out: ${reason}`,
  }));
  for (const [, one] of [...byNode].sort(([x], [y]) => (x < y ? -1 : 1))) {
    for (const session of one.sessions) sessions.set(session.name, session);
    notes.push(...one.notes);
  }
  for (const [first, ...others] of externals(index, scopes, own)) {
    const session = external(index, own, first!);
    sessions.set(session.name, session);
    notes.push(...shadowed(session, others));
  }
  const open = scopes.flatMap((scope) => (scope.hasLocal(own) ? openSession(index, own, scope) : []));
  return { sessions: [...sessions.values()].sort(byName), open, notes };
}

/** What asks for sessions with addresses that no node of ours has, by address, best first. */
function externals(index: ClusterIndex, scopes: readonly PeerScope[], own: SessionNode): Offer[][] {
  const byAddress = new Map<string, Offer[]>();
  for (const scope of scopes) {
    if (!scope.remote || !scope.hasLocal(own) || index.at(scope.remote.address)) continue;
    const offers = byAddress.get(scope.remote.address) ?? [];
    byAddress.set(scope.remote.address, [...offers, explicit(scope)].sort(byPrecedence));
  }
  return [...byAddress.values()];
}

const byName = (x: Session, y: Session): number => (x.name < y.name ? -1 : 1);
