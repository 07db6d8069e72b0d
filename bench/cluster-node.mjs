// `npm run bench -- cluster-node`: one real agent in a cluster of thousands: an etcd that holds the records, blocks and pods of all of them, two
// peers that tell it every route as reflectors do, its kernel. Memory, processor time of the start, of rest and of single events.
//   npm run bench -- cluster-node [--nodes 5000] [--pods 110] [--events 200] [--command "node tortie.js"] [--out FILE.md]
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runSpeaker } from '@tortie/bgp/node';
import { parseAddress, parsePrefix } from '@tortie/ip';
import { Agent, enterNamespaces, runCommand, withHosts } from '@tortie/lab';
import { openEtcdStore } from '@tortie/store/etcd';
import { EtcdCluster } from '@tortie/store/testing/etcd';
import { ASN, addressOf, entriesOf, nameOf, poolOf } from '../packages/agent/dist/test/cluster/large-cluster.js';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '110' },
    events: { type: 'string', default: '200' },
    command: { type: 'string' },
    out: { type: 'string' },
    role: { type: 'string' },
    url: { type: 'string' },
    peers: { type: 'string', default: '' },
    address: { type: 'string' },
  },
});
const [NODES, PODS, EVENTS] = [Number(values.nodes), Number(values.pods), Number(values.events)];
const CLUSTER = { nodes: NODES + EVENTS, pairs: 1 };
/** The one that is looked at. */
const SELF = 20;
const FILE = fileURLToPath(import.meta.url);
const TICKS_PER_S = 100;

/** An address for each of so many pods in the block of a node, as an assignment writes it. */
function withPods(block, node, pods) {
  const count = Math.min(pods, block.allocations.length);
  const since = 1_700_000_000_000;
  return {
    ...block,
    allocations: block.allocations.map((_, ordinal) => (ordinal < count ? ordinal : null)),
    unallocated: block.unallocated.filter((ordinal) => ordinal >= count),
    attributes: Array.from({ length: count }, (_, pod) => ({
      handle: `k8s-pod-network.${node}-${pod}-0123456789abcdef`,
      node,
      owner: { type: 'pod', namespace: 'default', pod: `deployment-7d4b9c6f5-${pod}` },
      since,
    })),
    sequences: Object.fromEntries(Array.from({ length: count }, (_, pod) => [pod, block.sequenceNumber + pod])),
  };
}

const nodeOf = (key) => /node-\d{5}/.exec(key)?.[0];

async function seed() {
  const store = openEtcdStore({ endpoints: [values.url] });
  const peers = values.peers.split(',');
  let batch = [];
  const flush = async () => {
    await store.commit(batch);
    batch = [];
  };
  const later = [];
  for (const entry of await entriesOf(CLUSTER)) {
    const { key } = entry;
    let { value } = entry;
    const node = key.startsWith('/ipam/blocks/') ? value.affinity?.slice(5) : nodeOf(key);
    const at = node === undefined ? undefined : Number(node.slice(5));
    if (at === SELF) continue;
    if (key.startsWith('/ipam/blocks/')) value = withPods(value, node, PODS);
    if (key.startsWith('/agent/nodes/') && at < 2) value = { ...value, ipv4Address: `${peers[at]}/24` };
    if (at >= NODES) later.push({ key, value });
    else batch.push({ type: 'create', key, value });
    // Its agent runs, so that it is not the one looked at that collects the garbage of all.
    if (key.startsWith('/agent/nodes/')) batch.push({ type: 'create', key: `/agent/alive/${node}`, value: {} });
    if (batch.length >= 60) await flush();
  }
  if (batch.length > 0) await flush();
  // What comes later is told by a line each, when the one who asked says so.
  console.log('seeded');
  for await (const _ of process.stdin) {
    for (const { key, value } of later) {
      await store.create(key, value);
      await sleep(5);
    }
    console.log('joined');
  }
}

/** Tells every block but that of the agent, each with a next hop of its own. */
async function reflect() {
  const speaker = await runSpeaker({
    asn: ASN,
    routerId: parseAddress(values.address).a,
    listen: [{ address: parseAddress(values.address), port: 179 }],
  });
  for (const { key, value } of await entriesOf(CLUSTER, NODES)) {
    if (!key.startsWith('/ipam/blocks/')) continue;
    const at = Number(value.affinity.slice('host:node-'.length));
    if (at !== SELF) speaker.originate(parsePrefix(value.cidr), { nextHop: parseAddress(addressOf(at)) });
  }
  speaker.addPeer({ name: 'agent', remoteAddress: parseAddress(values.peers), remoteAsn: ASN, passive: true });
}

