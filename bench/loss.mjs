// `npm run bench -- loss`: datagrams lost between pods while something happens to agents, reflectors, routers and ways. A thousand
// (`--rate`) go each second over each family and to each place, and come back. Needs root and what `npm run build` makes.
//   npm run bench -- loss [--only restarts,ways,tunnels,reflectors,ecmp] [--rate 1000] [--out FILE.md] [--kernel]
//   npm run bench -- loss --from COMMIT [--only versions]     upgrades from what this commit was, and the way back
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { birdConfig, dropPackets, enterNamespaces, withLab } from '@tortie/lab';
import { withNetwork } from '../test/interop/dist/test/network-rig.js';
import { buildCommit, installInto } from '../test/interop/dist/test/second-installation.js';
import { changeWay, FAMILIES, podOf, podsReached, reached, until, WAYS, waysHere } from './ways.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    from: { type: 'string' },
    rate: { type: 'string', default: '1000' },
    out: { type: 'string' },
  },
});
const BEFORE_MS = 500;
const AFTER_MS = 1000;
const PORT = '5001';
const BFD = { minTxMs: 100, minRxMs: 100, multiplier: 3 };

const folder = mkdtempSync(join(tmpdir(), 'tortie-loss-'));
const STREAM = join(folder, 'stream');
const lines = [];
const say = (line) => {
  lines.push(line);
  console.log(line);
};

/** Streams from one pod to others over both families; `end` gives what became of them together. */
async function startStreams(from, targets, flows) {
  const files = [];
  const run = (place, args) => {
    const file = join(folder, `pid-${files.length}`);
    files.push([place, file]);
    return place.exec('sh', ['-c', `echo $$ >${file}; exec ${STREAM} ${args.join(' ')}`], { allowFailure: true });
  };
  const kill = ([place, file]) =>
    place.exec('sh', ['-c', `kill -TERM $(cat ${file}); rm ${file}`], { allowFailure: true });
  const echoes = targets.map((pod) => run(pod, ['echo', PORT]));
  for (const pod of targets) {
    await until('the echo', async () => (await pod.exec('ss', ['-Huln', `sport = :${PORT}`])).stdout.trim() !== '');
  }
  const senders = targets.flatMap((pod) =>
    FAMILIES.map((family) => run(from, ['send', pod.addresses[family], PORT, String(flows), values.rate])),
  );
  await sleep(BEFORE_MS);
  return async () => {
    await sleep(AFTER_MS);
    for (const each of files.slice(echoes.length)) await kill(each);
    const results = (await Promise.all(senders)).map(({ stdout }) => JSON.parse(stdout));
    for (const each of files.slice(0, echoes.length)) await kill(each);
    await Promise.all(echoes);
    return {
      sent: results.reduce((sum, { sent }) => sum + sent, 0),
      lost: results.reduce((sum, { sent, received }) => sum + sent - received, 0),
      gapMs: Math.max(...results.map(({ gapMs }) => gapMs)),
    };
  };
}

function table(title) {
  say('');
  say(`| ${title} | sent | lost | longest gap ms |`);
  say('|---|---|---|---|');
}

async function row(what, lab, to, act, flows = 1) {
  const end = await startStreams(
    podOf(lab, 'n1'),
    to.map((node) => podOf(lab, node)),
    flows,
  );
  await act();
  const { sent, lost, gapMs } = await end();
  say(`| ${what} | ${sent} | ${lost === 0 ? '**0**' : lost} | ${gapMs} |`);
}

const everyNode = (lab, act) => Promise.all([...lab.agents.values()].map(act));

/** Until the agents have their routes from everybody, and have swept what was left of before. */
const settled = async (lab) => {
  await reached(lab);
  await sleep(3000);
};

