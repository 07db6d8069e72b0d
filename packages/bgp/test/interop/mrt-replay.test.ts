/** MRT files replayed into the real BIRD 2: it has the routes of the recorded peer, with their attributes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAddress } from '@tortie/ip';
import { type MrtReplayOptions, type MrtReplayProgress, replayMrt } from '../../node/mrt/index.js';
import { CORPUS, FIXTURES, withoutCorpus } from '../corpus/corpus.js';
import { inNamespace } from './namespace.js';

const BIRD = '/usr/sbin/bird';
const run = promisify(execFile);

const config = `
router id 10.0.0.2;
log stderr { error, fatal, bug };
protocol device {}
protocol bgp tortie {
  local 10.0.0.2 as 65002; neighbor range 10.0.0.0/24 external; dynamic name "replay";
  passive; multihop; strict bind yes; enforce first as no;
  ipv4 { import all; export none; }; ipv6 { import all; export none; };
}
`;

async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await condition()) return true;
    await pause(50);
  }
  return false;
}

inNamespace(fileURLToPath(import.meta.url), [BIRD], async (t) => {
  t.setTimeout(600_000);
  const directory = await mkdtemp(join(tmpdir(), 'tortie-replay-'));
  const file = join(directory, 'bird.conf');
  const control = join(directory, 'bird.ctl');
  await writeFile(file, config);
  const bird: ChildProcess = spawn(BIRD, ['-f', '-c', file, '-s', control], { stdio: 'inherit' });
  t.teardown(async () => {
    bird.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });
  const ask = async (...words: string[]): Promise<string> => {
    const { stdout } = await run('birdc', ['-r', '-s', control, ...words], { maxBuffer: 2 ** 28 }).catch(() => ({
      stdout: '',
    }));
    return stdout;
  };
  const count = async (table: 'master4' | 'master6'): Promise<number> =>
    Number(/(\d+) of \d+ routes/.exec(await ask('show', 'route', 'count', 'table', table))?.[1] ?? -1);
  t.ok(await until(async () => (await count('master4')) === 0), 'BIRD runs');

  const play = async (options: Pick<MrtReplayOptions, 'files' | 'peer'> & Partial<MrtReplayOptions>) => {
    const events: MrtReplayProgress[] = [];
    const replay = await replayMrt({
      to: parseAddress('10.0.0.2'),
      localAddress: parseAddress('10.0.0.1'),
      localAsn: 65001,
      remoteAsn: 65002,
      routerId: parseAddress('10.0.0.1').a,
      progress: (event) => events.push(event),
      ...options,
    });
    const sent = events.at(-1);
    if (sent?.type !== 'sent') throw new Error('nothing was sent');
    return { close: () => replay.close(), sent };
  };
  const emptied = () => until(async () => (await count('master4')) === 0 && (await count('master6')) === 0);

  await t.test('a table dump of a few routes, IPv4 and IPv6, with all their attributes', async (t) => {
    t.setTimeout(300_000);
    const files = [join(FIXTURES, 'mrtparse', 'quagga_rib')];
    const { close, sent } = await play({ files, peer: parseAddress('192.168.0.10') });
    t.match(sent.counts, { announced: 6, withdrawn: 0, skipped: 0 });
    t.ok(await until(async () => (await count('master4')) === 3 && (await count('master6')) === 3), 'BIRD has them');
    const route = await ask('show', 'route', 'all', 'table', 'master4', '172.17.1.0/24');
    t.match(route, /BGP\.as_path: 65001 4200000000 4200000000 4200000000 64512 64512 64512$/m, 'our AS in front');
    t.match(route, /BGP\.next_hop: 10\.0\.0\.1$/m, 'our next hop');
    t.match(route, /BGP\.med: 10$/m);
    t.match(route, /BGP\.community: \(65000,100\) \(65000,200\) \(65000,300\)$/m);
    await close();
    t.ok(await emptied(), 'and none when the session has ended');
  });

  await t.test('the AS of the peer itself, and the recorded next hop', async (t) => {
    t.setTimeout(300_000);
    const files = [join(FIXTURES, 'mrtparse', 'quagga_rib')];
    const { close } = await play({ files, peer: 65000, localAsn: 4200000000, nextHop: 'keep' });
    t.ok(await until(async () => (await count('master4')) === 3), 'BIRD has them');
    const route = await ask('show', 'route', 'all', 'table', 'master4', '172.17.1.0/24');
    t.match(
      route,
      /BGP\.as_path: 4200000000 4200000000 4200000000 64512 64512 64512$/m,
      'the path begins with it already',
    );
    t.match(route, /BGP\.next_hop: 192\.168\.0\.10$/m);
    await close();
    t.ok(await emptied());
  });

  await t.test('messages at their times, a thousand times faster: what stands at the end', async (t) => {
    t.setTimeout(300_000);
    const files = [join(FIXTURES, 'mrtparse', 'quagga_bgp')];
    const { close, sent } = await play({ files, peer: parseAddress('192.168.0.10'), speed: 1000 });
    t.match(sent.counts, { announced: 12, withdrawn: 0 });
    t.ok(await until(async () => (await count('master4')) === 3 && (await count('master6')) === 3));
    await close();
    t.ok(await emptied());
  });

  await t.test('112,986 routes of a peer of RIPE RIS, a rate that is kept', { skip: withoutCorpus }, async (t) => {
    t.setTimeout(300_000);
    const files = [join(CORPUS, 'bgpdump', 'test_data', 'bview.20020722.2337.gz')];
    const { close, sent } = await play({ files, peer: parseAddress('193.203.0.1') });
    t.equal(sent.counts.announced + sent.counts.skipped, 112_986);
    t.ok(sent.counts.messages < 60_000, `in ${sent.counts.messages} messages`);
    t.ok(await until(async () => (await count('master4')) === sent.counts.announced), 'BIRD has them all');
    await close();
    t.ok(await emptied());
    const slow = await play({ files, peer: parseAddress('193.203.0.19'), rate: 400 });
    t.equal(slow.sent.counts.announced, 446);
    t.ok(slow.sent.seconds > 0.9, '446 routes at 400 in a second took a second');
    t.ok(await until(async () => (await count('master4')) === 446));
    await slow.close();
  });

  await t.test('nobody who listens, and a session that is refused, are told in words', async (t) => {
    t.setTimeout(300_000);
    const files = [join(FIXTURES, 'mrtparse', 'quagga_rib')];
    await t.rejects(play({ files, peer: 65000, port: 9, connectS: 1 }), {
      name: 'MrtReplayError',
      message: /no session with 10\.0\.0\.2 port 9 in 1 s: .*refused/,
    });
    await t.rejects(play({ files, peer: 65000, remoteAsn: 65003, connectS: 2 }), {
      message: /no session with 10\.0\.0\.2 port 179 in 2 s: ./,
    });
  });
});
