// `npm run bench`: the load rig beside other BGP daemons, and every package's own benchmark.
//   npm run bench -- rig [--repeat 5] [--duts "tortie bird frr"] [--cases "ebgp:500000:1"] [--out FILE.md]
//                          [--results FILE.jsonl]
//   npm run bench -- plots [--results FILE.jsonl]      bench/plots/*.svg from the runs that `--results` of the rig has kept
//   npm run bench -- network [--repeat 5] [--seconds 2] [--only bgp,vxlan]   throughput from pod to pod by every way between nodes
//   npm run bench -- loss [--only restarts,ways,tunnels,reflectors,ecmp]   packets lost while agents, reflectors, routers and ways change
//   npm run bench -- loss --from COMMIT   packets lost in an upgrade from what that commit was, and in the way back
//   npm run bench -- cluster-scale [--nodes 5000] [--pairs 2]   simulated clusters of thousands of nodes
//   npm run bench -- cluster-live [--nodes 60]   real agents in network namespaces around an etcd
//   npm run bench -- cluster-node [--nodes 5000]   one real agent in a cluster of thousands
//   npm run bench -- etcd-proxy [--nodes 500]   what etcd's gRPC proxy takes off etcd
//   npm run bench -- engine | fib | agent | ipam | cni
// `--kernel` with `network` and `loss`: in Debian's kernel under qemu, which has IPIP and WireGuard; ratios and losses count, times do not.
// Figures are medians; a ratio compares runs made alternately within one call.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensure, root } from '../scripts/ensure.mjs';
import { debianKernel } from '../test/kernels/debian-kernel.mjs';
import { runIn } from '../test/kernels/machine.mjs';
import { drawPlots } from './plots.mjs';

const RIG = join(root, 'bench/rig');
const DAEMONS = {
  make: 'make',
  cc: 'gcc',
  ip: 'iproute2',
  bird: 'bird2',
  gobgpd: 'gobgpd',
  bgpctl: 'openbgpd',
  vtysh: 'frr',
};
/** mode:IPv4 routes:receivers[:IPv6 routes] */
const CASES = 'ebgp:500000:1 ebgp:0:1:200000 ibgp:100000:100';
/** A device that took longer than this in one run is not repeated. */
const SLOW_S = 60;

const OWN = {
  engine: ['packages/bgp/dist/bench'],
  fib: ['packages/linux/bench'],
  agent: ['packages/agent/bench'],
  ipam: ['packages/ipam/bench'],
  cni: ['packages/cni/bench'],
};

/** Benchmarks of the ways between nodes, with what they are told. */
const WAYS = {
  network: ({ repeat, seconds, only }) => [
    ...['--repeat', repeat, '--seconds', seconds],
    ...(only ? ['--only', only] : []),
  ],
  loss: ({ only, rate, from }) => [
    ...(only ? ['--only', only] : []),
    ...(rate ? ['--rate', rate] : []),
    ...(from ? ['--from', from] : []),
  ],
};

/** And of clusters. */
const CLUSTERS = {
  'cluster-live': ({ nodes }) => (nodes ? ['--nodes', nodes] : []),
  'cluster-node': ({ nodes }) => (nodes ? ['--nodes', nodes] : []),
  'etcd-proxy': ({ nodes }) => (nodes ? ['--nodes', nodes] : []),
  'cluster-scale': ({ nodes, pairs }) => [...(nodes ? ['--nodes', nodes] : []), ...(pairs ? ['--pairs', pairs] : [])],
};
const SCRIPTS = { ...WAYS, ...CLUSTERS };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeat: { type: 'string', default: '5' },
    duts: { type: 'string', default: 'none bird frr openbgpd gobgp tortie' },
    cases: { type: 'string', default: CASES },
    out: { type: 'string' },
    nodes: { type: 'string' },
    pairs: { type: 'string' },
    phases: { type: 'string' },
    results: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
    rate: { type: 'string' },
    from: { type: 'string' },
    kernel: { type: 'boolean', default: false },
  },
});

