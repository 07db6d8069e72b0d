/** allowAsIn, asOverride and removePrivateAs with the real BIRD 2, which checks its own loops. */
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

/** It sends a route that has been in our AS, and with our AS in it twice. */
const CONFIG = `
router id 10.0.0.2;
protocol device {}
protocol static { ipv4; route 20.0.1.0/24 blackhole; route 20.0.2.0/24 blackhole; route 20.0.3.0/24 blackhole; }
filter looped {
  if net = 20.0.1.0/24 then { bgp_path.prepend(65001); accept; }
  if net = 20.0.2.0/24 then { bgp_path.prepend(65001); bgp_path.prepend(65001); accept; }
  if net = 20.0.3.0/24 then accept;
  reject;
}
protocol bgp tortie {
  local 10.0.0.2 as 65002; neighbor 10.0.0.1 port 1790 as 65001; multihop;
  connect delay time 1;
  error wait time 1, 5;
  ipv4 { import all; export filter looped; };
}
`;

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
  const files = {
    config: join(directory, 'bird.conf'),
    control: join(directory, 'bird.ctl'),
    alias: join(directory, 'alias.conf'),
  };
  await writeFile(files.config, CONFIG);
  await writeFile(files.alias, CONFIG.replace('as 65001; multihop', 'as 64999; multihop'));
  const bird = spawn(BIRD, ['-f', '-c', files.config, '-s', files.control], { stdio: 'inherit' });
  const birdc = (...words: string[]) => promisify(execFile)('birdc', ['-s', files.control, ...words]);
  /** The AS_PATH that BIRD has for a prefix; undefined without the route. birdc fails for what is not there. */
  const pathAtBird = async (prefix: string): Promise<string | undefined> => {
    const { stdout } = await birdc('show', 'route', 'for', prefix, 'all').catch(
      (error: { readonly stdout: string }) => error,
    );
    return /BGP\.as_path: (.*)/.exec(stdout)?.[1]?.trim();
  };
  const speaker = await runSpeaker({
    asn: 65001,
    routerId: parseAddress('10.0.0.1').a,
    listen: [{ address: parseAddress('10.0.0.1'), port: 1790 }],
  });
  t.teardown(async () => {
    await speaker.close();
    bird.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });
  const peer = { name: 'bird', remoteAddress: parseAddress('10.0.0.2'), remoteAsn: 65002 };
  speaker.addPeer(peer);
  const asPath = (...asns: number[]) => ({ asPath: [{ type: 'sequence' as const, asns }] });
  speaker.originate(parsePrefix('30.0.1.0/24'), asPath(65002, 3356));
  speaker.originate(parsePrefix('30.0.2.0/24'), asPath(64512, 3356, 4200000001));
  t.ok(await until(async () => (await pathAtBird('30.0.2.0/24')) === '65001 64512 3356 4200000001'), 'as it is');
  t.equal(await pathAtBird('30.0.1.0/24'), undefined, 'BIRD sees its own loop');

  t.equal(speaker.updatePeer('bird', { ...peer, asOverride: true }), 'soft-refresh');
  t.ok(await until(async () => (await pathAtBird('30.0.1.0/24')) === '65001 65001 3356'), 'asOverride');

  speaker.updatePeer('bird', { ...peer, removePrivateAs: 'all' });
  t.ok(await until(async () => (await pathAtBird('30.0.2.0/24')) === '65001 3356'), 'removePrivateAs all');
  t.ok(await until(async () => (await pathAtBird('30.0.1.0/24')) === undefined), "BIRD's own number stays: its loop");

  speaker.updatePeer('bird', { ...peer, removePrivateAs: 'replace' });
  t.ok(await until(async () => (await pathAtBird('30.0.2.0/24')) === '65001 65001 3356 65001'), 'replace');

  const isBest = (prefix: string): boolean =>
    speaker.why(parsePrefix(prefix))?.candidates.some(({ best }) => best) === true;
  const arrived = (prefix: string): boolean => speaker.why(parsePrefix(prefix)) !== undefined;
  t.ok(await until(() => arrived('20.0.1.0/24') && arrived('20.0.2.0/24')));
  t.same([isBest('20.0.1.0/24'), isBest('20.0.2.0/24')], [false, false]);
  t.equal(speaker.updatePeer('bird', { ...peer, allowAsIn: 1 }), 'soft-refresh');
  t.ok(await until(() => isBest('20.0.1.0/24')), 'allowAsIn 1');
  t.notOk(isBest('20.0.2.0/24'), 'twice is too often');
  speaker.updatePeer('bird', { ...peer, allowAsIn: 2 });
  t.ok(await until(() => isBest('20.0.2.0/24')), 'allowAsIn 2');
  t.equal(speaker.peer('bird')?.dropped, 0, 'all on one session');

  t.comment('another number towards BIRD: the three modes of local-as');
  await birdc('configure', `"${files.alias}"`);
  const alias = { ...peer, localAsn: 64999 };
  speaker.updatePeer('bird', alias);
  t.ok(await until(async () => (await pathAtBird('30.0.2.0/24')) === '64999 64512 3356 4200000001'), 'replace-as');
  speaker.updatePeer('bird', { ...alias, localAsnPrependOut: true, localAsnPrependIn: true });
  t.ok(await until(async () => (await pathAtBird('30.0.2.0/24')) === '64999 65001 64512 3356 4200000001'), 'both');
  const received = () => {
    const route = speaker.why(parsePrefix('20.0.3.0/24'))?.candidates[0];
    return route?.attributes.asPath.flatMap(({ asns }) => asns).join(' ');
  };
  t.ok(await until(() => received() === '64999 65002'), 'and in front of what BIRD sends');
  speaker.updatePeer('bird', { ...alias, localAsnPrependOut: true });
  t.ok(await until(() => received() === '65002'), 'no-prepend');
  t.equal(await pathAtBird('30.0.2.0/24'), '64999 65001 64512 3356 4200000001');
});
