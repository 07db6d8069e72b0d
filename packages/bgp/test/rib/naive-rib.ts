/**
 * The RIB as one would write it without caring for speed: routes are objects, everything is computed anew from the whole
 * set. What rib-laws.test.ts compares the engine with; shares no code with it.
 */
import type { PathAttributes } from '../../src/wire/attribute/path-attributes.js';

export interface NaivePeer {
  readonly name: string;
  readonly type: 'ebgp' | 'ibgp';
  readonly client: boolean;
  readonly routerId: number;
  /** The last part of its address. */
  readonly address: number;
}

export interface NaiveRoute {
  readonly peer: NaivePeer;
  readonly prefix: string;
  readonly attributes: PathAttributes;
}

export interface NaiveOptions {
  readonly asn: number;
  readonly routerId: number;
  readonly clusterId: number;
  readonly alwaysCompareMed?: boolean;
}

const ORIGINS = ['igp', 'egp', 'incomplete'];
const asns = (route: NaiveRoute): readonly number[] => route.attributes.asPath.flatMap(({ asns }) => asns);
const localPref = (route: NaiveRoute): number => route.attributes.localPref ?? 100;
const med = (route: NaiveRoute): number => route.attributes.med ?? 0;
const neighbour = (route: NaiveRoute): number => asns(route)[0] ?? 0;
const identifier = (route: NaiveRoute): number => route.attributes.originatorId ?? route.peer.routerId;
const clusters = (route: NaiveRoute): number => route.attributes.clusterList?.length ?? 0;

const lowest = (routes: readonly NaiveRoute[], value: (route: NaiveRoute) => number): readonly NaiveRoute[] => {
  const least = Math.min(...routes.map(value));
  return routes.filter((route) => value(route) === least);
};

export function isEligible(route: NaiveRoute, options: NaiveOptions, metrics: ReadonlyMap<number, number>): boolean {
  const { originatorId, clusterList = [], nextHop } = route.attributes;
  if (asns(route).includes(options.asn) || originatorId === options.routerId) return false;
  return !clusterList.includes(options.clusterId) && (metrics.get(nextHop!.a) ?? 0) !== Number.POSITIVE_INFINITY;
}

/** RFC 4271 section 9.1.2.2 step by step. */
export function naiveBest(
  routes: readonly NaiveRoute[],
  options: NaiveOptions,
  metrics: ReadonlyMap<number, number>,
): NaiveRoute | undefined {
  let left = routes.filter((route) => isEligible(route, options, metrics));
  if (left.length === 0) return undefined;
  left = [...lowest(left, (route) => -localPref(route))];
  left = [...lowest(left, (route) => asns(route).length)];
  left = [...lowest(left, (route) => ORIGINS.indexOf(route.attributes.origin))];
  const all = left;
  left = all.filter((route) =>
    all.every(
      (other) => (!options.alwaysCompareMed && neighbour(other) !== neighbour(route)) || med(other) >= med(route),
    ),
  );
  left = [...lowest(left, (route) => (route.peer.type === 'ebgp' ? 0 : 1))];
  left = [...lowest(left, (route) => metrics.get(route.attributes.nextHop!.a) ?? 0)];
  left = [...lowest(left, identifier)];
  left = [...lowest(left, clusters)];
  left = [...lowest(left, (route) => route.peer.address)];
  return left[0];
}

/** The first routes that may go to a peer at all, best first; its own ones count and are left out. RFC 7911. */
export function naivePaths(
  routes: readonly NaiveRoute[],
  max: number,
  to: NaivePeer,
  options: NaiveOptions,
  metrics: ReadonlyMap<number, number>,
): readonly NaiveRoute[] {
  const chosen: NaiveRoute[] = [];
  for (let left = routes; chosen.length < max; ) {
    const best = naiveBest(left, options, metrics);
    if (!best) break;
    left = left.filter((route) => route !== best);
    if (naiveExport(best, { ...to, name: '' }, options, undefined)) chosen.push(best);
  }
  return chosen.filter(({ peer }) => peer.name !== to.name);
}

/** What a peer is told of the best route, or undefined. RFC 4271 sections 5.1 and 9.2, RFC 4456 sections 6 and 8. */
export function naiveExport(
  best: NaiveRoute,
  to: NaivePeer,
  options: NaiveOptions,
  self: PathAttributes['nextHop'],
): PathAttributes | undefined {
  const { peer: from, attributes } = best;
  if (from.name === to.name) return undefined;
  const { communities = [] } = attributes;
  if (communities.includes(0xffffff02)) return undefined;
  if (to.type === 'ebgp') {
    if (communities.includes(0xffffff01) || communities.includes(0xffffff03)) return undefined;
    const { med: _, localPref: __, originatorId: ___, clusterList: ____, ...others } = attributes;
    return { ...others, nextHop: self!, asPath: [{ type: 'sequence', asns: [options.asn, ...asns(best)] }] };
  }
  if (from.type === 'ebgp') return { ...attributes, localPref: localPref(best) };
  if (!from.client && !to.client) return undefined;
  return {
    ...attributes,
    localPref: localPref(best),
    originatorId: identifier(best),
    clusterList: [options.clusterId, ...(attributes.clusterList ?? [])],
  };
}