async function restarts() {
  table('restarts of agents (three nodes, all of them; to a near pod and a far one)');
  await withNetwork({ way: {}, bgp: true, pods: 1 }, async (lab) => {
    await reached(lab);
    await row('nothing happens, 5 s', lab, ['n2', 'n3'], () => sleep(5000));
    for (const each of await waysHere(lab)) {
      await changeWay(lab, each);
      const to = each.far ? ['n2', 'n3'] : ['n2'];
      const again = (what, act) =>
        row(`${each.name}: ${what}`, lab, to, async () => {
          await everyNode(lab, act);
          await settled(lab);
        });
      await again('SIGTERM, start', (agent) => agent.restart('SIGTERM'));
      await again('kill -9, start', (agent) => agent.restart('SIGKILL'));
      const old = installInto(join(folder, `old-${each.name}`));
      await everyNode(lab, (agent) => agent.restart('SIGTERM', old.agent));
      await settled(lab);
      await row(`${each.name}: upgrade: end, the old build is removed, the new one starts`, lab, to, async () => {
        await everyNode(lab, (agent) => agent.stop());
        old.remove();
        await everyNode(lab, (agent) => agent.start());
        await settled(lab);
      });
    }
  });
}

/** The pods of every agent. What agents of one version have plugged in is whole for those of another: throws what is not. */
async function podsOf(lab, before) {
  const all = new Map();
  for (const [name, agent] of lab.agents) {
    const { pods } = await agent.client.get('/v1/pods');
    all.set(name, String(pods.map(({ containerId, addresses }) => `${containerId} ${addresses}`).sort()));
    const { findings } = await agent.client.get('/v1/ipam/check');
    if (findings.length > 0) throw new Error(`${name}: ${JSON.stringify(findings)}`);
    if (before && before.get(name) !== all.get(name)) throw new Error(`${name} has other pods: ${all.get(name)}`);
  }
  return all;
}

/** Agents of an earlier commit and of this tree in turn, over the same stores and the same pods. */
async function versions() {
  if (!values.from) throw new Error('--only versions needs --from COMMIT');
  const about = execFileSync('git', ['log', '-1', '--format=%h of %cs', values.from], { encoding: 'utf8' }).trim();
  const old = buildCommit(values.from, join(folder, 'earlier'));
  table(`agents of ${about} and of this tree (three nodes, all of them; to a near pod and a far one)`);
  await withNetwork({ way: {}, bgp: true, pods: 1, agent: old.agent }, async (lab) => {
    await reached(lab);
    for (const each of await waysHere(lab)) {
      await changeWay(lab, each);
      const to = each.far ? ['n2', 'n3'] : ['n2'];
      const before = await podsOf(lab);
      const change = async (what, signal, options) => {
        await row(`${each.name}: ${what}`, lab, to, async () => {
          await everyNode(lab, (agent) => agent.restart(signal, options));
          await settled(lab);
        });
        await podsOf(lab, before);
      };
      await change('upgrade, SIGTERM', 'SIGTERM', {});
      await change('downgrade, SIGTERM', 'SIGTERM', old.agent);
      await change('upgrade, kill -9', 'SIGKILL', {});
      await change('downgrade, kill -9', 'SIGKILL', old.agent);
    }
  });
}

const named = (name) => WAYS.find((each) => each.name === name);

async function changes(lab, pairs) {
  for (const [before, after] of pairs) {
    await changeWay(lab, named(before));
    await row(`${before} → ${after}`, lab, ['n2', 'n3'], () => changeWay(lab, named(after)));
  }
}

async function ways() {
  table('the way of both pools is changed (to a near pod and a far one)');
  await withNetwork({ way: {}, bgp: true, pods: 1 }, async (lab) => {
    await reached(lab);
    await changes(lab, [
      ['bgp', 'vxlan'],
      ['vxlan', 'cross-subnet'],
      ['cross-subnet', 'bgp'],
      ['bgp', 'cross-subnet'],
      ['cross-subnet', 'vxlan'],
      ['vxlan', 'bgp'],
      ['bgp', 'host-gw'],
      ['host-gw', 'vxlan'],
      ['vxlan', 'host-gw'],
      ['host-gw', 'bgp'],
    ]);
  });
}

