/** Neighbour tables of this machine that are nearly full. */
import { readFile } from 'node:fs/promises';
import { readSysctl } from '@tortie/linux/node';
import { neighbourProblem, readNeighbourStatistics } from '../../src/pods/neighbour-table.js';

const TABLES = [
  { version: 4, statistics: '/proc/net/stat/arp_cache', limit: 'net/ipv4/neigh/default/gc_thresh3' },
  { version: 6, statistics: '/proc/net/stat/ndisc_cache', limit: 'net/ipv6/neigh/default/gc_thresh3' },
] as const;

export interface FullTable {
  readonly text: string;
  readonly remedy: string;
}

/** Only the machine's own network namespace tells: nothing is found in others. */
export async function fullNeighbourTables(): Promise<FullTable[]> {
  const found = await Promise.all(
    TABLES.map(async ({ version, statistics, limit }): Promise<FullTable[]> => {
      try {
        const table = readNeighbourStatistics(await readFile(statistics, 'utf8'));
        const room = Number(await readSysctl(limit));
        const text = table && neighbourProblem(version, table, room);
        return text
          ? [{ text, remedy: `sysctl -w ${limit.replaceAll('/', '.')}=${2 * room}, and in /etc/sysctl.d` }]
          : [];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}
