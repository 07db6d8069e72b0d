/**
 * What an assignment costs over the embedded store, beside one durable LMDB transaction of the same size in the same run, and
 * over etcd with one member and with three, beside one transaction of etcd. Prints one JSON document: milliseconds, and the
 * ratios of the medians (goals: at most 1.5, and 2.5). `node run.mjs [ROUNDS [PART…]]`; parts: lmdb etcd fill cluster.
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

const [, , roundsText = '2000', ...parts] = process.argv;
const rounds = Number(roundsText);
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

/**
 * A cluster of 5,000 nodes with 110 pods each in a /12: milliseconds and store calls per address as it fills, and whether anything
 * was listed on the way. One process stands for all nodes.
 */
async function cluster() {
  const calls = { all: 0, list: 0 };
  const store = interceptStore(new MemoryStore(), {
    before({ method }) {
      calls.all++;
      if (method === 'list') calls.list++;
    },
  });
  const ipam = new Ipam({ store, now: Date.now });
  await ipam.pools.create({ name: 'cluster', cidr: parsePrefix('10.0.0.0/12') });
  const [nodes, pods, fifths] = [5000, 110, []];
  [calls.all, calls.list] = [0, 0];
  let start = performance.now();
  for (let node = 0; node < nodes; node++) {
    for (let pod = 0; pod < pods; pod++) {
      await ipam.assign({ node: `node-${node}`, handle: `k8s-pod-network.${node}-${pod}`, count4: 1 });
    }
    if ((node + 1) % (nodes / 5) === 0) {
      const per = (value) => Number((value / ((nodes / 5) * pods)).toFixed(4));
      fifths.push({ milliseconds: per(performance.now() - start), storeCalls: per(calls.all), lists: calls.list });
      start = performance.now();
      [calls.all, calls.list] = [0, 0];
    }
  }
  const [usage] = await ipam.pools.usage();
  start = performance.now();
  const { findings } = await ipam.check();
  const checkS = Number(((performance.now() - start) / 1000).toFixed(1));
  start = performance.now();
  const own = (await ipam.checkNode('node-7')).length;
  const checkNodeMs = Number((performance.now() - start).toFixed(1));
  const megabytes = Math.round(process.memoryUsage().heapUsed / 1e6);
  const { assigned, blocks } = usage;
  return {
    nodes,
    pods,
    assigned,
    blocks,
    perAddressByFifth: fifths,
    checkS,
    checkNodeMs,
    findings: findings.length + own,
    megabytes,
  };
}

const PARTS = {
  lmdb,
  etcd: async () => (etcdMissing ? etcdMissing : [await etcd(1), await etcd(3)]),
  fill,
  cluster,
};

try {
  const figures = { bench: 'ipam' };
  for (const part of parts.length > 0 ? parts : Object.keys(PARTS)) figures[part] = await PARTS[part]();
  console.log(JSON.stringify(figures, null, 2));
} finally {
  rmSync(root, { recursive: true, force: true });
}