const lines = [];
const say = (line = '') => {
  lines.push(line);
  console.log(line);
};
const status = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000;
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

async function measure(lab) {
  const [etcdHost, first, second, host] = ['etcd', 'rr1', 'rr2', 'agent'].map((name) => lab.host(name));
  const etcd = await EtcdCluster.start({
    args: ['--quota-backend-bytes', String(4 * 2 ** 30)],
    placeOf: () => ({ address: etcdHost.address(), enter: ['nsenter', `--net=/run/netns/${etcdHost.netns}`, '--'] }),
  });
  try {
    await withEtcd({ lab, etcd, etcdHost, reflectors: [first, second], host });
  } finally {
    await etcd.stop();
  }
}

async function withEtcd({ etcd, etcdHost, reflectors, host }) {
  const run = (role, more) => [
    FILE,
    ...['--role', role, '--nodes', values.nodes, '--pods', values.pods, '--events', values.events],
    ...more,
  ];
  const { spawn } = await import('node:child_process');
  const seeder = spawn(
    'nsenter',
    [
      `--net=/run/netns/${etcdHost.netns}`,
      '--',
      process.execPath,
      ...run('seed', ['--url', etcd.endpoints[0], '--peers', reflectors.map((one) => one.address()).join(',')]),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let said = '';
  seeder.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const until = async (what, test, limitS = 300) => {
    const end = Date.now() + limitS * 1000;
    while (!(await test())) {
      if (Date.now() > end) throw new Error(`${what}: not within ${limitS} s`);
      await sleep(200);
    }
  };
  try {
    await until('the store', () => said.includes('seeded'), 500);
    for (const one of reflectors) {
      one.spawn(process.execPath, run('reflect', ['--address', one.address(), '--peers', host.address()]), {
        name: 'reflector',
      });
    }
    await runCommand('ip', ['-n', host.netns, 'route', 'add', '10.1.0.0/16', 'dev', 'eth0']);
    const routes = async () =>
      (await runCommand('ip', ['-n', host.netns, '-4', 'route', 'show', 'proto', '201'])).stdout.split('\n').length - 1;
    const config = {
      node: nameOf(SELF),
      asn: ASN,
      routerId: host.address(),
      nodeAddress: { ipv4: `${host.address()}/24` },
      api: { socket: host.path('agent.sock') },
      store: { path: host.path('store'), etcd: { endpoints: [...etcd.endpoints] } },
      cluster: { labels: { pair: 'p0' } },
      pools: [{ name: 'pods', cidr: poolOf(CLUSTER), blockSize: 26 }],
      blocks: { ipv4: true, ipv6: false },
    };
    const beganMs = Date.now();
    const agent = await Agent.start(host, config, values.command ? { command: values.command.split(' ') } : {});
    const answersMs = Date.now() - beganMs;
    const { pid } = agent;
    await until('every route', async () => (await routes()) === NODES);
    const convergedMs = Date.now() - beganMs;
    say(
      `${NODES} nodes with ${PODS} pods each; ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}`,
    );
    say();
    say('| | s | CPU s | resident MB | most so far MB |');
    say('|---|---|---|---|---|');
    const row = (title, tookMs, cpuS) =>
      say(
        `| ${title} | ${(tookMs / 1000).toFixed(1)} | ${cpuS.toFixed(2)} | ${status(pid, 'VmRSS').toFixed(0)} | ${status(pid, 'VmHWM').toFixed(0)} |`,
      );
    row(
      `start, until every route is in the kernel (API after ${(answersMs / 1000).toFixed(1)} s)`,
      convergedMs,
      cpuOf(pid),
    );
    const step = async (title, work) => {
      const [at, cpu] = [Date.now(), cpuOf(pid)];
      await work();
      row(title, Date.now() - at, cpuOf(pid) - cpu);
    };
    await step('settling', () => sleep(10_000));
    await step('at rest', () => sleep(30_000));
    await step(`${EVENTS} nodes join, a record and a block each`, async () => {
      seeder.stdin.write('go\n');
      await until('the nodes that join', () => said.includes('joined'));
      await sleep(3_000);
    });
    await step('at rest', () => sleep(30_000));
    // Of its own accord, so that a profiler in it can write.
    await agent.stop();
  } finally {
    seeder.kill();
  }
}

if (values.role === 'seed') await seed();
else if (values.role === 'reflect') await reflect();
else {
  await enterNamespaces();
  await withHosts(['etcd', 'rr1', 'rr2', 'agent'], measure);
  if (values.out) writeFileSync(values.out, `${lines.join('\n')}\n`);
}
