// `npm run bench -- cluster-live`: real agents in network namespaces of this machine around a real etcd: they mesh, go over to two reflectors,
// one is killed, both reflectors are. Needs root, etcd, and what `npm run build` makes.
//   npm run bench -- cluster-live [--nodes 60] [--at-once 4] [--rest 60] [--out FILE.md]
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent, enterNamespaces, runCommand, withHosts } from '@tortie/lab';
import { EtcdCluster } from '@tortie/store/testing/etcd';
import { knowNeighbours } from './neighbours.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '60' },
    'at-once': { type: 'string', default: '4' },
    rest: { type: 'string', default: '60' },
    out: { type: 'string' },
  },
});
const [NODES, AT_ONCE, REST_S] = [Number(values.nodes), Number(values['at-once']), Number(values.rest)];
/** Hosts whose kernel routes are watched: of those that go, each is counted. */
const WATCHED = [3, 4, 5, 6].filter((at) => at < NODES);
const TICKS_PER_S = 100;
const names = Array.from({ length: NODES }, (_, at) => `n${at + 1}`);

const lines = [];
const say = (line = '') => {
  lines.push(line);
  console.log(line);
};
const median = (numbers) => numbers.toSorted((x, y) => x - y)[numbers.length >> 1];
const round = (number, digits = 0) => number.toFixed(digits);

await enterNamespaces();

const etcdMetrics = async (host, url) => {
  const script = `fetch('${url}/metrics').then((answer) => answer.text()).then((text) => console.log(text))`;
  const { stdout } = await host.exec(process.execPath, ['-e', script]);
  const sum = (name, labels = '') =>
    stdout
      .split('\n')
      .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
      .reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
  return {
    reads: sum('etcd_mvcc_range_total') || sum('etcd_debugging_mvcc_range_total'),
    writes: sum('grpc_server_handled_total', 'grpc_method="Txn"'),
    events: sum('etcd_debugging_mvcc_events_total'),
    sentMb: sum('etcd_network_client_grpc_sent_bytes_total') / 1e6,
  };
};
const less = (after, before) => Object.fromEntries(Object.entries(after).map(([key, one]) => [key, one - before[key]]));

