/** What a peer sent since its session came up that was of no use, by the reason. RFC 7854 section 4.8. */
export interface UnusedRoutes {
  /** Prefixes that the import policy rejected when they came. */
  rejected: number;
  /** Prefixes announced as they were already. */
  duplicates: number;
  /** UPDATEs that announced nothing else. */
  duplicateUpdates: number;
  /** Prefixes withdrawn that were not there. */
  unknownWithdrawals: number;
  /** UPDATEs with our AS number in AS_PATH, beyond what the session allows. */
  asLoops: number;
  /** UPDATEs with our router ID as ORIGINATOR_ID. */
  originatorLoops: number;
  /** UPDATEs with our cluster ID in CLUSTER_LIST. */
  clusterLoops: number;
  /** Prefixes withdrawn for malformed attributes (treat-as-withdraw, RFC 7606). */
  malformed: number;
}

export const noUnusedRoutes = (): UnusedRoutes => ({
  rejected: 0,
  duplicates: 0,
  duplicateUpdates: 0,
  unknownWithdrawals: 0,
  asLoops: 0,
  originatorLoops: 0,
  clusterLoops: 0,
  malformed: 0,
});
