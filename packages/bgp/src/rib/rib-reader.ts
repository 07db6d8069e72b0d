/** Reads the tables as objects, page by page. */
import { type Address, type Prefix, prefixCovers } from '@tortie/ip';
import type { Advertiser } from '../advertise/advertiser.js';
import { explain } from '../decision/explain.js';
import { TIE_BREAKS, type TieBreak } from '../decision/tie-breaks.js';
import type { PolicyTrace } from '../route-policy/policy.js';
import { FAMILIES, type FamilyName, familyByName } from '../wire/family/family.js';
import { ATTRIBUTE, type AttributeTable } from './attribute-table.js';
import { decodeBlock } from './best-routes.js';
import type { FamilyRib } from './family-rib.js';
import type { NextHopTable } from './next-hops.js';
import type { PeerTable } from './peer-table.js';
import type { PrefixKey } from './prefix-table.js';
import type {
  AdvertisedView,
  CandidateView,
  ExportView,
  LocRibEntry,
  LocRibQuery,
  Page,
  PageOptions,
  PeerFamilyCounters,
  RibCounters,
  RouteView,
} from './rib-views.js';
import { ROUTE } from './route-row.js';

/** Rows looked at for one page, so that a page of a filtered walk does not hold the event loop. */
const MAX_VISITS = 200_000;
/** Cursors of walks over several families: the family above this. */
const FAMILY_SHIFT = 2 ** 40;

interface ReaderTables {
  readonly attributes: AttributeTable;
  readonly nextHops: NextHopTable;
  readonly peers: PeerTable;
  readonly advertiser: Advertiser;
}

export class RibReader {
  readonly #families: readonly FamilyRib[];
  readonly #attributes: AttributeTable;
  readonly #nextHops: NextHopTable;
  readonly #peers: PeerTable;
  readonly #advertiser: Advertiser;

  constructor(families: readonly FamilyRib[], { attributes, nextHops, peers, advertiser }: ReaderTables) {
    this.#families = families;
    this.#attributes = attributes;
    this.#nextHops = nextHops;
    this.#peers = peers;
    this.#advertiser = advertiser;
  }