async function tunnels() {
  await withNetwork({ way: {}, bgp: true, pods: 1 }, async (lab) => {
    await reached(lab);
    const here = (await waysHere(lab)).map(({ name }) => name);
    const pairs = [
      ['bgp', 'ipip'],
      ['ipip', 'bgp'],
      ['bgp', 'wireguard'],
      ['wireguard', 'vxlan'],
      ['vxlan', 'wireguard'],
      ['wireguard', 'bgp'],
    ].filter((pair) => pair.every((name) => here.includes(name)));
    if (pairs.length === 0) return;
    table('the way of both pools is changed (IPIP: of the IPv4 pool; to a near pod and a far one)');
    if (here.includes('wireguard')) {
      await changeWay(lab, named('wireguard'));
      await rotations(lab);
    }
    await changes(lab, pairs);
  });
}

/** Until two nodes have answered over both families since n1's key is this one. */
const answered = (lab, key) =>
  until('handshakes with the new key', async () => {
    for (const node of ['n2', 'n3']) {
      const { devices } = await lab.agent(node).client.get('/v1/wireguard');
      const peers = devices.flatMap(({ peers }) => peers.filter((peer) => peer.node === 'n1'));
      if (peers.length < 2 || peers.some((peer) => peer.publicKey !== key || !peer.lastHandshakeAt)) return false;
    }
    return true;
  });

async function rotations(lab) {
  const { client } = lab.agent('n1');
  for (let round = 1; round <= 3; round++) {
    await row(`the sender's node gets another WireGuard key, ${round}`, lab, ['n2', 'n3'], async () => {
      const { body } = await client.call('POST', '/v1/wireguard/rotate');
      await answered(lab, body.publicKey);
    });
  }
}

async function reflectors() {
  const asn = 64513;
  const config = {
    pools: [
      { name: 'pods4', cidr: '10.244.0.0/16' },
      { name: 'pods6', cidr: 'fd00:10:244::/112' },
    ],
  };
  const topology = {
    hosts: {
      'rr-1': { asn, clusterId: '10.0.0.100', config: { ...config, blocks: { ipv4: false, ipv6: false } } },
      'rr-2': { asn, clusterId: '10.0.0.100', config: { ...config, blocks: { ipv4: false, ipv6: false } } },
      n1: { asn, pods: 1, config },
      n2: { asn, pods: 1, config },
    },
    sessions: [
      { between: [['rr-1'], ['rr-2']], peer: { bfd: BFD } },
      { reflector: ['rr-*'], clients: ['n*'], peer: { bfd: BFD } },
    ],
  };
  table('two reflectors, BFD at 100 ms × 3');
  await withLab(topology, async (lab) => {
    await reached(lab);
    const both = (act) => Promise.all(['rr-1', 'rr-2'].map((name) => act(lab.agent(name))));
    const agent = lab.agent('rr-1');
    const after = async (what, act) => {
      await row(what, lab, ['n2'], act);
      await settled(lab);
    };
    await after('one ends (SIGTERM), 5 s, starts', async () => {
      await agent.stop();
      await sleep(5000);
      await agent.start();
      await settled(lab);
    });
    await after('one is killed (SIGKILL), 5 s, starts', async () => {
      await agent.stop('SIGKILL');
      await sleep(5000);
      await agent.start();
      await settled(lab);
    });
    await after('one stands still for 5 s (SIGSTOP)', async () => {
      process.kill(agent.pid, 'SIGSTOP');
      await sleep(5000);
      process.kill(agent.pid, 'SIGCONT');
      await settled(lab);
    });
    await after('both restart at once (SIGTERM)', async () => {
      await both((each) => each.restart('SIGTERM'));
      await settled(lab);
    });
    await after('both are killed at once and start', async () => {
      await both((each) => each.restart('SIGKILL'));
      await settled(lab);
    });
  });
}

