// `npm run bench -- network`: what pods get of the network by every way between nodes, beside plain routing over veths without Tortie.
// Each run of a way stands between two plain ones, which it is compared with; two plain ones in succession tell how much of a
// difference is the machine's. Needs root, iperf3, BIRD and what `npm run build` makes.
//   npm run bench -- network [--repeat 5] [--seconds 2] [--only bgp,vxlan,ipip,wireguard] [--kernel]
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { enterNamespaces, runCommand } from '@tortie/lab';
import { withNetwork } from '../test/interop/dist/test/network-rig.js';
import { changeWay, FAMILIES, podOf, reached, until, waysHere } from './ways.mjs';

const { values } = parseArgs({
  options: {
    repeat: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});
const [REPEAT, SECONDS] = [Number(values.repeat), Number(values.seconds)];
/** n2 is on the subnet of n1, n3 behind a router. */
const TO = { near: 'n2', far: 'n3' };

const lines = [];
const say = (line) => {
  lines.push(line);
  console.log(line);
};

const sorted = (numbers) => numbers.toSorted((x, y) => x - y);
const median = (numbers) => sorted(numbers)[numbers.length >> 1];
const range = (numbers) => `${Math.min(...numbers).toFixed(2)}–${Math.max(...numbers).toFixed(2)}`;

/** Gbit/s of one TCP connection. */
async function throughput(from, to, address) {
  const server = to.exec('timeout', ['90', 'iperf3', '-s', '-1', '-B', address], { allowFailure: true });
  let rate;
  await until(`iperf3 to ${address}`, async () => {
    const { code, stdout } = await from.exec('iperf3', ['-J', '-c', address, '-t', String(SECONDS)], {
      allowFailure: true,
    });
    // With -J it ends with 0 although nobody listened.
    const received = code === 0 ? JSON.parse(stdout).end.sum_received : undefined;
    if (received) rate = received.bits_per_second / 1e9;
    return received !== undefined;
  });
  await server;
  return rate;
}

/** A namespace beside the pods of each node, plugged in by hand: a veth each, static routes on the nodes, no Tortie. */
async function plainPlaces(lab) {
  const nodes = ['n1', 'n2', 'n3'];
  const router = lab.host('r');
  const places = {};
  for (const [at, node] of nodes.entries()) {
    const host = lab.host(node);
    const { segment } = host.plan.interfaces[0];
    const netns = `${host.netns}-plain`;
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
    await router.exec('ip', ['route', 'add', `10.77.${at}.0/24`, 'via', host.address('ipv4')]);
    await router.exec('ip', ['route', 'add', `fd77:${at}::/64`, 'via', host.address('ipv6')]);
    for (const [farAt, name] of nodes.entries()) {
      const far = lab.host(name);
      if (far === host) continue;
      const via = far.plan.interfaces[0].segment === segment ? far : router;
      await outside(`route add 10.77.${farAt}.0/24 via ${via.address('ipv4', segment)}`);
      await outside(`route add fd77:${farAt}::/64 via ${via.address('ipv6', segment)}`);
    }
    places[node] = {
      netns,
      addresses: { ipv4: `10.77.${at}.2`, ipv6: `fd77:${at}::2` },
      exec: (command, args, options) => runCommand('ip', ['netns', 'exec', netns, command, ...args], options),
    };
  }
  return places;
}

async function measure(lab) {
  const plain = await plainPlaces(lab);
  const rows = new Map();
  const row = (name) => {
    if (!rows.has(name)) rows.set(name, { ipv4: { rates: [], ratios: [] }, ipv6: { rates: [], ratios: [] } });
    return rows.get(name);
  };
  const only = values.only?.split(',');
  const ways = (await waysHere(lab)).filter(({ name }) => !only || only.includes(name));
  const plainRate = (to, family) => throughput(plain.n1, plain[to], plain[to].addresses[family]);
  try {
    for (let round = 0; round < REPEAT; round++) {
      for (const each of ways) {
        await changeWay(lab, each);
        for (const [where, to] of Object.entries(TO)) {
          if (!each.far && where === 'far') continue;
          const pod = podOf(lab, to);
          for (const family of each.families) {
            const before = await plainRate(to, family);
            const rate = await throughput(podOf(lab, 'n1'), pod, pod.addresses[family]);
            const after = await plainRate(to, family);
            const note = (name, value, ratio) => {
              row(name)[family].rates.push(value);
              row(name)[family].ratios.push(ratio);
            };
            note(`plain, ${where}`, before, after / before);
            note(`${each.name}, ${where}`, rate, (2 * rate) / (before + after));
          }
        }
      }
      console.error(`round ${round + 1} of ${REPEAT}, load ${loadavg()[0].toFixed(1)}`);
    }
  } finally {
    for (const { netns } of Object.values(plain)) {
      await runCommand('ip', ['netns', 'del', netns], { allowFailure: true });
    }
  }
  say('| pod to pod, one TCP connection | IPv4 Gbit/s | of plain (range) | IPv6 Gbit/s | of plain (range) |');
  say('|---|---|---|---|---|');
  for (const [name, families] of [...rows].sort(([x], [y]) => Number(/far/.test(x)) - Number(/far/.test(y)))) {
    const cells = FAMILIES.flatMap((family) => {
      const { rates, ratios } = families[family];
      return rates.length > 0
        ? [median(rates).toFixed(2), `${median(ratios).toFixed(2)} (${range(ratios)})`]
        : ['', ''];
    });
    say(`| ${name} | ${cells.join(' | ')} |`);
  }
}

await enterNamespaces();
const place = `${cpus().length} processors, load ${loadavg()[0].toFixed(1)} before`;
say(`${place}; ${REPEAT} runs of ${SECONDS} s each, turn by turn, medians`);
say('');
await withNetwork({ way: {}, bgp: true, pods: 1 }, async (lab) => {
  await reached(lab);
  await measure(lab);
});
say('');
say(`load ${loadavg()[0].toFixed(1)} after`);
if (values.out) writeFileSync(values.out, `${lines.join('\n')}\n`);