  adjRibIn(peer: number, policy: 'pre' | 'post', family: FamilyName, page: PageOptions): Page<RouteView> {
    const rib = this.#families[familyByName(family).index]!;
    return walk(rib.routes.limit, page, (route, items: RouteView[]) => {
      if (rib.word(route, ROUTE.prefix) === 0 || (rib.word(route, ROUTE.peer) & 0xffff) !== peer) return;
      if (policy === 'post' && rib.word(route, ROUTE.attributes) === 0) return;
      items.push(this.#route(rib, route, policy));
    });
  }

  #route(rib: FamilyRib, route: number, policy: 'pre' | 'post'): RouteView {
    const prefix = rib.word(route, ROUTE.prefix);
    const received = this.#attributes.word(rib.word(route, ROUTE.received), ATTRIBUTE.alias);
    const id = policy === 'post' ? rib.word(route, ROUTE.attributes) : received;
    return {
      prefix: rib.prefixes.prefix(prefix),
      peer: rib.word(route, ROUTE.peer) & 0xffff,
      pathId: rib.word(route, ROUTE.pathId) >>> 0,
      nextHop: this.#nextHops.address(this.#attributes.word(id, ATTRIBUTE.nextHop)),
      attributes: decodeBlock(this.#attributes.block(id)),
      stale: !rib.stale.isFresh(rib.word(route, ROUTE.peer)),
      best: rib.prefixes.best(prefix) === route,
      ineligible: rib.ineligibility(route),
    };
  }

  locRib({ family, prefix, longer = false, ...page }: LocRibQuery): Page<LocRibEntry> {
    if (prefix && !longer) {
      const entry = this.why(prefix);
      return { items: entry ? [entry] : [], next: undefined };
    }
    const names = family ? [family] : FAMILIES.map(({ name }) => name);
    let { cursor = 0 } = page;
    const items: LocRibEntry[] = [];
    const limit = page.limit ?? DEFAULT_LIMIT;
    for (let index = Math.floor(cursor / FAMILY_SHIFT); index < names.length; index++, cursor = index * FAMILY_SHIFT) {
      const rib = this.#families[familyByName(names[index]!).index]!;
      if (prefix && prefix.version !== rib.family.version) continue;
      const options = { limit: limit - items.length, cursor: cursor % FAMILY_SHIFT };
      const { next } = walk(
        rib.prefixes.rows.limit,
        options,
        (id) => {
          if (!rib.prefixes.isUsed(id) || rib.prefixes.head(id) === 0) return;
          if (prefix && !prefixCovers(prefix, rib.prefixes.prefix(id))) return;
          items.push(this.#entry(rib, id));
        },
        items,
      );
      if (next !== undefined) return { items, next: index * FAMILY_SHIFT + next };
    }
    return { items, next: undefined };
  }

  why(prefix: Prefix): LocRibEntry | undefined {
    const rib = this.#families.find((each) => each.family.version === prefix.version)!;
    const { a, b, c, d, length } = prefix;
    const key = { a: a | 0, b: b | 0, c: c | 0, d: d | 0, length };
    const id = rib.prefixes.find(key, rib.prefixes.hashOf(key));
    return id === 0 || rib.prefixes.head(id) === 0 ? undefined : this.#entry(rib, id);
  }

  #entry(rib: FamilyRib, id: number): LocRibEntry {
    const eligible: number[] = [];
    const rest: number[] = [];
    for (let route = rib.prefixes.head(id); route !== 0; route = rib.nextOf(route)) {
      (rib.ineligibility(route) === undefined ? eligible : rest).push(route);
    }
    const equal = rib.equalRoutes(id, Number.MAX_SAFE_INTEGER);
    // The one in use: while a scan is under way that may still be another than a fresh decision would give.
    const best = rib.prefixes.best(id);
    const lost = best === 0 ? new Map<number, TieBreak>() : explain(eligible, best, rib.order);
    const place = (route: number): number => (route === best ? 0 : -TIE_BREAKS.indexOf(lost.get(route)!));
    // Who lost later comes earlier.
    const candidates = eligible.sort((x, y) =>
      x === best ? -1 : y === best ? 1 : place(x) - place(y) || rib.order.compare(x, y),
    );
    return {
      prefix: rib.prefixes.prefix(id),
      candidates: [...candidates, ...rest].map((route): CandidateView => {
        const policy = rib.word(route, ROUTE.attributes) === 0 ? 'pre' : 'post';
        return {
          ...this.#route(rib, route, policy),
          importPolicy: this.#imported(rib, route),
          best: route === best,
          lostBy: lost.get(route),
          multipath: route !== best && equal.includes(route),
        };
      }),
    };
  }

  /** What the import policy of the route's peer says of it. */
  #imported(rib: FamilyRib, route: number): PolicyTrace | undefined {
    const peer = rib.word(route, ROUTE.peer) & 0xffff;
    const received = this.#attributes.word(rib.word(route, ROUTE.received), ATTRIBUTE.alias);
    const key = rib.prefixes.readKey(rib.word(route, ROUTE.prefix), { a: 0, b: 0, c: 0, d: 0, length: 0 });
    const { importPolicy, importRules } = this.#peers.peers[peer] ?? {};
    if (!importPolicy) return undefined;
    const offered = importRules?.apply(received);
    const trace = importPolicy.trace(key, rib.family.version, offered ?? received, peer);
    if (offered !== undefined) this.#attributes.release(offered);
    return trace;
  }

