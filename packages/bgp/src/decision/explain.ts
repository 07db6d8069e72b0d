/** Why each route of a set is or is not the best: the elimination, replayed row by row with names. */
import type { RouteOrder } from './route-order.js';
import { TIE_BREAKS, type TieBreak } from './tie-breaks.js';

/** The row in which each eligible route was beaten; the best has none. */
export function explain(routes: readonly number[], best: number, order: RouteOrder): Map<number, TieBreak | undefined> {
  const lost = new Map<number, TieBreak | undefined>();
  const tied: number[] = [];
  for (const route of routes) {
    const row = order.beforeMed(route, best);
    if (row > 0) lost.set(route, TIE_BREAKS[row - 1]!);
    else tied.push(route);
  }
  // By MED a route loses to any of its neighbouring AS, be that one the best in the end or not.
  for (const route of tied) {
    if (tied.some((other) => order.med(route, other) > 0)) lost.set(route, 'med');
    else lost.set(route, route === best ? undefined : TIE_BREAKS[Math.abs(order.afterMed(route, best)) - 1]!);
  }
  return lost;
}
