// The face of `npm start`: installs what is missing, builds, and brings a lab up.
//   npm start                      the rack, live, until Ctrl-C
//   npm start -- two-racks         another lab, or a topology file
//   npm start -- --once --json     converge, check, print one JSON document, exit 0 or 1
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensure, LAB_COMMANDS, root } from './ensure.mjs';

// npm passes SIGTERM on to the shell between it and this process, which then ends alone.
const parent = process.ppid;
const orphaned = () => process.ppid !== parent;

const { ping: _, ...commands } = LAB_COMMANDS;
ensure({ commands });
if (orphaned()) process.exit(1);

const tortie = join(root, 'packages/cli/bin/tortie.js');
const child = spawn(process.execPath, [tortie, 'lab', 'up', ...process.argv.slice(2)], { stdio: 'inherit' });
// A Ctrl-C reaches the whole foreground group by itself; SIGTERM is passed on. Either way the lab ends in its own order.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const watch = setInterval(() => {
  if (!orphaned()) return;
  clearInterval(watch);
  child.kill('SIGTERM');
}, 250);
watch.unref();
child.on('error', (error) => {
  console.error(`tortie: ${error.message}`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
