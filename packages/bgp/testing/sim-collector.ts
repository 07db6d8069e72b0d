/**
 * A BMP collector that reads everything and keeps what it was told: sessions, and their tables by view. It throws where the
 * stream contradicts itself: a route of a session that is not up, a Peer Up of one that is.
 */
import { formatAddress, formatPrefix } from '@tortie/ip';
import {
  BmpFramer,
  type BmpMessage,
  type BmpPeer,
  type BmpRouteMonitoring,
  decodeBmp,
  decodeMessage,
  FAMILIES,
  type OpenMessage,
  type UpdateMessage,
  wireContext,
} from '../src/index.js';

export type CollectedView = 'pre' | 'post' | 'out' | 'loc-rib';

interface CollectedSession {
  /** By family: whether its peer sends several paths, and whether it is sent several. */
  readonly addPath: { readonly in: readonly boolean[]; readonly out: readonly boolean[] };
  /** Route by `view`, then by `prefix` or `prefix pathId`: its path of AS numbers. */
  readonly tables: Map<CollectedView, Map<string, string>>;
  /** Views and families whose End-of-RIB came: `pre ipv4-unicast`. */
  readonly endOfRib: Set<string>;
}

export class SimCollector {
  /** Everything received, oldest first. */
  readonly messages: BmpMessage[] = [];
  /** By address of the peer; the loc-rib has ''. */
  readonly sessions = new Map<string, CollectedSession>();
  #framer = new BmpFramer();

  /** A new connection: nothing of the one before counts. */
  restart(): void {
    this.messages.length = 0;
    this.sessions.clear();
    this.#framer = new BmpFramer();
  }

  receive(bytes: Uint8Array): void {
    for (const octets of this.#framer.push(bytes)) this.#message(decodeBmp(octets));
  }

  /** A table as text, sorted: `10.0.0.0/24 via 65001 65002`. */
  table(peer: string, view: CollectedView): readonly string[] {
    const table = this.sessions.get(peer)?.tables.get(view) ?? new Map<string, string>();
    return [...table].map(([route, path]) => `${route} via ${path}`).sort();
  }

  hasEnded(peer: string, view: CollectedView, family: string): boolean {
    return this.sessions.get(peer)?.endOfRib.has(`${view} ${family}`) ?? false;
  }

  #message(message: BmpMessage): void {
    if (this.messages.length === 0 && message.type !== 'initiation') throw new Error(`${message.type} comes first`);
    this.messages.push(message);
    switch (message.type) {
      case 'peer-up': {
        const key = keyOf(message.peer);
        if (this.sessions.has(key)) throw new Error(`${key} is up already`);
        const { receivedOpen, sentOpen } = message;
        const addPath = { in: sharedAddPath(receivedOpen, sentOpen), out: sharedAddPath(sentOpen, receivedOpen) };
        this.sessions.set(key, { addPath, tables: new Map(), endOfRib: new Set() });
        return;
      }
      case 'peer-down':
        if (!this.sessions.delete(keyOf(message.peer))) throw new Error(`${keyOf(message.peer)} was not up`);
        return;
      case 'route-monitoring':
        this.#routes(message);
        return;
      default:
        return;
    }
  }

  #routes({ peer, update }: BmpRouteMonitoring): void {
    const session = this.sessions.get(keyOf(peer));
    if (!session) throw new Error(`a route of ${keyOf(peer)}, which is not up`);
    const view = viewOf(peer);
    const context = wireContext({
      peerType: 'ibgp',
      fourOctetAs: !peer.twoOctetAs,
      extendedMessages: true,
      extendedNextHop: FAMILIES.map(() => true),
      addPath: view === 'out' ? session.addPath.out : session.addPath.in,
    });
    const message = decodeMessage(update, context) as UpdateMessage;
    // Routes of the speaker's own have no next hop but itself.
    const fault = message.faults.find(({ attributeType }) => view !== 'loc-rib' || attributeType !== 3);
    if (fault) throw new Error(fault.reason);
    const table = session.tables.get(view) ?? new Map<string, string>();
    session.tables.set(view, table);
    const { mpReach, mpUnreach, asPath = [] } = message.attributes;
    const withdrawn = [...message.withdrawn, ...(mpUnreach?.nlri ?? [])];
    const announced = [...message.nlri, ...(mpReach?.nlri ?? [])];
    if (withdrawn.length + announced.length === 0) {
      const family = FAMILIES.find(({ afi }) => afi === (mpUnreach?.afi ?? 1))!;
      session.endOfRib.add(`${view} ${family.name}`);
    }
    for (const { prefix, pathId } of withdrawn) table.delete(routeKey(formatPrefix(prefix), pathId));
    const path = asPath.flatMap(({ asns }) => asns).join(' ');
    for (const { prefix, pathId } of announced) table.set(routeKey(formatPrefix(prefix), pathId), path);
  }
}

const routeKey = (prefix: string, pathId: number | undefined): string =>
  pathId === undefined ? prefix : `${prefix} ${pathId}`;

const keyOf = ({ address }: BmpPeer): string => (address ? formatAddress(address) : '');

const viewOf = ({ peerType, adjRibOut, postPolicy }: BmpPeer): CollectedView =>
  peerType === 3 ? 'loc-rib' : adjRibOut ? 'out' : postPolicy ? 'post' : 'pre';

/** By family: the one who sends routes offered to send several paths, and the other to take them. */
function sharedAddPath(from: Uint8Array, to: Uint8Array): readonly boolean[] {
  const families = (bytes: Uint8Array) =>
    (decodeMessage(bytes, wireContext()) as OpenMessage).capabilities.flatMap((each) =>
      each.type === 'add-path' ? each.families : [],
    );
  return FAMILIES.map(
    ({ afi }) =>
      families(from).some((each) => each.afi === afi && each.send) &&
      families(to).some((each) => each.afi === afi && each.receive),
  );
}
