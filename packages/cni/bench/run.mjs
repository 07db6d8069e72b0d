/**
 * ADD and DEL of our plugin beside the reference plugins `bridge` + `host-local` and `ptp` + `host-local`, turn by turn in one
 * run: one call at a time, and 50 at once. Each agent has a network namespace as its node, the reference plugins another: no agent
 * takes notice of what others do. Duplicate address detection is off
 * everywhere: with it ptp waits for two seconds in each ADD with IPv6. A second agent has its store in memory: what it is
 * faster by is the durable commit, which the reference plugins do not make. `run.mjs [ROUNDS] [PODS]`
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUNDS = Number(process.argv[2] ?? 5);
const PODS = Number(process.argv[3] ?? 50);
const REFERENCE = '/usr/lib/cni';
const TORTIE = fileURLToPath(new URL('../build/tortie', import.meta.url));
const AGENT = fileURLToPath(new URL('../../agent/bench/main.mjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'tortie-cni-bench-'));
const node = `tortie-bench-${randomBytes(4).toString('hex')}`;
const CALL = join(folder, 'call');
/** Namespaces that are nodes, by whose they are. */
const NODES = { disk: `${node}-disk`, memory: `${node}-memory`, reference: `${node}-reference` };
const ip = (...words) => execFileSync('ip', words);

const FAMILIES = {
  IPv4: { subnets: ['10.1.0.0/16'], ours: { ipv6: false } },
  'IPv4 and IPv6': { subnets: ['10.1.0.0/16', 'fd00:1::/64'], ours: {} },
};

/** Configuration of each plugin; addresses for the reference ones from host-local. */
function pluginsFor({ subnets, ours }) {
  const hostLocal = (name) => ({
    type: 'host-local',
    dataDir: join(folder, name),
    ranges: subnets.map((subnet) => [{ subnet }]),
    routes: subnets.map((subnet) => ({ dst: subnet.includes(':') ? '::/0' : '0.0.0.0/0' })),
  });
  const common = { cniVersion: '1.0.0' };
  return {
    tortie: {
      file: TORTIE,
      node: NODES.disk,
      config: { ...common, name: 'ours', type: 'tortie', socket: socketOf('disk'), ...ours },
    },
    'tortie, store in memory': {
      file: TORTIE,
      node: NODES.memory,
      config: { ...common, name: 'memory', type: 'tortie', socket: socketOf('memory'), ...ours },
    },
    bridge: {
      file: join(REFERENCE, 'bridge'),
      node: NODES.reference,
      config: { ...common, name: 'bridge', type: 'bridge', bridge: 'b0', isGateway: true, ipam: hostLocal('bridge') },
    },
    ptp: {
      file: join(REFERENCE, 'ptp'),
      node: NODES.reference,
      config: { ...common, name: 'ptp', type: 'ptp', ipam: hostLocal('ptp') },
    },
  };
}

function call({ file, node: place, config }, command, parallel, lines) {
  const path = join(folder, `${config.name}.json`);
  writeFileSync(path, JSON.stringify(config));
  const { status, stdout, stderr } = spawnSync(
    'nsenter',
    [`--net=/run/netns/${place}`, CALL, file, path, command, String(parallel)],
    {
      input: lines.map(({ id, netns }) => `${id} ${netns}\n`).join(''),
      encoding: 'utf8',
      env: { PATH: process.env.PATH, CNI_PATH: REFERENCE },
    },
  );
  if (status !== 0) throw new Error(`${command} of ${config.name}: ${stderr}`);
  const words = stdout.trim().split('\n');
  return {
    calls: words.slice(0, -1).map((word) => Number(word) / 1000),
    allMs: Number(words.at(-1).split(' ')[1]) / 1000,
  };
}

function makePods() {
  const pods = Array.from({ length: PODS }, () => {
    const id = randomBytes(16).toString('hex');
    return { id, name: `${node}-${id.slice(0, 12)}`, netns: `/run/netns/${node}-${id.slice(0, 12)}` };
  });
  execFileSync('ip', ['-batch', '-'], { input: pods.map(({ name }) => `netns add ${name}\n`).join('') });
  for (const { netns } of pods) withoutDad(netns);
  return pods;
}

const withoutDad = (netns) =>
  execFileSync('nsenter', [
    `--net=${netns}`,
    'sh',
    '-c',
    'for i in all default; do echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad; done',
  ]);

const removePods = (pods) =>
  execFileSync('ip', ['-batch', '-'], { input: pods.map(({ name }) => `netns delete ${name}\n`).join('') });

const quantile = (values, q) =>
  values.toSorted((x, y) => x - y)[Math.min(values.length - 1, Math.floor(values.length * q))];
const median = (values) => quantile(values, 0.5);