  /** What becomes of the best route for exactly this prefix, for every peer with a session of its family. */
  exports({ version, a, b, c, d, length }: Prefix): readonly ExportView[] {
    const rib = this.#families.find(({ family }) => family.version === version)!;
    const key: PrefixKey = { a: a | 0, b: b | 0, c: c | 0, d: d | 0, length };
    const prefix = rib.prefixes.find(key, rib.prefixes.hashOf(key));
    const best = prefix === 0 ? 0 : rib.prefixes.best(prefix);
    if (best === 0) return [];
    const source = rib.word(best, ROUTE.peer) & 0xffff;
    const id = rib.word(best, ROUTE.attributes);
    return this.#peers.peers.flatMap((peer): ExportView[] => {
      const member = peer && this.#advertiser.membersOf(peer.index).find(({ group }) => group.rib === rib);
      if (!member) return [];
      const { treatment } = member.group;
      const view = (fate: ExportView['fate'], exportPolicy?: PolicyTrace): ExportView[] => [
        { peer: peer.index, fate, exportPolicy },
      ];
      if (peer.index === source) return view('source');
      if (treatment.holdsMarked(id)) return view('route-leak');
      if (treatment.holdsStale(source, id)) return view('long-lived-stale');
      if (!treatment.admits(source, id)) return view('not-admitted');
      const trace = treatment.policy?.trace(key, version, id, source, peer.session?.exportPolicy);
      if (trace?.verdict === 'reject') return view('rejected-by-policy', trace);
      return view(this.#advertiser.wouldSend(member.group, key, id, source) ? 'advertised' : 'too-long', trace);
    });
  }

  adjRibOut(peer: number, family: FamilyName, page: PageOptions): Page<AdvertisedView> {
    const member = this.#advertiser.membersOf(peer).find(({ group }) => group.rib.family.name === family);
    if (!member) return { items: [], next: undefined };
    const { group } = member;
    const { prefixes, paths } = group.rib;
    const { addPath } = group.treatment;
    return walk(group.table.rows.limit, page, (row, items: AdvertisedView[]) => {
      const id = group.advertised.id(row);
      const source = group.advertised.source(row) & 0xffff;
      if (id === 0 || source === peer) return;
      const nextHop: Address | undefined = group.treatment.nextHop(source, id);
      items.push({
        prefix: prefixes.prefix(addPath ? paths.prefixOf(row) : row),
        pathId: addPath ? paths.pathId(row) : undefined,
        source,
        nextHop,
        attributes: this.#advertiser.exported(group, id, source),
      });
    });
  }

  peerCounters(peer: number): readonly PeerFamilyCounters[] {
    return this.#families.map((rib) => {
      const member = this.#advertiser.membersOf(peer).find(({ group }) => group.rib === rib);
      return {
        family: rib.family.name,
        received: rib.stale.received(peer),
        stale: rib.stale.stale(peer),
        advertised: member?.group.advertised.count ?? 0,
        queued: (member?.group.dirty.size ?? 0) + (member?.stream?.queued ?? 0),
      };
    });
  }

  counters(): RibCounters {
    return {
      families: this.#families.map(({ family, prefixes, routes }) => ({
        family: family.name,
        prefixes: prefixes.size,
        routes: routes.used,
      })),
      attributeSets: this.#attributes.size,
      attributeOctets: this.#attributes.arena.octets,
      nextHops: this.#nextHops.size,
      updateGroups: this.#advertiser.groups.length,
    };
  }
}

const DEFAULT_LIMIT = 1000;

/** Visits ids from the cursor on until the page is full. */
function walk<T>(
  end: number,
  { limit = DEFAULT_LIMIT, cursor = 1 }: PageOptions,
  visit: (id: number, items: T[]) => void,
  items: T[] = [],
): Page<T> {
  const full = items.length + limit;
  let id = Math.max(1, cursor);
  for (let visits = 0; id < end && items.length < full; id++) {
    if (++visits > MAX_VISITS) break;
    visit(id, items);
  }
  return { items, next: id < end ? id : undefined };
}