const median = (numbers) => {
  const sorted = numbers.toSorted((x, y) => x - y);
  return sorted.length === 0 ? undefined : (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/** One run of one device; the parsed JSON line, or the reason why there is none. */
function runOnce(dut, { mode, routes, receivers, routes6 }, results) {
  const target = dut === 'tortie' ? join(RIG, 'tortie.sh') : dut;
  const extra = values.phases ? ['--phases', values.phases] : [];
  const before = Date.now();
  const child = spawnSync(join(RIG, 'run.sh'), [target, mode, routes, receivers, '1', ...extra], {
    env: { ...process.env, RESULTS: results, ROUTES6: routes6 },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    timeout: 600_000,
  });
  const line = (child.stdout ?? '').split('\n').find((text) => text.startsWith('{'));
  const run = line
    ? JSON.parse(line)
    : { error: (child.stderr || String(child.error ?? 'no answer')).trim().split('\n').at(-1) };
  return { run, tookS: (Date.now() - before) / 1000 };
}

function rigCase(text, duts, repeat, results) {
  const [mode, routes, receivers, routes6 = '0'] = text.split(':');
  const spec = { mode, routes, receivers, routes6 };
  const runs = new Map(duts.map((dut) => [dut, { phases: [], errors: [], done: false }]));
  for (let round = 0; round < repeat; round++) {
    for (const dut of duts) {
      const state = runs.get(dut);
      if (state.done) continue;
      const { run, tookS } = runOnce(dut, spec, results);
      console.error(`${text} ${dut} ${round + 1}/${repeat}: ${run.error ?? `${tookS.toFixed(1)} s`}`);
      if (run.error) {
        state.errors.push(run.error);
        state.done = true;
      } else state.phases.push(run.phases);
      if (tookS > SLOW_S) state.done = true;
    }
  }
  const title = `${mode}, ${routes !== '0' ? `${routes} IPv4` : ''}${routes6 !== '0' ? `${routes6} IPv6` : ''} routes, 1 in, ${receivers} out`;
  const rows = [
    `### ${title}`,
    '',
    '| device | runs | announce: last route s | CPU s | resident MB | withdraw s | churn s | one change, last receiver p50 / p99 ms |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const dut of duts) {
    const { phases, errors } = runs.get(dut);
    if (phases.length === 0) {
      rows.push(`| ${dut} | 0 | failed: ${errors[0]} | | | | | |`);
      continue;
    }
    const of = (name, key) =>
      median(phases.map((list) => list.find((phase) => phase.phase === name)?.[key]).filter((n) => n !== undefined));
    const fixed = (number, digits = 2) => (number === undefined || Number.isNaN(number) ? '–' : number.toFixed(digits));
    rows.push(
      `| ${dut} | ${phases.length} | ${fixed(of('announce', 'recv_last_s'))} | ${fixed(of('announce', 'dut_cpu_s'))} | ${fixed(of('announce', 'dut_rss_mb'), 0)} | ` +
        `${fixed(of('withdraw', 'recv_last_s'))} | ${fixed(of('churn', 'recv_last_s'))} | ` +
        `${fixed(of('latency', 'last_p50_us') / 1000)} / ${fixed(of('latency', 'last_p99_us') / 1000)} |`,
    );
  }
  const last = (dut) =>
    median((runs.get(dut)?.phases ?? []).map((list) => list.find((phase) => phase.phase === 'announce').recv_last_s));
  const cpu = (dut) =>
    median((runs.get(dut)?.phases ?? []).map((list) => list.find((phase) => phase.phase === 'announce').dut_cpu_s));
  if (last('tortie') !== undefined) {
    rows.push('');
    for (const dut of duts.filter((name) => name !== 'tortie' && name !== 'none' && last(name) !== undefined)) {
      rows.push(
        `* Tortie / ${dut}: time to the last route ${(last('tortie') / last(dut)).toFixed(2)} x, CPU ${(cpu('tortie') / cpu(dut)).toFixed(2)} x`,
      );
    }
  }
  return `${rows.join('\n')}\n`;
}

function rig() {
  if (process.getuid() !== 0) {
    console.error('the rig needs root: each run has a network namespace of its own');
    process.exit(1);
  }
  execFileSync('make', ['-s', '-C', RIG], { stdio: ['ignore', 2, 2] });
  const scratch = mkdtempSync(join(tmpdir(), 'tortie-bench-'));
  const duts = values.duts.split(/\s+/);
  const versions = duts.map((dut) => {
    const script = dut === 'tortie' ? join(RIG, 'tortie.sh') : join(RIG, 'duts', `${dut}.sh`);
    return `${dut}: ${(spawnSync(script, ['version'], { encoding: 'utf8' }).stdout ?? '').trim().split('\n')[0]}`;
  });
  const parts = [`${cpus().length} cores, Node ${process.versions.node}; ${versions.join('; ')}`, ''];
  for (const text of values.cases.split(/\s+/))
    parts.push(rigCase(text, duts, Number(values.repeat), values.results ?? join(scratch, 'results.jsonl')));
  const report = parts.join('\n');
  console.log(report);
  if (values.out) writeFileSync(values.out, report);
  rmSync(scratch, { recursive: true, force: true });
}

/** The benchmark's exit status. What it writes to files is lost with the machine. */
function inKernel(args) {
  if (!(what in WAYS) || values.out) {
    console.error(`--kernel is for ${Object.keys(WAYS).join(' and ')}, without --out`);
    return 2;
  }
  const kernel = debianKernel();
  console.error(`Linux ${kernel.release} under qemu`);
  return runIn(kernel, [process.execPath, join(root, `bench/${what}.mjs`), ...args], {
    cwd: root,
    env: { TORTIE_PATIENCE: '5' },
    onLine: (line) => console.log(line),
  });
}

const [what = 'rig'] = positionals;
if (what !== 'plots')
  ensure({
    commands:
      what === 'rig'
        ? DAEMONS
        : {
            cc: 'gcc',
            ip: 'iproute2',
            ...(what in WAYS && { bird: 'bird2', nft: 'nftables' }),
            ...(what === 'network' && { iperf3: 'iperf3' }),
            ...(values.kernel && { 'qemu-system-x86_64': 'qemu-system-x86', busybox: 'busybox-static' }),
            ...(what in CLUSTERS && { etcd: 'etcd-server', etcdctl: 'etcd-client' }),
          },
  });
if (what === 'rig') rig();
else if (what === 'plots') {
  for (const file of drawPlots(values.results ?? join(root, 'bench/results.jsonl'), join(root, 'bench/plots'))) {
    console.log(file);
  }
} else if (SCRIPTS[what]) {
  const { out } = values;
  const args = [...SCRIPTS[what](values), ...(out ? ['--out', out] : [])];
  if (values.kernel) process.exit(await inKernel(args));
  const child = spawnSync(process.execPath, [join(root, `bench/${what}.mjs`), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exit(child.status ?? 1);
} else if (OWN[what]) {
  for (const folder of OWN[what]) {
    const list = join(root, folder, 'run.mjs');
    const script = existsSync(list) ? list : join(root, folder, 'run.js');
    const child = spawnSync(process.execPath, ['--expose-gc', script, ...positionals.slice(1)], {
      cwd: root,
      stdio: 'inherit',
    });
    if (child.status !== 0) process.exit(child.status ?? 1);
  }
} else {
  const known = ['rig', 'plots', ...Object.keys(SCRIPTS), ...Object.keys(OWN)].join(', ');
  console.error(`unknown benchmark "${what}"; there are: ${known}`);
  process.exit(2);
}
