/** Runs the benchmarks of the engine one after another, each in a process of its own: `npm run bench -- engine`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RUNS: readonly (readonly [string, readonly string[], string])[] = [
  ['pipeline', ['500000', '1', '4'], '500 k IPv4 routes, one in, one out, eBGP'],
  ['pipeline', ['200000', '1', '6'], '200 k IPv6 routes, one in, one out, eBGP'],
  ['pipeline', ['100000', '100', '4', 'ibgp'], '100 k IPv4 routes reflected to 100 clients'],
  ['stages', ['500000', '4'], 'stages of 500 k IPv4 routes'],
  ['growth', ['1000000'], 'prefix table to a million'],
  ['selection', ['50', '2000'], 'fifty paths per prefix with MED'],
];

for (const [name, options, title] of RUNS) {
  console.log(`\n# ${title} (${name} ${options.join(' ')})`);
  const file = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file, ...options], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
