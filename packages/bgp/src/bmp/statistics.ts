/** Statistics reports of sessions and of the loc-rib. RFC 7854 section 4.8, RFC 8671 section 6.2. */
import type { PeerFamilyCounters } from '../rib/rib-views.js';
import type { UnusedRoutes } from '../rib/unused-routes.js';
import { type FamilyName, familyByName } from '../wire/family/family.js';
import { encodeBmp } from './encode-bmp.js';
import type { BmpPeer, BmpStatistic } from './message.js';
import { BMP_STATISTIC } from './registry.js';

interface FamilyCount {
  readonly family: FamilyName;
  readonly count: number;
}

/** Two statistics of the same: of all families, and of each. */
function gauges(total: number, single: number, counts: readonly FamilyCount[]): readonly BmpStatistic[] {
  const sum = counts.reduce((before, { count }) => before + count, 0);
  return [
    { type: total, value: BigInt(sum) },
    ...counts.map(({ family, count }) => {
      const { afi, safi } = familyByName(family);
      return { type: single, afi, safi, value: BigInt(count) };
    }),
  ];
}

/** These are counters of 32 bits, the others 64-bit gauges. */
const counter = (type: number, value: number): BmpStatistic => ({ type, value: BigInt(value % 2 ** 32) });

/** `out`: routes of the adj-rib-out by family, where the collector is shown it. */
export function sessionStatistics(
  peer: BmpPeer,
  counters: readonly PeerFamilyCounters[],
  unused: UnusedRoutes,
  treatedAsWithdraw: number,
  out: readonly FamilyCount[],
): Uint8Array {
  const received = counters.map(({ family, received: count }) => ({ family, count }));
  return encodeBmp({
    type: 'statistics-report',
    peer,
    statistics: [
      counter(BMP_STATISTIC.prefixesRejected, unused.rejected),
      counter(BMP_STATISTIC.duplicatePrefixes, unused.duplicates),
      counter(BMP_STATISTIC.duplicateWithdrawals, unused.unknownWithdrawals),
      counter(BMP_STATISTIC.clusterListLoops, unused.clusterLoops),
      counter(BMP_STATISTIC.asPathLoops, unused.asLoops),
      counter(BMP_STATISTIC.originatorIdLoops, unused.originatorLoops),
      ...gauges(BMP_STATISTIC.adjRibInRoutes, BMP_STATISTIC.adjRibInRoutesOfFamily, received),
      counter(BMP_STATISTIC.updatesTreatedAsWithdraw, treatedAsWithdraw),
      counter(BMP_STATISTIC.prefixesTreatedAsWithdraw, unused.malformed),
      counter(BMP_STATISTIC.duplicateUpdates, unused.duplicateUpdates),
      ...(out.length > 0
        ? gauges(BMP_STATISTIC.adjRibOutPostRoutes, BMP_STATISTIC.adjRibOutPostRoutesOfFamily, out)
        : []),
    ],
  });
}

export function locRibStatistics(peer: BmpPeer, counts: readonly FamilyCount[]): Uint8Array {
  const statistics = gauges(BMP_STATISTIC.locRibRoutes, BMP_STATISTIC.locRibRoutesOfFamily, counts);
  return encodeBmp({ type: 'statistics-report', peer, statistics });
}