/** Processor time of a process, seconds. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}
const rssOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000;

await withHosts(['etcd', ...names], async (lab) => {
  await knowNeighbours(['etcd', ...names].map((name) => lab.host(name)));
  const etcdHost = lab.host('etcd');
  const etcd = await EtcdCluster.start({
    placeOf: () => ({
      address: etcdHost.address(),
      enter: ['nsenter', `--net=/run/netns/${etcdHost.netns}`, '--'],
    }),
  });
  try {
    await measure(lab, etcdHost, etcd);
  } finally {
    await etcd.stop();
  }
});
if (values.out) writeFileSync(values.out, `${lines.join('\n')}\n`);

async function measure(lab, etcdHost, etcd) {
  const agents = new Map();
  const config = (host) => ({
    node: host.name,
    asn: 64512,
    routerId: host.address(),
    nodeAddress: { ipv4: `${host.address()}/24` },
    api: { socket: host.path('agent.sock') },
    store: { path: host.path('store'), etcd: { endpoints: [...etcd.endpoints] } },
    cluster: {},
    pools: [{ name: 'pods', cidr: '10.244.0.0/16', blockSize: 26 }],
    blocks: { ipv4: true, ipv6: false },
  });
  const start = async (name) => {
    const host = lab.host(name);
    agents.set(name, await Agent.start(host, config(host)));
  };
  const countRoutes = async (name) => {
    const { stdout } = await runCommand('ip', ['-n', lab.host(name).netns, '-4', 'route', 'show', 'proto', '201']);
    return stdout.split('\n').filter((line) => line !== '').length;
  };
  const allRoutes = async (limitS = 400) => {
    const end = Date.now() + limitS * 1000;
    const waiting = new Set(names);
    for (;;) {
      for (const name of waiting) if ((await countRoutes(name)) === NODES) waiting.delete(name);
      if (waiting.size === 0) return;
      if (Date.now() > end) throw new Error(`${[...waiting].join(', ')} lack routes`);
      await sleep(200);
    }
  };
  const sessionsUp = async (name) => {
    const { sessions } = await agents.get(name).client.get('/v1/cluster');
    return sessions.filter(({ state }) => state === 'established').length;
  };
  const until = async (what, test, limitS = 300) => {
    const end = Date.now() + limitS * 1000;
    while (!(await test())) {
      if (Date.now() > end) throw new Error(`${what}: not within ${limitS} s`);
      await sleep(300);
    }
  };
  const all = () => [...agents.values()].map(({ pid }) => pid);
  const etcdNow = () => etcdMetrics(etcdHost, etcd.endpoints[0]);
  const deleted = () =>
    WATCHED.reduce((sum, at) => {
      const text = readFileSync(lab.host(names[at]).path('monitor.log'), 'utf8');
      return sum + text.split('\n').filter((line) => line.startsWith('Deleted') && line.includes('proto 201')).length;
    }, 0);
  say(
    `${NODES} agents, one etcd; ${cpus().length} cores, load ${round(loadavg()[0], 1)}, Node ${process.versions.node}`,
  );
  say();
  say(
    '| step | s | agents: CPU s each, median (most) | etcd: reads / commits / events | sent by etcd MB | routes gone on 4 hosts |',
  );
  say('|---|---|---|---|---|---|');
  const step = async (title, work) => {
    const [beganMs, store, gone] = [Date.now(), await etcdNow(), agents.size > 0 ? deleted() : 0];
    const before = new Map(all().map((pid) => [pid, cpuOf(pid)]));
    await work();
    const tookS = (Date.now() - beganMs) / 1000;
    const spent = all().map((pid) => cpuOf(pid) - (before.get(pid) ?? 0));
    const told = less(await etcdNow(), store);
    say(
      `| ${title} | ${round(tookS, 1)} | ${round(median(spent), 2)} (${round(Math.max(...spent), 2)}) | ` +
        `${round(told.reads)} / ${round(told.writes)} / ${round(told.events)} | ${round(told.sentMb, 2)} | ${before.size > 0 ? deleted() - gone : ''} |`,
    );
  };
  const rest = (what) => step(`${what}, at rest for ${REST_S} s`, () => sleep(REST_S * 1000));
  const memory = (what) => {
    const resident = all().map(rssOf);
    lines.push('');
    say(`Resident, ${what}: median ${round(median(resident))} MB, most ${round(Math.max(...resident))} MB`);
    lines.push('');
  };

  await step(`start, ${AT_ONCE} at a time, until every host has every route`, async () => {
    for (const at of WATCHED) {
      const host = lab.host(names[at]);
      host.spawn('ip', ['monitor', 'route'], { name: 'monitor' });
    }
    const queue = [...names];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let name = queue.shift(); name; name = queue.shift()) await start(name);
      }),
    );
    await allRoutes();
  });
  await until('the mesh', async () => {
    for (const name of names) if ((await sessionsUp(name)) !== NODES - 1) return false;
    return true;
  });
  await rest('mesh');
  memory('mesh');
  const victim = agents.get(names.at(-1));
  await step('an agent is killed and started again, until its sessions are up', async () => {
    await victim.restart('SIGKILL');
    await until('its sessions', async () => (await sessionsUp(names.at(-1))) === NODES - 1);
    await allRoutes();
  });
  const put = (kind, plural, name, spec, labels) =>
    agents.get(names[0]).client.call('PUT', `/v1/resources/${plural}/${name}`, {
      body: { apiVersion: 'projectcalico.org/v3', kind, metadata: { name, ...(labels && { labels }) }, spec },
    });
  await step('to two reflectors, until the mesh is gone', async () => {
    for (const name of names.slice(0, 2)) {
      await put('Node', 'nodes', name, { bgp: { routeReflectorClusterID: '244.0.0.1' } }, { reflector: 'true' });
    }
    await put('BGPPeer', 'bgppeers', 'reflectors', { nodeSelector: 'all()', peerSelector: 'has(reflector)' });
    await put('BGPConfiguration', 'bgpconfigurations', 'default', { nodeToNodeMeshEnabled: false });
    await until('reflectors alone', async () => {
      for (const name of names.slice(2)) {
        const { sessions } = await agents.get(name).client.get('/v1/cluster');
        if (sessions.length !== 2 || sessions.some(({ state }) => state !== 'established')) return false;
      }
      return true;
    });
    await allRoutes();
  });
  await rest('two reflectors');
  memory('two reflectors');
  await step('an agent is killed and started again, until its sessions are up', async () => {
    await victim.restart('SIGKILL');
    await until('its sessions', async () => (await sessionsUp(names.at(-1))) === 2);
    await allRoutes();
  });
  await step('both reflectors are killed and started again, until every session is up', async () => {
    await Promise.all(names.slice(0, 2).map((name) => agents.get(name).restart('SIGKILL')));
    await until('all sessions', async () => {
      for (const name of names.slice(2)) if ((await sessionsUp(name)) !== 2) return false;
      return true;
    });
    await allRoutes();
  });
  memory('at the end');
}
