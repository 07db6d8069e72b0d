/**
 * Compares routes row by row of the decision process. A comparison gives the number of the row that decided, negative
 * where the first route is better; so the hot path and the explanation of `why` are one code.
 */
import { compareAddresses } from '@tortie/ip';
import { ATTRIBUTE_FACT } from '../rib/attribute-keys.js';
import { ATTRIBUTE, type AttributeTable } from '../rib/attribute-table.js';
import type { NextHopTable } from '../rib/next-hops.js';
import { PEER_KIND, type PeerTable } from '../rib/peer-table.js';
import { ROUTE, ROUTE_FLAG, ROUTE_SHIFT } from '../rib/route-row.js';
import { ROW_BITS, ROW_MASK, type RowTable } from '../rib/row-table.js';
import { ROW } from './tie-breaks.js';

export interface DecisionOptions {
  /** Compare MED between routes of different neighbouring ASes too. Default false. */
  readonly alwaysCompareMed?: boolean;
  /** Among external routes prefer the oldest over the lowest router ID, RFC 5004. Default false. */
  readonly oldestRoute?: boolean;
}

/** Of two unequal unsigned words kept as signed ones: `row` with the sign of who is better. */
const lower = (x: number, y: number, row: number): number => (x >>> 0 < y >>> 0 ? -row : row);

export class RouteOrder {
  readonly alwaysCompareMed: boolean;
  /** Some routes may be least preferred. False while no session is one of RFC 9494, so that nobody pays for it. */
  longLived = false;
  readonly #oldestRoute: boolean;
  readonly #routes: RowTable;
  readonly #attributes: AttributeTable;
  readonly #nextHops: NextHopTable;
  readonly #peers: PeerTable;

  constructor(
    routes: RowTable,
    attributes: AttributeTable,
    nextHops: NextHopTable,
    peers: PeerTable,
    { alwaysCompareMed = false, oldestRoute = false }: DecisionOptions,
  ) {
    this.#routes = routes;
    this.#attributes = attributes;
    this.#nextHops = nextHops;
    this.#peers = peers;
    this.alwaysCompareMed = alwaysCompareMed;
    this.#oldestRoute = oldestRoute;
  }

  /** All rows, with MED as if the two were the whole set. */
  compare(x: number, y: number): number {
    return this.beforeMed(x, y) || this.med(x, y) || this.afterMed(x, y);
  }

  /** The rows up to ORIGIN; 0 where they tie. */
  beforeMed(x: number, y: number): number {
    const routesX = this.#routes.segments[x >>> ROW_BITS]!;
    const routesY = this.#routes.segments[y >>> ROW_BITS]!;
    const routeX = (x & ROW_MASK) << ROUTE_SHIFT;
    const routeY = (y & ROW_MASK) << ROUTE_SHIFT;
    if (this.longLived) {
      const staleX = routesX[routeX + ROUTE.flags]! & ROUTE_FLAG.leastPreferred;
      const staleY = routesY[routeY + ROUTE.flags]! & ROUTE_FLAG.leastPreferred;
      if (staleX !== staleY) return staleX < staleY ? -ROW.longLivedStale : ROW.longLivedStale;
    }
    const idX = routesX[routeX + ROUTE.attributes]!;
    const idY = routesY[routeY + ROUTE.attributes]!;
    const rows = this.#attributes.rows.segments;
    const rowsX = rows[idX >>> ROW_BITS]!;
    const rowsY = rows[idY >>> ROW_BITS]!;
    const atX = (idX & ROW_MASK) << 4;
    const atY = (idY & ROW_MASK) << 4;
    const prefX = rowsX[atX + ATTRIBUTE.localPref]!;
    const prefY = rowsY[atY + ATTRIBUTE.localPref]!;
    if (prefX !== prefY) return lower(prefY, prefX, ROW.localPref);
    const localX = this.#peers.kind[routesX[routeX + ROUTE.peer]! & 0xffff]! & PEER_KIND.local;
    const localY = this.#peers.kind[routesY[routeY + ROUTE.peer]! & 0xffff]! & PEER_KIND.local;
    if (localX !== localY) return localX !== 0 ? -ROW.localOrigin : ROW.localOrigin;
    const lengthX = rowsX[atX + ATTRIBUTE.asPathLength]!;
    const lengthY = rowsY[atY + ATTRIBUTE.asPathLength]!;
    if (lengthX !== lengthY) return lower(lengthX, lengthY, ROW.asPathLength);
    const originX = rowsX[atX + ATTRIBUTE.origin]!;
    const originY = rowsY[atY + ATTRIBUTE.origin]!;
    if (originX !== originY) return lower(originX, originY, ROW.origin);
    return 0;
  }

