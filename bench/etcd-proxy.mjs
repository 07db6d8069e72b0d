// `npm run bench -- etcd-proxy`: what etcd's gRPC proxy takes off etcd: as many stores as a cluster has agents, each with the one watch an agent
// has, directly and through the proxy; watches at etcd, what it sends, its processor time, and how long a change takes to be everywhere.
//   npm run bench -- etcd-proxy [--nodes 500] [--commits 100] [--out FILE.md]
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEtcdStore } from '@tortie/store/etcd';
import { EtcdCluster } from '@tortie/store/testing/etcd';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '500' },
    commits: { type: 'string', default: '100' },
    out: { type: 'string' },
  },
});
const [STORES, COMMITS] = [Number(values.nodes), Number(values.commits)];
/** Of a block whose addresses are all in use, in characters. */
const BLOCK = 'x'.repeat(15_000);
const PREFIX = '/ipam/blocks/';
const TICKS_PER_S = 100;

const lines = [];
const say = (line) => {
  lines.push(line);
  console.log(line);
};
const median = (numbers) => numbers.toSorted((x, y) => x - y)[numbers.length >> 1];
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}
const rssOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000;

async function metricsOf(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (name) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
  return {
    watches: sum('etcd_debugging_mvcc_watcher_total'),
    events: sum('etcd_debugging_mvcc_events_total'),
    sentMb: sum('etcd_network_client_grpc_sent_bytes_total') / 1e6,
  };
}

async function measure(way, endpoint, etcd, proxy) {
  const stores = Array.from({ length: STORES }, () => openEtcdStore({ endpoints: [endpoint], timeoutMs: 60_000 }));
  const writer = openEtcdStore({ endpoints: etcd.endpoints, prefix: '/tortie/' });
  const key = `${PREFIX}${way.length}`;
  let seen = 0;
  let wake = () => {};
  const revision = await writer.create(key, '');
  for (const store of stores) {
    await store.get(key);
    void (async () => {
      for await (const _ of store.watch(PREFIX, revision)) {
        seen++;
        wake();
      }
      // Ends with the store.
    })().catch(() => {});
  }
  const told = async (count) => {
    while (seen < count) await new Promise((resolve) => (wake = resolve));
  };
  // Until all watches stand, and the proxy has made one of those that may be one.
  let last = await writer.update(key, 'first', revision);
  await told(STORES);
  await sleep(5_000);
  seen = 0;
  const pids = [etcd.pid, ...(proxy ? [proxy.pid] : [])];
  const [before, cpu] = [await metricsOf(etcd.endpoints[0]), pids.map(cpuOf)];
  const took = [];
  for (let at = 1; at <= COMMITS; at++) {
    const began = performance.now();
    last = await writer.update(key, `${at}${BLOCK}`, last);
    await told(at * STORES);
    took.push(performance.now() - began);
  }
  const [after, spent] = [await metricsOf(etcd.endpoints[0]), pids.map((pid, at) => cpuOf(pid) - cpu[at])];
  say(
    `| ${way} | ${after.watches} | ${((after.events - before.events) / COMMITS).toFixed(1)} | ${(after.sentMb - before.sentMb).toFixed(1)} | ${spent[0].toFixed(1)} | ${proxy ? `${spent[1].toFixed(1)} (${rssOf(proxy.pid).toFixed(0)} MB)` : ''} | ${median(took).toFixed(0)} |`,
  );
  await Promise.all([...stores, writer].map((store) => store.close()));
}

const etcd = await EtcdCluster.start();
try {
  say(
    `${STORES} stores, ${COMMITS} commits of a block of 15 kB; ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}`,
  );
  say('');
  say('| | watches at etcd | events a commit | etcd sent MB | etcd CPU s | proxy CPU s | ms until all know, median |');
  say('|---|---|---|---|---|---|---|');
  await measure('directly', etcd.endpoints[0], etcd);
  const proxy = await etcd.startProxy();
  await measure('by the gRPC proxy', proxy.url, etcd, proxy);
} finally {
  await etcd.stop();
}
if (values.out) writeFileSync(values.out, `${lines.join('\n')}\n`);
