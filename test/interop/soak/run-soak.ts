/**
 * The soak: one agent for an hour among peers that flap, churn and misbehave, beside a BIRD that must not notice, with BFD, with the
 * kernel programmed and the API in use; then everything must be as if nothing had been, and nothing may have grown.
 *
 *   run-soak.js [--minutes 60] [--peers 30] [--routes 1000] [--table 0] [--seed N] [--out FILE]
 *
 * --table N adds a peer that announces and withdraws a table of N routes, over and over; --peers 0 leaves it alone with BIRD.
 *
 * Exit code 1 where something was wrong; every finding is a line.
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { PeerSpec } from '@tortie/agent/api';
import { type Agent, type Bird, enterNamespaces, type Host, startBird, until, withHosts } from '@tortie/lab';
import { bfdOf } from '../bfd-rig.js';
import { birdConfig, birdRouteCount } from '../bird-text.js';
import { established, LOCAL_ASN, peerAt, startAgent } from '../start-agent.js';
import { growths, type Sample, takeSample } from './samples.js';

await enterNamespaces();

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    peers: { type: 'string', default: '30' },
    routes: { type: 'string', default: '1000' },
    table: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    out: { type: 'string' },
  },
});
const [minutes, peers, routes, table] = [values.minutes, values.peers, values.routes, values.table].map(Number) as [
  number,
  number,
  number,
  number,
];
const SAMPLE_S = 10;
const BIRD_ASN = 65010;
const TABLE_ASN = 65020;
const TABLE_ADDRESS = '10.9.1.1';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const findings: string[] = [];
const wrong = (text: string): void => {
  findings.push(text);
  console.log(`WRONG ${text}`);
};
const log = (text: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

const flapping = (number: number): PeerSpec => ({
  name: `flapping-${number}`,
  remoteAddress: `10.9.0.${number}`,
  remoteAsn: 65100 + number,
  passive: true,
  holdTimeS: 9,
  idleHoldMaxS: 1,
  maxPrefixes: number % 10 === 0 ? Math.floor(routes * 1.1) : 1_000_000,
});

/** A process with peers in it. */
interface SpawnedPeers {
  assertRunning(): void;
  stop(): Promise<unknown>;
  /** Resolves when all have announced what they have and do nothing more. */
  settle(): Promise<void>;
}

function spawnPeers(host: Host, script: URL, args: readonly string[]): SpawnedPeers {
  const name = basename(script.pathname, '-process.js');
  const peers = host.spawn(process.execPath, [script.pathname, ...args], { name });
  return {
    assertRunning: () => peers.assertRunning(),
    stop: () => peers.stop('SIGTERM'),
    async settle(): Promise<void> {
      process.kill(peers.pid, 'SIGUSR2');
      const settled = (): boolean => peers.logTail(1).startsWith('settled');
      await until(settled, { what: `the peers of ${name} to settle`, deadlineMs: 300_000, everyMs: 200 });
      log(peers.logTail(1));
    },
  };
}

/** What an operator and a monitoring system do all day. */
async function useApi(agent: Agent, round: number): Promise<void> {
  for (const path of ['/v1/status', '/v1/peers', '/v1/fib?limit=500', '/v1/routes?limit=500', '/v1/events?limit=100']) {
    await agent.client.get(path);
  }
  if (round % 3 === 0) {
    const name = `visitor-${round}`;
    const body = { name, remoteAddress: '10.9.200.1', remoteAsn: 64999, passive: true };
    await agent.client.call('POST', '/v1/peers', { body });
    await agent.client.call('PATCH', `/v1/peers/${name}`, { body: { description: 'changed' } });
    await agent.client.call('DELETE', `/v1/peers/${name}`);
  }
  if (round % 6 === 0 && peers > 0) {
    const body = { import: [{ set: { med: round % 100 }, action: 'accept' }] };
    await agent.client.call('PATCH', `/v1/peers/flapping-${1 + (round % peers)}`, { body });
  }
}

async function withFlapping(agent: Agent, bird: Bird, flappers: Host, tortie: Host): Promise<Sample[]> {
  const running: SpawnedPeers[] = [];
  if (peers > 0) {
    const args = [tortie.address(), values.peers, values.routes, values.seed];
    running.push(spawnPeers(flappers, new URL('./flapping-process.js', import.meta.url), args));
  }
  if (table > 0) {
    const args = [tortie.address(), TABLE_ADDRESS, `${TABLE_ASN}`, values.table];
    running.push(spawnPeers(flappers, new URL('./table-process.js', import.meta.url), args));
  }
  const samples: Sample[] = [];
  const beganMs = Date.now();
  for (let round = 1; Date.now() < beganMs + minutes * 60_000; round++) {
    await pause(SAMPLE_S * 1000);
    for (const each of running) each.assertRunning();
    agent.process.assertRunning();
    const metrics = await agent.client.get<string>('/metrics');
    const sample = takeSample(agent.pid, (Date.now() - beganMs) / 1000, metrics);
    samples.push(sample);
    if (round % 6 === 0) {
      const { residentMb, heapMb, externalMb, descriptors, loopDelayMs } = sample;
      const { routes: rib } = await agent.status();
      log(
        `resident ${residentMb.toFixed(0)} MB, heap ${heapMb.toFixed(0)}, buffers ${externalMb.toFixed(0)}, ` +
          `${descriptors} descriptors, loop late by ${loopDelayMs.toFixed(0)} ms, ${rib.ipv4} prefixes, ${rib.candidates} routes`,
      );
    }
    await useApi(agent, round);
  }
  for (const each of running) await each.settle();
  if (table > 0) await agent.client.call('DELETE', '/v1/peers/table');
  // Peers above their limit stay away or come and go: they are let in for the count.
  for (let number = 10; number <= peers; number += 10) {
    await agent.client.call('PATCH', `/v1/peers/flapping-${number}`, { body: { maxPrefixes: null } });
  }
  await established(agent);
  await whole(agent, bird, tortie);
  for (const each of running) await each.stop();
  await until(async () => (await agent.status()).routes.candidates === 0, {
    what: 'the last route to go',
    deadlineMs: 60_000,
    everyMs: 200,
  });
  return samples;
}

