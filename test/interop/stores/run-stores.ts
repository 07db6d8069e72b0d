/**
 * The long form of ipam-etcd.test.ts: rounds with a seed each until the time is over.
 *
 *   run-stores.js [--minutes 20] [--clients 10] [--faults 24] [--seed N]
 *
 * `--seed N` runs the one round of that seed. Exit code 1 where something was wrong; every contradiction is a line.
 */
import { parseArgs } from 'node:util';
import { enterNamespaces } from '@tortie/lab';
import { runLinearizability } from './linearizability.js';

await enterNamespaces();

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    clients: { type: 'string', default: '10' },
    faults: { type: 'string', default: '24' },
    seed: { type: 'string' },
  },
});
const [clients, faults] = [Number(values.clients), Number(values.faults)];
const end = Date.now() + Number(values.minutes) * 60_000;
const log = (text: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

const sum = { rounds: 0, operations: 0, unknown: 0, kills: 0, faults: 0, wrong: 0 };
for (let seed = Number(values.seed ?? Date.now() % 1_000_000); ; seed++) {
  log(`seed ${seed}: ${clients} clients, ${faults} faults`);
  const { contradictions, operations, final, kills } = await runLinearizability({ seed, clients, faults, log });
  const unknown = operations.filter(({ outcome }) => outcome === 'unknown').length;
  for (const contradiction of contradictions) log(`WRONG ${contradiction}`);
  log(
    `${operations.length} operations, ${unknown} without an answer, ${kills} clients killed, ${final.assignments.length} addresses at the end, ${contradictions.length} contradictions`,
  );
  sum.rounds++;
  sum.operations += operations.length;
  sum.unknown += unknown;
  sum.kills += kills;
  sum.faults += faults;
  sum.wrong += contradictions.length;
  if (contradictions.length > 0) process.exitCode = 1;
  if (values.seed !== undefined || Date.now() > end) break;
}
console.log(JSON.stringify(sum));
