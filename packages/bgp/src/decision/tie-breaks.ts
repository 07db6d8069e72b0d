/** The rows of the decision process in order. */

export const TIE_BREAKS = [
  'local-pref',
  'local-origin',
  'as-path-length',
  'origin',
  'med',
  'ebgp-over-ibgp',
  'igp-metric',
  'oldest-route',
  'router-id',
  'cluster-list-length',
  'peer-address',
  'path-id',
] as const;

export type TieBreak = (typeof TIE_BREAKS)[number];