async function ecmp(bfd) {
  const config = {
    importPolicy: 'pools',
    pools: [
      { name: 'pods4', cidr: '10.244.0.0/16' },
      { name: 'pods6', cidr: 'fd00:10:244::/112' },
    ],
  };
  const topology = {
    links: [[['r*'], ['n*']]],
    hosts: {
      r1: { run: 'bird', asn: 64512, birdConfig: 'protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }' },
      r2: { run: 'bird', asn: 64512, birdConfig: 'protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }' },
      n1: { asn: 65001, pods: 1, multipath: 2, config },
      n2: { asn: 65002, pods: 1, multipath: 2, config },
    },
    sessions: [{ between: [['r*'], ['n*']], holdTimeS: 9, ...(bfd && { peer: { bfd: BFD } }) }],
  };
  table(`two equal routers between two nodes, 16 flows; ${bfd ? 'BFD at 100 ms × 3' : 'no BFD, hold time 9 s'}`);
  await withLab(topology, async (lab) => {
    if (bfd) {
      for (const [name, bird] of lab.birds) {
        const text = birdConfig(lab.plan, lab.host(name).plan);
        await bird.reconfigure(text.replaceAll(/^( *)error wait time.*$/gm, '$&\n$1bfd on;'));
      }
    }
    const whole = (agent) => async () => {
      const peers = await agent.peers();
      const up = peers.every((peer) => peer.session?.state === 'established' && (!bfd || peer.bfd?.state === 'up'));
      const routes = (await agent.fib()).filter(({ nextHops }) => nextHops.length === 2);
      return up && routes.length === 2;
    };
    const ready = async () => {
      await everyNode(lab, (agent) => until('both ways', whole(agent)));
      await podsReached(lab);
    };
    const narrow = (agent) =>
      until('one way', async () => (await agent.fib()).filter(({ nextHops }) => nextHops.length === 2).length === 0);
    await ready();
    const after = async (what, act) => {
      await ready();
      await row(what, lab, ['n2'], act, 16);
    };
    let mend;
    await after('a router falls silent', async () => {
      mend = await dropPackets(lab.host('r1'), 'meta nfproto { ipv4, ipv6 }');
      await everyNode(lab, narrow);
    });
    await row(
      'it comes back',
      lab,
      ['n2'],
      async () => {
        await mend();
        await ready();
      },
      16,
    );
    await after('the link of one node to a router goes down', async () => {
      const { name } = lab.host('r1').plan.interfaces[0];
      await lab.host('r1').exec('ip', ['link', 'set', name, 'down']);
      await everyNode(lab, narrow);
    });
    const { name, addresses } = lab.host('r1').plan.interfaces[0];
    await lab.host('r1').exec('ip', ['link', 'set', name, 'up']);
    await lab.host('r1').exec('ip', ['addr', 'replace', addresses.ipv6, 'dev', name, 'nodad']);
    await after('BIRD of a router is killed and starts again; its kernel forwards on', async () => {
      await lab.bird('r1').restart('SIGKILL');
      await ready();
    });
  });
}

const PARTS = {
  restarts,
  versions,
  ways,
  tunnels,
  reflectors,
  ecmp: async () => {
    await ecmp(true);
    await ecmp(false);
  },
};

await enterNamespaces();
try {
  execFileSync('cc', ['-O2', '-Wall', '-o', STREAM, fileURLToPath(new URL('stream.c', import.meta.url))]);
  say(
    `${cpus().length} processors, load ${loadavg()[0].toFixed(1)} before; ${values.rate} datagrams a second and stream, both ways`,
  );
  const parts = values.only ?? (values.from ? 'versions' : 'restarts,ways,tunnels,reflectors,ecmp');
  for (const name of parts.split(',')) {
    if (!PARTS[name]) throw new Error(`--only: "${name}" is none of ${Object.keys(PARTS).join(', ')}`);
    await PARTS[name]();
  }
  say('');
  say(`load ${loadavg()[0].toFixed(1)} after`);
  if (values.out) writeFileSync(values.out, `${lines.join('\n')}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
