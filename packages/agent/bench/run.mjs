/**
 * What an agent costs: from exec to its first dialled session, to its API's first answer, in time and in processor time, and
 * resident memory with an empty table. Several runs; the median and the range are printed. `node packages/agent/bench/run.mjs [RUNS]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUNS = Number(process.argv[2] ?? 7);
const MAIN = fileURLToPath(new URL('main.mjs', import.meta.url));

const get = (socketPath, path) =>
  new Promise((resolve, reject) => {
    const sent = request({ socketPath, path }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve(JSON.parse(text)));
    });
    sent.on('error', reject);
    sent.end();
  });

/** Asks until there is an answer; the socket may not be there yet. */
async function firstAnswer(socketPath) {
  for (;;) {
    try {
      return await get(socketPath, '/v1/status');
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

const residentMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

/** User and system, of all threads so far. */
function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  // Clock ticks are hundredths of a second in all that the kernel tells.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function measure(folder) {
  const peer = createServer().listen(0, '127.0.0.1');
  await once(peer, 'listening');
  const socket = join(folder, 'agent.sock');
  writeFileSync(
    join(folder, 'node.yaml'),
    `node: bench
asn: 64513
routerId: 10.0.0.1
api: { socket: ${socket} }
store: { path: ${join(folder, 'store')} }
bgp: { listen: [] }
kernel: { program: false }
pools: [ { name: p4, cidr: 10.244.0.0/16 }, { name: p6, cidr: "fd00:10:244::/112" } ]
peers: [ { name: tor, remoteAddress: 127.0.0.1, remotePort: ${peer.address().port}, remoteAsn: 64512 } ]
`,
  );
  const bareStarted = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  const bareMs = performance.now() - bareStarted;
  const started = performance.now();
  const agent = spawn(process.execPath, [MAIN, join(folder, 'node.yaml')], { stdio: ['ignore', 'ignore', 'inherit'] });
  await Promise.race([
    once(peer, 'connection'),
    once(agent, 'exit').then(() => Promise.reject(new Error('the agent ended before it dialled'))),
  ]);
  const dialledMs = performance.now() - started;
  const dialledCpuMs = processorMs(agent.pid);
  await firstAnswer(socket);
  const answeredMs = performance.now() - started;
  const answeredCpuMs = processorMs(agent.pid);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const idleMb = residentMb(agent.pid);
  for (let i = 0; i < 50; i++) {
    for (const path of ['/v1/status', '/v1/peers', '/v1/fib', '/v1/ipam/pools']) await get(socket, path);
  }
  await get(socket, '/openapi.json');
  const usedMb = residentMb(agent.pid);
  agent.kill('SIGTERM');
  await once(agent, 'exit');
  peer.close();
  return { bareMs, dialledMs, dialledCpuMs, answeredMs, answeredCpuMs, idleMb, usedMb };
}

const results = [];
for (let run = 0; run < RUNS; run++) {
  const folder = mkdtempSync(join(tmpdir(), 'tortie-bench-'));
  try {
    results.push(await measure(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
for (const [key, unit, text] of [
  ['bareMs', 'ms', 'node -e 0, exec to exit, for comparison'],
  ['dialledMs', 'ms', 'exec to first dialled session'],
  ['dialledCpuMs', 'ms', 'processor time until then'],
  ['answeredMs', 'ms', 'exec to first answer of the API'],
  ['answeredCpuMs', 'ms', 'processor time until then'],
  ['idleMb', 'MB', 'resident, empty table, 2 s after that'],
  ['usedMb', 'MB', 'resident after 200 requests and /openapi.json'],
]) {
  const values = results.map((result) => result[key]).sort((x, y) => x - y);
  const median = values[values.length >> 1];
  console.log(
    `${text}: ${median.toFixed(0)} ${unit} (${values[0].toFixed(0)} to ${values.at(-1).toFixed(0)}, ${RUNS} runs)`,
  );
}