  /** The MED row: 0 where the values tie or may not be compared. */
  med(x: number, y: number): number {
    const idX = this.attributesOf(x);
    const idY = this.attributesOf(y);
    const medX = this.#attributes.word(idX, ATTRIBUTE.med);
    const medY = this.#attributes.word(idY, ATTRIBUTE.med);
    if (medX === medY) return 0;
    if (
      !this.alwaysCompareMed &&
      this.#attributes.word(idX, ATTRIBUTE.neighbourAs) !== this.#attributes.word(idY, ATTRIBUTE.neighbourAs)
    ) {
      return 0;
    }
    return lower(medX, medY, ROW.med);
  }

  /** The rows behind MED up to the IGP metric; where they tie, routes may share the load. */
  upToMetric(x: number, y: number): number {
    const ebgpX = this.#peers.kind[this.peerOf(x)]! & PEER_KIND.ebgp;
    const ebgpY = this.#peers.kind[this.peerOf(y)]! & PEER_KIND.ebgp;
    if (ebgpX !== ebgpY) return ebgpX !== 0 ? -ROW.ebgpOverIbgp : ROW.ebgpOverIbgp;
    const metricX = this.#nextHops.metric[this.#attributes.word(this.attributesOf(x), ATTRIBUTE.nextHop)]!;
    const metricY = this.#nextHops.metric[this.#attributes.word(this.attributesOf(y), ATTRIBUTE.nextHop)]!;
    if (metricX !== metricY) return metricX < metricY ? -ROW.igpMetric : ROW.igpMetric;
    return 0;
  }

  /** The rows behind MED. 0 only for a route and itself. */
  afterMed(x: number, y: number): number {
    if (x === y) return 0;
    const metric = this.upToMetric(x, y);
    if (metric !== 0) return metric;
    const peerX = this.peerOf(x);
    const peerY = this.peerOf(y);
    const idX = this.#routerId(x, peerX);
    const idY = this.#routerId(y, peerY);
    // Deviation from RFC 5004 section 3: age counts between equal router IDs too, else three routes could form a ring.
    if (this.#oldestRoute && (this.#peers.kind[peerX]! & PEER_KIND.ebgp) !== 0) {
      const age = (this.#sequence(x) - this.#sequence(y)) | 0;
      if (age !== 0) return age < 0 ? -ROW.oldestRoute : ROW.oldestRoute;
    }
    if (idX !== idY) return lower(idX, idY, ROW.routerId);
    const clustersX = this.#attributes.word(this.attributesOf(x), ATTRIBUTE.clusterListLength);
    const clustersY = this.#attributes.word(this.attributesOf(y), ATTRIBUTE.clusterListLength);
    if (clustersX !== clustersY) return lower(clustersX, clustersY, ROW.clusterListLength);
    if (peerX !== peerY) {
      const addresses = compareAddresses(this.#peers.peers[peerX]!.address, this.#peers.peers[peerY]!.address);
      return (addresses || peerX - peerY) < 0 ? -ROW.peerAddress : ROW.peerAddress;
    }
    return lower(this.#pathId(x), this.#pathId(y), ROW.pathId);
  }

  neighbourAs(route: number): number {
    return this.#attributes.word(this.attributesOf(route), ATTRIBUTE.neighbourAs);
  }

  medOf(route: number): number {
    return this.#attributes.word(this.attributesOf(route), ATTRIBUTE.med) >>> 0;
  }

  attributesOf(route: number): number {
    return this.#routes.segments[route >>> ROW_BITS]![((route & ROW_MASK) << ROUTE_SHIFT) + ROUTE.attributes]!;
  }

  peerOf(route: number): number {
    return this.#routes.segments[route >>> ROW_BITS]![((route & ROW_MASK) << ROUTE_SHIFT) + ROUTE.peer]! & 0xffff;
  }

  #pathId(route: number): number {
    return this.#routes.segments[route >>> ROW_BITS]![((route & ROW_MASK) << ROUTE_SHIFT) + ROUTE.pathId]!;
  }

  #sequence(route: number): number {
    return this.#routes.segments[route >>> ROW_BITS]![((route & ROW_MASK) << ROUTE_SHIFT) + ROUTE.sequence]!;
  }

  #routerId(route: number, peer: number): number {
    const id = this.attributesOf(route);
    return (this.#attributes.word(id, ATTRIBUTE.facts) & ATTRIBUTE_FACT.hasOriginator) !== 0
      ? this.#attributes.word(id, ATTRIBUTE.originator)
      : this.#peers.routerId[peer]!;
  }
}
