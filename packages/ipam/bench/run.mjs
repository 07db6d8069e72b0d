/**
 * What an assignment costs over the embedded store, beside one durable LMDB transaction of the same size in the same run, and
 * over etcd with one member and with three, beside one transaction of etcd. Prints one JSON document: milliseconds, and the
 * ratios of the medians (goals: at most 1.5, and 2.5). `node run.mjs [ROUNDS]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePrefix } from '@tortie/ip';
import { Ipam } from '@tortie/ipam';
import { MemoryStore } from '@tortie/store';
import { openEtcdStore } from '@tortie/store/etcd';
import { openLmdbStore } from '@tortie/store/node';
import { interceptStore } from '@tortie/store/testing';
import { EtcdCluster, etcdMissing } from '@tortie/store/testing/etcd';
import { open } from 'lmdb';

const rounds = Number(process.argv[2] ?? 2000);
const root = mkdtempSync(join(tmpdir(), 'tortie-bench-'));
const quantile = (sorted, q) => Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(3));
const summary = (times) => {
  const sorted = [...times].sort((x, y) => x - y);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
};

/** One durable transaction that writes a block, a handle and a log row of usual size, without anything around it. */
function rawTransaction(env) {
  const entries = env.openDB('entries', { encoding: 'string' });
  const log = env.openDB('log', { encoding: 'string' });
  const [block, handle] = ['b'.repeat(5000), 'h'.repeat(110)];
  return (at) =>
    env.transactionSync(() => {
      entries.putSync(`/blocks/${at >> 6}`, block);
      entries.putSync(`/handles/${at}`, handle);
      log.putSync(at + 1, '["/blocks/000","/handles/000"]');
    });
}

async function lmdb() {
  const env = open({
    path: join(root, 'raw'),
    noSubdir: false,
    overlappingSync: false,
    maxDbs: 4,
    mapSize: 4 * 1024 ** 3,
  });
  const raw = rawTransaction(env);
  const store = openLmdbStore(join(root, 'ipam'));
  const ipam = new Ipam({ store, now: Date.now });
  await ipam.pools.create({ name: 'bench', cidr: parsePrefix('10.0.0.0/16'), blockSize: 26 });
  await ipam.configure({ maxBlocksPerHost: 0 });
  const times = { transaction: [], assign: [], release: [] };
  for (let at = 0; at < rounds; at++) {
    let start = performance.now();
    raw(at);
    times.transaction.push(performance.now() - start);
    start = performance.now();
    await ipam.assign({ node: 'node-1', handle: `k8s-pod-network.${at}`, count4: 1 });
    times.assign.push(performance.now() - start);
  }
  for (let at = 0; at < rounds; at += 4) {
    const start = performance.now();
    await ipam.release({ handle: `k8s-pod-network.${at}` });
    times.release.push(performance.now() - start);
  }
  const { findings } = await ipam.check();
  await store.close();
  await env.close();
  const [transaction, assign, release] = [summary(times.transaction), summary(times.assign), summary(times.release)];
  const ratio = Number((assign.p50 / transaction.p50).toFixed(2));
  return { rounds, transaction, assign, release, assignToTransaction: ratio, goal: 1.5, findings: findings.length };
}

/** The same over etcd; the transaction writes a block and a handle of usual size through the store. */
async function etcd(members) {
  const cluster = await EtcdCluster.start({ members });
  const store = openEtcdStore({ endpoints: cluster.endpoints });
  try {
    const ipam = new Ipam({ store, now: Date.now });
    await ipam.pools.create({ name: 'bench', cidr: parsePrefix('10.0.0.0/16'), blockSize: 26 });
    await ipam.configure({ maxBlocksPerHost: 0 });
    const [block, handle] = ['b'.repeat(5000), 'h'.repeat(110)];
    let revision = await store.create('/raw/block', block);
    const times = { transaction: [], assign: [] };
    for (let at = 0; at < rounds; at++) {
      let start = performance.now();
      revision = await store.commit([
        { type: 'update', key: '/raw/block', value: block, revision },
        { type: 'create', key: `/raw/handles/${at}`, value: handle },
      ]);
      times.transaction.push(performance.now() - start);
      start = performance.now();
      await ipam.assign({ node: 'node-1', handle: `k8s-pod-network.${at}`, count4: 1 });
      times.assign.push(performance.now() - start);
    }
    const { findings } = await ipam.check();
    const [transaction, assign] = [summary(times.transaction), summary(times.assign)];
    const ratio = Number((assign.p50 / transaction.p50).toFixed(2));
    return { members, rounds, transaction, assign, assignToTransaction: ratio, goal: 2.5, findings: findings.length };
  } finally {
    await store.close();
    await cluster.stop();
  }
}

/** Fills a pool from many nodes to the last address: milliseconds and store calls per address, in tenths of the pool. */
async function fill() {
  let calls = 0;
  const count = { before: () => void calls++ };
  const store = interceptStore(new MemoryStore(), count);
  const ipam = new Ipam({ store, now: Date.now });
  await ipam.pools.create({ name: 'fill', cidr: parsePrefix('10.0.0.0/18'), blockSize: 26 });
  const size = 2 ** 14;
  const tenths = [];
  let [from, start] = [0, performance.now()];
  calls = 0;
  for (let at = 0; at < size; at++) {
    await ipam.assign({ node: `node-${at % 100}`, handle: `h${at}`, count4: 1 });
    if (at + 1 === Math.floor(((tenths.length + 1) * size) / 10)) {
      const per = (value) => Number((value / (at + 1 - from)).toFixed(3));
      tenths.push({ milliseconds: per(performance.now() - start), storeCalls: per(calls) });
      [from, start, calls] = [at + 1, performance.now(), 0];
    }
  }
  return { addresses: size, nodes: 100, perAddressByTenth: tenths };
}

try {
  const overEtcd = etcdMissing ? etcdMissing : [await etcd(1), await etcd(3)];
  console.log(JSON.stringify({ bench: 'ipam', lmdb: await lmdb(), etcd: overEtcd, fill: await fill() }, null, 2));
} finally {
  rmSync(root, { recursive: true, force: true });
}
