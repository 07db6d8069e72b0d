// `npm run bench -- network`: what pods get of the network by the ways between nodes, beside plain routing over veths without Tortie, and
// what is lost when an agent restarts and when a pool's way changes. Needs root, iperf3, and what `npm run build` makes.
//   npm run bench -- network [--repeat 3] [--seconds 3]
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { enterNamespaces, runCommand } from '@tortie/lab';
import { askAll, deviceTo, faultsIn, setWay, withNetwork } from '../test/interop/dist/test/network-rig.js';

const { values } = parseArgs({
  options: {
    repeat: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    out: { type: 'string' },
  },
});
const [REPEAT, SECONDS] = [Number(values.repeat), Number(values.seconds)];
const FAMILIES = ['ipv4', 'ipv6'];
const WAYS = [
  { name: 'bgp', way: { vxlanMode: 'Never', hostGateway: false }, device: /^eth0/ },
  { name: 'host-gw', way: { vxlanMode: 'Never', hostGateway: true }, device: /^eth0/ },
  { name: 'vxlan', way: { vxlanMode: 'Always', hostGateway: false }, device: /^vxlan/ },
];

const median = (numbers) => numbers.toSorted((x, y) => x - y)[numbers.length >> 1];
const lines = [];
const say = (line) => {
  lines.push(line);
  console.log(line);
};

const podOf = (lab, node) => [...lab.pods.values()].find((pod) => pod.node === node);

async function until(what, attempt) {
  for (let tries = 0; tries < 600; tries++) {
    if (await attempt()) return;
    await sleep(100);
  }
  throw new Error(`${what}: not within a minute`);
}

