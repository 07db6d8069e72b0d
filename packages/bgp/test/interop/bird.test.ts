/** The real BIRD 2 as a peer: sessions over IPv4 and IPv6, a thousand routes each way, refresh, restart. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAddress, parsePrefix } from '@tortie/ip';
import { runSpeaker } from '../../node/index.js';
import { inNamespace } from './namespace.js';

const BIRD = '/usr/sbin/bird';
const ROUTES = 1000;

const CONFIG = `
router id 10.0.0.2;
protocol device {}
protocol static static4 { ipv4; ${times((i) => `route 20.${i >> 8}.${i & 255}.0/24 blackhole;`)} }
protocol static static6 { ipv6; ${times((i) => `route 2001:db8:${(0x1000 + i).toString(16)}::/48 blackhole;`)} }
template bgp tortie {
  hold time 30;
  connect delay time 1;
  error wait time 1, 5;
  graceful restart on;
  ipv4 { import all; export where source = RTS_STATIC; };
  ipv6 { import all; export where source = RTS_STATIC; };
}
protocol bgp over4 from tortie { local 10.0.0.2 as 65002; neighbor 10.0.0.1 port 1790 as 65001; multihop; }
protocol bgp over6 from tortie { local 2001:db8::2 as 65002; neighbor 2001:db8::1 port 1790 as 65001; multihop; }
`;

function times(line: (index: number) => string): string {
  return Array.from({ length: ROUTES }, (_, index) => line(index)).join(' ');
}

/** Asks again until it holds; the deadline only stops a test that would never end. */
async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition()) return true;
    await pause(50);
  }
  return false;
}

inNamespace(fileURLToPath(import.meta.url), [BIRD], async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tortie-bird-'));
  const files = { config: join(directory, 'bird.conf'), control: join(directory, 'bird.ctl') };
  await writeFile(files.config, CONFIG);
  const startBird = () => spawn(BIRD, ['-f', '-c', files.config, '-s', files.control], { stdio: 'inherit' });
  let bird = startBird();
  /** What birdc prints; it fails for "Network not found" too, and while BIRD starts. */
  const birdc = async (command: string): Promise<string> => {
    const run = promisify(execFile)('birdc', ['-s', files.control, ...command.split(' ')]);
    const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
    return stdout;
  };
  const options = {
    asn: 65001,
    routerId: parseAddress('10.0.0.1').a,
    listen: [
      { address: parseAddress('10.0.0.1'), port: 1790 },
      { address: parseAddress('2001:db8::1'), port: 1790 },
    ],
  };
  let speaker = await runSpeaker(options);
  t.teardown(async () => {
    await speaker.close();
    bird.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });
  const localNextHops = [parseAddress('10.0.0.1'), parseAddress('2001:db8::1')];
  const peers = [
    { name: 'over4', remoteAddress: parseAddress('10.0.0.2'), remoteAsn: 65002, holdTimeS: 30, localNextHops },
    { name: 'over6', remoteAddress: parseAddress('2001:db8::2'), remoteAsn: 65002, holdTimeS: 30, localNextHops },
  ];
  const originate = (count: number): void => {
    for (let index = 0; index < count; index++) {
      speaker.originate(parsePrefix(`30.${index >> 8}.${index & 255}.0/24`), { communities: [(65001 << 16) >>> 0] });
      speaker.originate(parsePrefix(`2001:db8:${(0x2000 + index).toString(16)}::/48`));
    }
  };
  const received = (): number[] => speaker.peers().flatMap(({ families }) => families.map((family) => family.received));
  const imported = async (): Promise<string[]> =>
    [...(await birdc('show protocols all')).matchAll(/Routes:\s+(\d+) imported/g)].map(([, count]) => count!);

  originate(ROUTES);
  for (const peer of peers) speaker.addPeer(peer);

  t.ok(await until(() => received().every((count) => count === ROUTES)), 'all routes of BIRD arrive');
  t.equal(received().length, 4, 'over two sessions with two families each');
  t.ok(
    await until(async () => (await imported()).slice(-4).every((count) => count === `${ROUTES}`)),
    'BIRD has all of ours',
  );
  t.match(await birdc('show route for 30.0.7.0/24 all'), /BGP.next_hop: 10.0.0.1[\s\S]*BGP.community: \(65001,0\)/);
  t.match(await birdc('show route for 2001:db8:2007::/48 all'), /BGP.next_hop: 2001:db8::1/);
  t.match(speaker.peer('over4')?.negotiated, {
    holdTimeS: 30,
    fourOctetAs: true,
    enhancedRouteRefresh: true,
    gracefulRestart: true,
  });
  t.ok(
    await until(() => speaker.peers().every(({ families }) => families.every(({ endOfRib }) => endOfRib))),
    'End-of-RIBs',
  );

  // Route refresh in both directions: BIRD encloses its answer in BoRR and EoRR, and nothing is lost.
  const before = speaker.peer('over4')!.received.routeRefresh;
  t.ok(speaker.resetPeer('over4', 'soft-in'));
  t.ok(
    await until(() => speaker.peer('over4')!.received.routeRefresh >= before + 4),
    'BoRR and EoRR for both families',
  );
  await birdc('reload in over4');
  t.ok(await until(() => received().every((count) => count === ROUTES)));

  speaker.withdraw(parsePrefix('30.0.7.0/24'));
  t.ok(await until(async () => !(await birdc('show route for 30.0.7.0/24')).includes('30.0.7.0/24')), 'withdrawn');

  // BIRD dies without a word and comes back: its routes stay meanwhile (RFC 4724).
  bird.kill('SIGKILL');
  t.ok(await until(() => speaker.peers().every(({ state }) => state !== 'established')));
  t.ok(
    received().every((count) => count === ROUTES),
    'kept while BIRD restarts',
  );
  t.ok(
    speaker.peers().every(({ families }) => families.every(({ stale }) => stale === ROUTES)),
    'and stale',
  );
  bird = startBird();
  t.ok(
    await until(() =>
      speaker
        .peers()
        .every(({ state, families }) => state === 'established' && families.every(({ stale }) => stale === 0)),
    ),
    'up again, nothing stale',
  );
  t.ok(await until(() => received().every((count) => count === ROUTES)));

  // We restart: BIRD keeps our routes while we are away, and drops those that we do not bring back.
  await speaker.close({ graceful: true });
  t.ok(await until(async () => !(await birdc('show protocols')).includes('Established')));
  t.ok(
    (await imported()).slice(-4).every((count) => count === `${ROUTES - 1}` || count === `${ROUTES}`),
    'kept',
  );
  speaker = await runSpeaker({ ...options, restarting: { forwardingKept: true } });
  originate(ROUTES / 2);
  for (const peer of peers) speaker.addPeer(peer);
  t.ok(await until(() => speaker.peers().every(({ state }) => state === 'established')), 'back again');
  t.ok(
    await until(async () => (await imported()).slice(-4).every((count) => count === `${ROUTES / 2}`)),
    'the rest is gone',
  );
  t.ok(await until(() => received().every((count) => count === ROUTES)));

  // What BIRD says when it is told to stop.
  await birdc('disable over6');
  t.ok(await until(() => speaker.peer('over6')!.state !== 'established'));
  t.match(speaker.peer('over6')!.lastCause, /peer sent Cease\/Administrative Shutdown/);
  await birdc('enable over6');
  t.ok(await until(() => speaker.peer('over6')!.state === 'established'), 'and comes back');
});