/** Every peer has announced all: the counts agree in the agent, in BIRD and in the kernel. */
async function whole(agent: Agent, bird: Bird, tortie: Host): Promise<void> {
  const counts = async (): Promise<string> => {
    const { routes: rib } = await agent.status();
    const atBird = birdRouteCount(await bird.birdc('show route count'));
    const inKernel = (await tortie.kernelRoutes('ipv4')).filter(({ dst }) => dst.startsWith('20.')).length;
    const off = rib.candidates !== peers * routes || atBird !== rib.ipv4 || inKernel !== rib.ipv4;
    const text = `${rib.candidates} routes of ${peers * routes}, ${rib.ipv4} prefixes, ${atBird} at BIRD, ${inKernel} in the kernel`;
    if (off) throw new Error(text);
    return text;
  };
  try {
    log(await until(counts, { what: 'all routes everywhere', deadlineMs: 60_000, everyMs: 500 }));
  } catch (error) {
    wrong((error as Error).message);
  }
}

const waves = table > 0 ? `, a table of ${table} routes that comes and goes` : '';
const scene = `${minutes} min, ${peers} peers of ${routes} routes${waves}, seed ${values.seed}`;
const samples = await withHosts(['bird', 'flappers', 'tortie'], async (lab) => {
  const [birdHost, flappers, tortie] = [lab.host('bird'), lab.host('flappers'), lab.host('tortie')];
  const device = flappers.plan.interfaces[0]!.name;
  for (let number = 1; number <= peers; number++) {
    await flappers.exec('ip', ['address', 'add', `10.9.0.${number}/32`, 'dev', device]);
  }
  await tortie.exec('ip', ['route', 'add', '10.9.0.0/16', 'dev', tortie.plan.interfaces[0]!.name]);
  await flappers.exec('ip', ['route', 'add', '10.9.0.0/16', 'dev', device]);
  const bfd = { minTxMs: 100, minRxMs: 100, multiplier: 3 };
  const agent = await startAgent(tortie, {
    peers: [peerAt(birdHost, BIRD_ASN, { name: 'steady', holdTimeS: 9, bfd })],
  });
  for (let number = 1; number <= peers; number++) {
    await agent.client.call('POST', '/v1/peers', { body: flapping(number) });
  }
  if (table > 0) {
    const body: PeerSpec = { name: 'table', remoteAddress: TABLE_ADDRESS, remoteAsn: TABLE_ASN, passive: true };
    await flappers.exec('ip', ['address', 'add', `${TABLE_ADDRESS}/32`, 'dev', device]);
    await agent.client.call('POST', '/v1/peers', { body });
  }
  const bird = await startBird(
    birdHost,
    birdConfig(
      birdHost.address(),
      [
        {
          name: 'tortie',
          local: birdHost.address(),
          localAsn: BIRD_ASN,
          remote: tortie.address(),
          remoteAsn: LOCAL_ASN,
          options: 'hold time 9; bfd on;',
          families: ['ipv4'],
        },
      ],
      'protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }',
    ),
  );
  await established(agent, 'steady');
  await until(async () => (await bfdOf(agent, 'steady'))?.state === 'up', {
    what: 'BFD',
    deadlineMs: 60_000,
    everyMs: 100,
  });
  log(scene);
  const taken = await withFlapping(agent, bird, flappers, tortie);
  const steady = await agent.peer('steady');
  if (steady.session?.flaps !== 0)
    wrong(`the steady session went ${steady.session?.flaps} times: ${steady.session?.lastCause}`);
  if (steady.bfd?.flaps !== 0)
    wrong(`BFD of the steady session gave ${steady.bfd?.flaps} false alarms: ${steady.bfd?.diagnostic}`);
  const errors = agent.process
    .logTail(1_000_000)
    .split('\n')
    .filter((line) => /"level":"?(error|fatal|50|60)/.test(line));
  if (errors.length > 0) wrong(`${errors.length} errors in the log: ${errors[0]}`);
  return taken;
});
const rows = growths(samples).map(({ name, early, late, grew }) => {
  if (grew && minutes >= 10) wrong(`${name} grew from ${early.toFixed(1)} to ${late.toFixed(1)}`);
  return `| ${name} | ${early.toFixed(1)} | ${late.toFixed(1)} |`;
});
const cpu = samples.at(-1)!.cpuS / samples.at(-1)!.atS;
const report = [
  `${scene}: ${findings.length === 0 ? 'nothing wrong' : findings.join('; ')}.`,
  `The agent took ${(cpu * 100).toFixed(0)} % of a core; its loop was late by at most ${Math.max(...samples.map(({ loopDelayMs }) => loopDelayMs)).toFixed(0)} ms.`,
  '',
  '| median of | second quarter | last quarter |',
  '|---|---|---|',
  ...rows,
  '',
].join('\n');
console.log(`\n${report}`);
if (values.out !== undefined) writeFileSync(values.out, report);
process.exitCode = findings.length === 0 ? 0 : 1;
