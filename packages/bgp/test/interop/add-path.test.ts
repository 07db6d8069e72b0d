/** Several paths of a prefix sent to the real BIRD 2 (RFC 7911), by a reflector to its client and to another AS. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAddress } from '@tortie/ip';
import { runSpeaker } from '../../node/index.js';
import { inNamespace } from './namespace.js';

const BIRD = '/usr/sbin/bird';
const PREFIX = '20.0.0.0/24';
const run = promisify(execFile);

interface Router {
  readonly name: string;
  readonly address: string;
  readonly asn: number;
  readonly isSource: boolean;
}

const ROUTERS: readonly Router[] = [
  { name: 'source1', address: '10.0.0.2', asn: 65001, isSource: true },
  { name: 'source2', address: '10.0.0.3', asn: 65001, isSource: true },
  { name: 'client', address: '10.0.0.4', asn: 65001, isSource: false },
  { name: 'external', address: '10.0.0.5', asn: 65005, isSource: false },
];

const config = ({ address, asn, isSource }: Router): string => `
router id ${address};
protocol device {}
protocol static { ipv4; ${isSource ? `route ${PREFIX} blackhole;` : ''} }
protocol bgp tortie {
  local ${address} as ${asn}; neighbor 10.0.0.1 port 1790 as 65001; multihop;
  strict bind yes; connect delay time 1; error wait time 1, 5;
  ipv4 { import all; export where source = RTS_STATIC; ${isSource ? '' : 'add paths rx;'} };
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
  t.setTimeout(120_000);
  const directory = await mkdtemp(join(tmpdir(), 'tortie-bird-'));
  const birds: ChildProcess[] = [];
  const control = (name: string): string => join(directory, `${name}.ctl`);
  for (const router of ROUTERS) {
    if (router.address !== '10.0.0.2') await run('ip', ['addr', 'add', `${router.address}/24`, 'dev', 'link0']);
    const file = join(directory, `${router.name}.conf`);
    await writeFile(file, config(router));
    birds.push(spawn(BIRD, ['-f', '-c', file, '-s', control(router.name)], { stdio: 'inherit' }));
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
  const peer = ({ name, address, asn, isSource }: Router) => ({
    name,
    remoteAddress: parseAddress(address),
    remoteAsn: asn,
    families: ['ipv4-unicast'] as const,
    routeReflectorClient: asn === 65001,
    nextHopMode: 'keep' as const,
    addPathSendMax: isSource ? 0 : 4,
  });
  for (const router of ROUTERS) speaker.addPeer(peer(router));

  /** birdc fails for "Network not found" too, and while BIRD starts. */
  const birdc = async (name: string, command: string): Promise<string> => {
    const { stdout } = await run('birdc', ['-s', control(name), ...command.split(' ')]).catch(
      (error: { readonly stdout: string }) => error,
    );
    return stdout;
  };
  /** The next hops of all paths that a BIRD has for the prefix. */
  const nextHops = async (name: string): Promise<string> =>
    [...(await birdc(name, `show route for ${PREFIX} all`)).matchAll(/BGP.next_hop: (\S+)/g)]
      .map(([, address]) => address)
      .sort()
      .join(' ');
  const holds = (name: string, expected: string): Promise<boolean> =>
    until(async () => (await nextHops(name)) === expected);

  t.ok(await holds('client', '10.0.0.2 10.0.0.3'), 'the client has both paths');
  t.ok(await holds('external', '10.0.0.2 10.0.0.3'), 'and so has the other AS');
  t.match(speaker.peer('client')?.negotiated, { addPathSend: true, addPathReceive: false });
  t.match(speaker.peer('source1')?.negotiated, { addPathSend: false });
  const told = () => speaker.adjRibOut('client', 'ipv4-unicast').items.map(({ pathId }) => pathId);
  const [first, second] = told();
  t.ok(first && second && first !== second, `identifiers ${first} and ${second}`);

  await birdc('source2', 'disable tortie');
  t.ok(await holds('client', '10.0.0.2'), 'one source goes, and its path alone');
  t.ok(await holds('external', '10.0.0.2'));
  await birdc('source2', 'enable tortie');
  t.ok(await holds('client', '10.0.0.2 10.0.0.3'), 'and comes back');
  t.ok(await holds('external', '10.0.0.2 10.0.0.3'));

  const before = speaker.peer('client')!.received.routeRefresh;
  await birdc('client', 'reload in tortie');
  t.ok(await until(() => speaker.peer('client')!.received.routeRefresh > before), 'it asks for everything again');
  t.ok(await holds('client', '10.0.0.2 10.0.0.3'));

  const client = ROUTERS.find(({ name }) => name === 'client')!;
  t.equal(speaker.updatePeer('client', { ...peer(client), addPathSendMax: 1 }), 'soft-refresh');
  t.ok(await holds('client', '10.0.0.2'), 'fewer paths, and the best one stays');
  t.equal(speaker.peer('client')?.established, 1, 'in the same session');
  t.equal(speaker.updatePeer('client', { ...peer(client), addPathSendMax: 0 }), 'session-reset');
  t.ok(await until(() => speaker.peer('client')!.established === 2), 'without ADD-PATH');
  t.ok(await holds('client', '10.0.0.2'));
  t.same(told(), [undefined]);
});
