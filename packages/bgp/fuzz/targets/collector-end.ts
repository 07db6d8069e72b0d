/** A BMP collector's end of a connection: the tables that it would show, from Route Monitoring messages alone. */
import { formatAddress, formatPrefix } from '@tortie/ip';
import { BmpFramer, decodeBmp } from '../../src/bmp/decode-bmp.js';
import { encodeBmp } from '../../src/bmp/encode-bmp.js';
import type { BmpPeer } from '../../src/bmp/message.js';
import { decodeMessage } from '../../src/wire/codec.js';
import { type WireContext, wireContext } from '../../src/wire/context.js';
import type { Nlri } from '../../src/wire/nlri.js';
import { check, checkEqual } from './check.js';

const INVALID_NEXT_HOP = 8;

/** What our own OPENs and the peer's agreed on, of the ADD-PATH that a peer's tables are shown with. */
export type AddPathOf = (address: string) => readonly boolean[];

const keyOf = (peer: BmpPeer): string =>
  peer.address ? `${formatAddress(peer.address)} ${peer.postPolicy ? 'post' : 'pre'}` : 'loc-rib';

export class CollectorEnd {
  readonly connection: number;
  readonly #framer = new BmpFramer();
  readonly #addPath: AddPathOf;
  readonly #tables = new Map<string, Set<string>>();
  readonly #up = new Set<string>();
  #introduced = false;

  constructor(connection: number, addPath: AddPathOf) {
    this.connection = connection;
    this.#addPath = addPath;
  }

  /** Prefix and path identifier of each route of a table, sorted. */
  table(peer: string, view: 'pre' | 'post'): readonly string[] {
    return [...(this.#tables.get(`${peer} ${view}`) ?? [])].sort();
  }

  get locRib(): readonly string[] {
    return [...(this.#tables.get('loc-rib') ?? [])].sort();
  }

  receive(chunk: Uint8Array): void {
    for (const bytes of this.#framer.push(chunk)) {
      const message = decodeBmp(bytes);
      checkEqual(Buffer.from(encodeBmp(message)).toString('hex'), Buffer.from(bytes).toString('hex'), 'a BMP message');
      check(this.#introduced !== (message.type === 'initiation'), 'an Initiation, once, before all else');
      this.#introduced = true;
      switch (message.type) {
        case 'peer-up':
          this.#up.add(nameOf(message.peer));
          break;
        case 'peer-down':
          check(this.#up.delete(nameOf(message.peer)), 'Peer Down of a peer that is not up');
          for (const view of ['pre', 'post']) this.#tables.delete(`${nameOf(message.peer)} ${view}`);
          break;
        case 'route-monitoring':
          check(this.#up.has(nameOf(message.peer)), 'routes of a peer that is not up');
          this.#apply(message.peer, message.update);
          break;
      }
    }
  }

  #apply(peer: BmpPeer, update: Uint8Array): void {
    const addPath = peer.address ? this.#addPath(nameOf(peer)) : [false, false];
    // Nothing is discarded for the kind of session, as a table is shown whole.
    const context: WireContext = wireContext({
      fourOctetAs: !peer.twoOctetAs,
      extendedMessages: true,
      peerType: 'ibgp',
      addPath,
      extendedNextHop: [true, true],
    });
    const message = decodeMessage(update, context);
    check(message.type === 'update', 'an UPDATE in Route Monitoring');
    const faults = message.faults.filter(({ action, errorSubcode }) =>
      // What was received is shown with what was discarded; a route of our own in the loc-rib has zeros for a next hop.
      peer.address ? peer.postPolicy || action !== 'attribute-discard' : errorSubcode !== INVALID_NEXT_HOP,
    );
    checkEqual(faults, [], 'faults in Route Monitoring');
    const { mpReach, mpUnreach } = message.attributes;
    const key = keyOf(peer);
    const table = this.#tables.get(key) ?? new Set<string>();
    this.#tables.set(key, table);
    const text = ({ prefix, pathId = 0 }: Nlri): string => `${formatPrefix(prefix)} ${pathId}`;
    for (const each of [...message.withdrawn, ...(mpUnreach?.nlri ?? [])]) table.delete(text(each));
    for (const each of [...message.nlri, ...(mpReach?.nlri ?? [])]) table.add(text(each));
  }
}

const nameOf = ({ address }: BmpPeer): string => (address ? formatAddress(address) : 'loc-rib');