/** Both ways of calling, once; adds to the samples of one plugin. */
function round(plugin, samples) {
  const pods = makePods();
  samples.alone.push(...call(plugin, 'ADD', 1, pods).calls);
  samples.del.push(...call(plugin, 'DEL', 1, pods).calls);
  removePods(pods);
  const more = makePods();
  const together = call(plugin, 'ADD', PODS, more);
  samples.parallel.push(...together.calls);
  samples.all.push(together.allMs);
  samples.delAll.push(call(plugin, 'DEL', PODS, more).allMs);
  removePods(more);
}

const socketOf = (name) => join(folder, `${name}.sock`);

async function startAgent({ name, store, protocol, net }) {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `node: ${name}
asn: 64513
api: { socket: ${join(folder, `${name}-api.sock`)} }
store: { path: ${store} }
bgp: { listen: [] }
kernel: { protocol: ${protocol} }
cni: { socket: ${socketOf(name)} }
log: { level: warn }
pools: [ { name: p4, cidr: 10.${net}.0.0/16 }, { name: p6, cidr: "fd00:${net}::/112" } ]
`,
  );
  const agent = spawn('nsenter', [`--net=/run/netns/${NODES[name]}`, process.execPath, AGENT, file], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  while (!existsSync(socketOf(name))) {
    if (agent.exitCode !== null) throw new Error('the agent ended');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return agent;
}

function report(name, plugins, samples) {
  console.log(`\n${name}, ${ROUNDS} rounds of ${PODS} pods, ms:\n`);
  console.log(
    '| plugin | ADD alone p50 / p99 | DEL alone p50 | ADD, all at once: p50 / p99 | all of them | DEL, all at once: all of them |',
  );
  console.log('|---|---|---|---|---|---|');
  const row = (text, { alone, del, parallel, all, delAll }) =>
    `| ${text} | ${quantile(alone, 0.5).toFixed(1)} / ${quantile(alone, 0.99).toFixed(1)} | ${quantile(del, 0.5).toFixed(1)} | ` +
    `${quantile(parallel, 0.5).toFixed(0)} / ${quantile(parallel, 0.99).toFixed(0)} | ${median(all).toFixed(0)} | ${median(delAll).toFixed(0)} |`;
  for (const plugin of Object.keys(plugins)) console.log(row(plugin, samples[plugin]));
  console.log('');
  for (const [one, other] of ['tortie', 'tortie, store in memory'].flatMap((ours) => [
    [ours, 'bridge'],
    [ours, 'ptp'],
  ])) {
    const [ours, theirs] = [samples[one], samples[other]];
    const ratio = (pick, q) => (quantile(pick(ours), q) / quantile(pick(theirs), q)).toFixed(2);
    console.log(
      `${one} / ${other}: ADD alone p50 ${ratio((s) => s.alone, 0.5)} p99 ${ratio((s) => s.alone, 0.99)}, DEL ${ratio((s) => s.del, 0.5)}, ` +
        `at once p50 ${ratio((s) => s.parallel, 0.5)} p99 ${ratio((s) => s.parallel, 0.99)}, all ${ratio((s) => s.all, 0.5)}, DEL all ${ratio((s) => s.delAll, 0.5)}`,
    );
  }
}

if (process.getuid() !== 0 || !existsSync(join(REFERENCE, 'bridge'))) {
  console.error('needs root and the reference plugins (Debian: containernetworking-plugins)');
  process.exit(1);
}
execFileSync('cc', ['-O2', '-Wall', '-o', CALL, fileURLToPath(new URL('call.c', import.meta.url))]);
for (const place of Object.values(NODES)) ip('netns', 'add', place);
const memory = mkdtempSync('/dev/shm/tortie-cni-bench-');
const agents = [];
try {
  for (const place of Object.values(NODES)) {
    ip('-n', place, 'link', 'set', 'lo', 'up');
    withoutDad(`/run/netns/${place}`);
  }
  agents.push(await startAgent({ name: 'disk', store: join(folder, 'store'), protocol: 201, net: 2 }));
  agents.push(await startAgent({ name: 'memory', store: memory, protocol: 202, net: 3 }));
  console.log(
    `Linux ${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()}, load before: ${loadavg()[0].toFixed(1)}`,
  );
  for (const [name, family] of Object.entries(FAMILIES)) {
    const plugins = pluginsFor(family);
    const samples = Object.fromEntries(
      Object.keys(plugins).map((key) => [key, { alone: [], del: [], parallel: [], all: [], delAll: [] }]),
    );
    for (let i = 0; i < ROUNDS; i++) for (const [key, plugin] of Object.entries(plugins)) round(plugin, samples[key]);
    report(name, plugins, samples);
  }
} finally {
  for (const agent of agents) agent.kill('SIGTERM');
  for (const line of execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n')) {
    if (line.startsWith(node)) ip('netns', 'delete', line.split(' ')[0]);
  }
  for (const path of [folder, memory]) rmSync(path, { recursive: true, force: true });
}
