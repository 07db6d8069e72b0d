/**
 * Tries every feature with every daemon and writes what was seen: `node run-matrix.js [--write FILE] [--only TEXT]`.
 * Exit code 1 where a cell failed that the daemon could have done.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { enterNamespaces, withHosts } from '@tortie/lab';
import { type Daemon, NotConfigurable } from './daemon.js';
import { bird } from './daemons/bird.js';
import { exabgp } from './daemons/exabgp.js';
import { frr } from './daemons/frr.js';
import { gobgp } from './daemons/gobgp.js';
import { openbgpd } from './daemons/openbgpd.js';
import { type Feature, tryFeature } from './feature.js';
import { FEATURES } from './features.js';
import { type Cell, matrixText } from './matrix-text.js';

const DAEMONS: readonly Daemon[] = [bird, frr, gobgp, openbgpd, exabgp];

await enterNamespaces();

const { values } = parseArgs({ options: { write: { type: 'string' }, only: { type: 'string' } } });
const wanted = (text: string): boolean => values.only === undefined || text.includes(values.only);

async function cellOf(daemon: Daemon, feature: Feature): Promise<Cell> {
  try {
    await withHosts(['daemon', 'tortie', ...(feature.third ? ['other'] : [])], (lab) =>
      tryFeature(lab, daemon, feature),
    );
    return { verdict: 'seen' };
  } catch (error) {
    const word = (error as Error).message;
    return { verdict: error instanceof NotConfigurable ? 'not offered' : 'failed', word };
  }
}

const versions = await withHosts(['daemon'], (lab) =>
  Promise.all(DAEMONS.map((daemon) => daemon.version(lab.host('daemon')))),
);
const rows: { feature: Feature; cells: (Cell | undefined)[] }[] = FEATURES.map((feature) => ({ feature, cells: [] }));
for (const row of rows) {
  for (const [at, daemon] of DAEMONS.entries()) {
    if (!wanted(`${daemon.name} ${row.feature.name}`)) continue;
    const cell = await cellOf(daemon, row.feature);
    row.cells[at] = cell;
    console.log(`${cell.verdict.padEnd(11)} ${daemon.name}: ${row.feature.name}${cell.word ? ` (${cell.word})` : ''}`);
  }
}
const daemons = DAEMONS.map(({ name, debianPackage }, at) => ({ name, debianPackage, version: versions[at]! }));
const text = matrixText(daemons, rows);
if (values.write !== undefined) writeFileSync(values.write, text);
process.exitCode = rows.some(({ cells }) => cells.some((cell) => cell?.verdict === 'failed')) ? 1 : 0;