const reached = (lab) => until('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);

async function changeWay(lab, { way, device }) {
  await setWay(lab, way);
  const to = podOf(lab, 'n2');
  await until('the routes', async () => {
    for (const family of FAMILIES)
      if (!device.test((await deviceTo(lab.host('n1'), to.addresses[family])) ?? '')) return false;
    return true;
  });
  await reached(lab);
}

/** Gbit/s of one TCP connection. */
async function throughput(from, to, address) {
  const server = to.exec('timeout', ['90', 'iperf3', '-s', '-1', '-B', address], { allowFailure: true });
  let rate;
  await until(`iperf3 to ${address}`, async () => {
    const { code, stdout } = await from.exec('iperf3', ['-J', '-c', address, '-t', String(SECONDS)], {
      allowFailure: true,
    });
    // On a machine that is too busy a run may end without its figures.
    const received = code === 0 ? JSON.parse(stdout).end.sum_received : undefined;
    if (received) rate = received.bits_per_second / 1e9;
    return received !== undefined;
  });
  await server;
  return rate;
}

/** Namespaces beside the pods, plugged in by hand: a veth each, static routes on both nodes, no Tortie. */
async function plainPlaces(lab) {
  const places = [];
  for (const [at, node] of ['n1', 'n2'].entries()) {
    const host = lab.host(node);
    const netns = `${host.netns}-plain`;
    const far = lab.host(node === 'n1' ? 'n2' : 'n1');
    const batch = [`netns add ${netns}`, `link add plain netns ${host.netns} type veth peer name eth0 netns ${netns}`];
    await runCommand('ip', ['-batch', '-'], { input: `${batch.join('\n')}\n` });
    const inside = (words) => runCommand('ip', ['-n', netns, ...words.split(' ')]);
    const outside = (words) => host.exec('ip', words.split(' '));
    await outside(`addr add 10.77.${at}.1/24 dev plain`);
    await outside(`addr add fd77:${at}::1/64 dev plain nodad`);
    await outside('link set plain up');
    await inside('link set lo up');
    await inside('link set eth0 up');
    await inside(`addr add 10.77.${at}.2/24 dev eth0`);
    await inside(`addr add fd77:${at}::2/64 dev eth0 nodad`);
    await inside(`route add default via 10.77.${at}.1`);
    await inside(`route add default via fd77:${at}::1`);
    await outside(`route add 10.77.${1 - at}.0/24 via ${far.address('ipv4')}`);
    await outside(`route add fd77:${1 - at}::/64 via ${far.address('ipv6')}`);
    places.push({
      netns,
      addresses: { ipv4: `10.77.${at}.2`, ipv6: `fd77:${at}::2` },
      exec: (command, args, options) => runCommand('ip', ['netns', 'exec', netns, command, ...args], options),
    });
  }
  return places;
}

/** A thousand packets a second until told to end; what was lost of what was sent. */
function stream(from, to) {
  const file = `/tmp/tortie-bench-${process.pid}-${to.replaceAll(':', '-')}`;
  const done = from.exec('sh', ['-c', `echo $$ >${file}; exec ping -q -i 0.001 ${to}`], { allowFailure: true });
  return async () => {
    await from.exec('sh', ['-c', `kill -INT $(cat ${file}); rm ${file}`]);
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec((await done).stdout);
    return { sent: Number(sent), lost: sent - received };
  };
}

async function lossDuring(lab, act) {
  const [from, to] = [podOf(lab, 'n1'), podOf(lab, 'n2')];
  const ends = FAMILIES.map((family) => stream(from, to.addresses[family]));
  await sleep(300);
  await act();
  await sleep(300);
  const results = await Promise.all(ends.map((end) => end()));
  return results.reduce((sum, { sent, lost }) => ({ sent: sum.sent + sent, lost: sum.lost + lost }), {
    sent: 0,
    lost: 0,
  });
}

async function measureThroughput(lab) {
  const [one, two] = await plainPlaces(lab);
  try {
    const [from, to] = [podOf(lab, 'n1'), podOf(lab, 'n2')];
    const rates = new Map();
    const note = (name, family, rate) => {
      const key = `${name} ${family}`;
      rates.set(key, [...(rates.get(key) ?? []), rate]);
    };
    for (let round = 0; round < REPEAT; round++) {
      for (const each of WAYS) {
        await changeWay(lab, each);
        for (const family of FAMILIES) {
          note('plain', family, await throughput(one, two, two.addresses[family]));
          note(each.name, family, await throughput(from, to, to.addresses[family]));
        }
      }
    }
    say(`| pod to pod, one TCP connection | IPv4 Gbit/s | of plain | IPv6 Gbit/s | of plain |`);
    say('|---|---|---|---|---|');
    const plain = Object.fromEntries(FAMILIES.map((family) => [family, median(rates.get(`plain ${family}`))]));
    for (const name of ['plain', ...WAYS.map((each) => each.name)]) {
      const cells = FAMILIES.flatMap((family) => {
        const rate = median(rates.get(`${name} ${family}`));
        return [rate.toFixed(2), (rate / plain[family]).toFixed(2)];
      });
      say(`| ${name} | ${cells.join(' | ')} |`);
    }
  } finally {
    for (const { netns } of [one, two]) await runCommand('ip', ['netns', 'del', netns], { allowFailure: true });
  }
}

async function measureLoss(lab) {
  say('');
  say('| while 2,000 packets a second go from pod to pod | sent | lost |');
  say('|---|---|---|');
  const row = async (what, act) => {
    const { sent, lost } = await lossDuring(lab, act);
    say(`| ${what} | ${sent} | ${lost} |`);
  };
  await changeWay(lab, WAYS[0]);
  await row('nothing happens, 5 s', () => sleep(5000));
  for (const each of WAYS) {
    await changeWay(lab, each);
    await row(`${each.name}: both agents end and start again (upgrade)`, () =>
      Promise.all(['n1', 'n2'].map((name) => lab.agent(name).restart('SIGTERM'))),
    );
    await row(`${each.name}: an agent is killed and starts again`, () => lab.agent('n1').restart('SIGKILL'));
    await reached(lab);
  }
  await changeWay(lab, WAYS[0]);
  for (const [before, after] of [
    [0, 2],
    [2, 0],
    [0, 1],
    [1, 2],
    [2, 1],
  ]) {
    await changeWay(lab, WAYS[before]);
    await row(`the pools go from ${WAYS[before].name} to ${WAYS[after].name}`, () => changeWay(lab, WAYS[after]));
  }
}

await enterNamespaces();
say(
  `${cpus().length} processors, load ${loadavg()[0].toFixed(1)} before, ${REPEAT} runs of ${SECONDS} s each in turns, medians`,
);
say('');
await withNetwork({ way: {}, bgp: true, pods: 1, oneSubnet: true }, async (lab) => {
  await reached(lab);
  await measureThroughput(lab);
  await measureLoss(lab);
});
say('');
say(`load ${loadavg()[0].toFixed(1)} after`);
if (values.out) writeFileSync(values.out, `${lines.join('\n')}\n`);
