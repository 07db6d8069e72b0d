/**
 * How full the kernel's table of neighbours is, one for each IP version and for all network namespaces of a machine together. Every
 * address of a pod and every node on the link takes an entry; where none is left, packets go nowhere.
 */
import type { IpVersion } from '@tortie/ip';

export interface NeighbourTable {
  readonly entries: number;
  /** New neighbours that found no room since the machine started. */
  readonly refused: number;
}

/** Of the room: time enough to make more. */
const NEAR = 0.8;

/** `/proc/net/stat/arp_cache` or `ndisc_cache`: names, then a row of hexadecimal numbers for each processor. Undefined: it is something else. */
export function readNeighbourStatistics(text: string): NeighbourTable | undefined {
  const [names = [], ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const [entries, refused] = [names.indexOf('entries'), names.indexOf('table_fulls')];
  if (entries < 0 || refused < 0 || rows.length === 0) return undefined;
  const number = (row: readonly string[], at: number): number => Number.parseInt(row[at] ?? '', 16) || 0;
  return {
    // The same in every row.
    entries: number(rows[0]!, entries),
    refused: rows.reduce((sum, row) => sum + number(row, refused), 0),
  };
}

/** As a sentence, where it is nearly full; `limit` is gc_thresh3. */
export function neighbourProblem(
  version: IpVersion,
  { entries, refused }: NeighbourTable,
  limit: number,
): string | undefined {
  if (entries < limit * NEAR) return undefined;
  const full = refused > 0 ? `; ${refused} times since the machine started there was no room for a new one` : '';
  return `the kernel knows ${entries} neighbours over IPv${version} and has room for ${limit}${full}`;
}
