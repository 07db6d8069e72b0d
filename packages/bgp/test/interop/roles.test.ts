/**
 * Roles with the real BIRD 2 at both ends of a leak: `provider` sells transit to `middle`, which sends what it learns there
 * to everybody, Tortie included. RFC 9234.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
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
const PREFIX = '20.0.0.0/24';
const run = promisify(execFile);

const session = (name: string, local: string, asn: number, remote: string, remoteAsn: number, role: string): string => `
protocol bgp ${name} {
  local ${local} as ${asn}; neighbor ${remote} as ${remoteAsn}; multihop; strict bind yes;
  ${role === '' ? '' : `local role ${role};`}
  connect delay time 1; error wait time 1, 5;
  ipv4 { import all; export all; };
}
`;

const CONFIGS = {
  provider: `router id 10.0.0.2; protocol device {}
protocol static { ipv4; route ${PREFIX} blackhole; }
${session('middle', '10.0.0.2', 65002, '10.0.0.3 port 1793', 65003, 'provider')}
${session('tortie', '10.0.0.2', 65002, '10.0.0.1 port 1790', 65001, 'provider')}`,
  middle: `router id 10.0.0.3; protocol device {}
${session('provider', '10.0.0.3 port 1793', 65003, '10.0.0.2', 65002, 'customer').replace('neighbor', 'passive yes; neighbor')}
${session('tortie', '10.0.0.3', 65003, '10.0.0.1 port 1790', 65001, '')}`,
};

/** Asks again until it holds; the deadline only stops a test that would never end. */
async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition()) return true;
    await pause(50);
  }
  return false;
}

inNamespace(fileURLToPath(import.meta.url), [BIRD], async (t) => {
  t.setTimeout(120_000);
  await run('ip', ['addr', 'add', '10.0.0.3/24', 'dev', 'link0']);
  const directory = await mkdtemp(join(tmpdir(), 'tortie-bird-'));
  const control = (name: string): string => join(directory, `${name}.ctl`);
  const birds: ChildProcess[] = [];
  for (const [name, text] of Object.entries(CONFIGS)) {
    const file = join(directory, `${name}.conf`);
    await writeFile(file, text);
    birds.push(spawn(BIRD, ['-f', '-c', file, '-s', control(name)], { stdio: 'inherit' }));
  }
  const speaker = await runSpeaker({
    asn: 65001,
    routerId: parseAddress('10.0.0.1').a,
    listen: [{ address: parseAddress('10.0.0.1'), port: 1790 }],
  });
  t.teardown(async () => {
    await speaker.close();
    for (const bird of birds) bird.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });
  const provider = { name: 'provider', remoteAddress: parseAddress('10.0.0.2'), remoteAsn: 65002 };
  const middle = { name: 'middle', remoteAddress: parseAddress('10.0.0.3'), remoteAsn: 65003 };
  speaker.addPeer({ ...provider, role: 'customer', roleStrict: true });
  speaker.addPeer({ ...middle, role: 'provider' });
  const from = (name: string) =>
    speaker.why(parsePrefix(PREFIX))?.candidates.find(({ peer }) => speaker.peerName(peer) === name);
  const birdc = async (name: string, ...words: string[]): Promise<string> => {
    const { stdout } = await run('birdc', ['-s', control(name), ...words]).catch((error: { stdout: string }) => error);
    return stdout;
  };

  t.ok(await until(() => from('provider')?.best === true), 'what the provider sends is good');
  t.equal(from('provider')?.attributes.onlyToCustomer, 65002, 'with its mark');
  t.equal(speaker.peer('provider')?.negotiated?.peerRole, 'provider');
  t.equal(speaker.peer('middle')?.negotiated?.peerRole, undefined, 'the one in the middle says no role');
  t.ok(await until(() => from('middle') !== undefined), 'and sends the route as well');
  t.equal(from('middle')?.ineligible, 'route-leak', 'which a customer must not');
  t.equal(from('middle')?.attributes.onlyToCustomer, 65002);

  t.comment('our own leak: what came down from the middle goes up to the provider');
  speaker.updatePeer('provider', provider);
  speaker.updatePeer('middle', { ...middle, role: 'customer' });
  speaker.originate(parsePrefix('30.0.0.0/24'));
  const inMiddle = (prefix: string): Promise<string> =>
    birdc('middle', 'show', 'route', 'for', prefix, 'protocol', 'tortie', 'all');
  t.ok(await until(async () => /BGP.as_path: 65001/.test(await inMiddle('30.0.0.0/24'))), 'our own route goes up');
  t.notMatch(await inMiddle(PREFIX), 'BGP.as_path', 'a marked one does not');
  const fate = () => speaker.exports(parsePrefix(PREFIX)).find(({ peer }) => speaker.peerName(peer) === 'middle')?.fate;
  t.ok(await until(() => fate() === 'route-leak'), 'and that is told');

  t.comment('a role that does not go with that of BIRD');
  speaker.updatePeer('provider', { ...provider, role: 'peer' });
  t.ok(await until(() => /Role Mismatch/.test(speaker.peer('provider')?.lastCause ?? '')), 'Role Mismatch');
  speaker.updatePeer('provider', { ...provider, role: 'customer' });
  t.ok(await until(() => speaker.peer('provider')?.state === 'established'), 'and the right one again');
});
