import { readFile } from 'node:fs/promises';
import t from 'tap';
import { neighbourProblem, readNeighbourStatistics } from '../../src/pods/neighbour-table.js';

const NAMES = 'entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast table_fulls';
const row = (entries: string, refused: string): string =>
  `${entries} 00000075 0000008f 00000001   0000013e 00000060 00000000   00000000         ${refused}`;

t.test('the statistics of the kernel', async (t) => {
  t.same(readNeighbourStatistics(`${NAMES}\n${row('000003ff', '00000002')}\n${row('000003ff', '00000010')}\n`), {
    entries: 1023,
    refused: 18,
  });
  for (const text of ['', 'entries\n', `${NAMES}\n`, 'no such file']) t.equal(readNeighbourStatistics(text), undefined);
  const real = await readFile('/proc/net/stat/arp_cache', 'utf8').catch(() => undefined);
  if (real === undefined) t.comment('/proc/net/stat/arp_cache is not there: its real layout was not looked at');
  else t.match(readNeighbourStatistics(real), { entries: Number, refused: Number });
});

t.test('what is nearly full', async (t) => {
  t.equal(neighbourProblem(4, { entries: 819, refused: 7 }, 1024), undefined, 'what was full once is no problem now');
  t.equal(
    neighbourProblem(4, { entries: 820, refused: 0 }, 1024),
    'the kernel knows 820 neighbours over IPv4 and has room for 1024',
  );
  t.match(neighbourProblem(6, { entries: 1024, refused: 7 }, 1024), /IPv6.*; 7 times since the machine started/);
});
