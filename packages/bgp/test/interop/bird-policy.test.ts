/** Route policies with the real BIRD 2: what it sends is sorted, what it gets is changed, all on one session. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAddress, parsePrefix } from '@tortie/ip';
import { runSpeaker } from '../../node/index.js';
import type { RoutePolicy } from '../../src/index.js';
import { inNamespace } from './namespace.js';

const BIRD = '/usr/sbin/bird';

/** Four routes that differ in path, communities and MED. */
const CONFIG = `
router id 10.0.0.2;
protocol device {}
protocol static {
  ipv4;
  route 20.0.1.0/24 blackhole; route 20.0.2.0/24 blackhole; route 20.0.3.0/24 blackhole; route 20.1.0.0/16 blackhole;
}
filter outgoing {
  if net = 20.0.1.0/24 then { bgp_path.prepend(3356); bgp_community.add((65002, 100)); bgp_med = 5; accept; }
  if net = 20.0.2.0/24 then { bgp_path.prepend(2914); bgp_path.prepend(65010); bgp_large_community.add((65002, 7, 8)); accept; }
  if net = 20.0.3.0/24 then { bgp_community.add((65003, 1)); accept; }
  if net = 20.1.0.0/16 then accept;
  reject;
}
protocol bgp tortie {
  local 10.0.0.2 as 65002; neighbor 10.0.0.1 port 1790 as 65001; multihop;
  connect delay time 1;
  error wait time 1, 5;
  ipv4 { import all; export filter outgoing; };
}
`;

const SENT = ['20.0.1.0/24', '20.0.2.0/24', '20.0.3.0/24', '20.1.0.0/16'];

/** Policy, and what of BIRD's routes it lets in. */
const IMPORTS: readonly (readonly [string, RoutePolicy, readonly string[]])[] = [
  [
    'path',
    { terms: [{ match: { asPaths: ['^65002 . *3356$', '^65002 65010'] }, action: 'accept' }], otherwise: 'reject' },
    SENT.slice(0, 2),
  ],
  ['origin AS', { terms: [{ match: { originAsns: [3356] }, action: 'reject' }] }, SENT.slice(1)],
  [
    'path length',
    { terms: [{ match: { asPathLength: { max: 1 } }, action: 'accept' }], otherwise: 'reject' },
    SENT.slice(2),
  ],
  [
    'community',
    { terms: [{ match: { communities: [[65002, '*']] }, action: 'accept' }], otherwise: 'reject' },
    SENT.slice(0, 1),
  ],
  [
    'large community',
    { terms: [{ match: { communities: [[65002, '*', 8]] }, action: 'reject' }] },
    [SENT[0]!, ...SENT.slice(2)],
  ],
  ['MED', { terms: [{ match: { med: { min: 5, max: 5 } }, action: 'accept' }], otherwise: 'reject' }, SENT.slice(0, 1)],
  ['next hop', { terms: [{ match: { nextHops: [parsePrefix('10.0.0.2/32')] }, action: 'reject' }] }, []],
  [
    'prefixes',
    { terms: [{ match: { prefixes: [{ prefix: parsePrefix('20.0.0.0/8'), ge: 17 }] }, action: 'reject' }] },
    SENT.slice(3),
  ],
  ['source', { terms: [{ match: { sources: ['ebgp'], peers: ['bird'] }, action: 'reject' }] }, []],
  [
    'next',
    {
      terms: [
        { match: { originAsns: [3356] }, action: 'next', set: { addCommunities: [9] } },
        { match: { communities: [9] }, action: 'reject' },
      ],
    },
    SENT.slice(1),
  ],
];

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
  const bird = spawn(BIRD, ['-f', '-c', files.config, '-s', files.control], { stdio: 'inherit' });
  /** The attributes that BIRD has for a prefix, by name. birdc fails for what is not there. */
  const atBird = async (prefix: string): Promise<Readonly<Record<string, string>>> => {
    const run = promisify(execFile)('birdc', ['-s', files.control, 'show', 'route', 'for', prefix, 'all']);
    const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
    return Object.fromEntries(
      [...stdout.matchAll(/BGP\.(\w+): (.*)/g)].map(([, name, value]) => [name, value!.trim()]),
    );
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
  const isBest = (prefix: string): boolean =>
    speaker.why(parsePrefix(prefix))?.candidates.some(({ best }) => best) === true;
  const accepted = (): string => SENT.filter(isBest).join();
  t.ok(await until(() => accepted() === SENT.join()), 'all without a policy');
  for (const [name, policy, passing] of IMPORTS) {
    t.equal(speaker.updatePeer('bird', { ...peer, import: policy }), 'soft-refresh');
    t.ok(await until(() => accepted() === passing.join()), `import by ${name}`);
  }
  t.equal(speaker.updatePeer('bird', { ...peer, import: structuredClone(IMPORTS.at(-1)![1]) }), 'none');
  t.match(speaker.why(parsePrefix(SENT[0]!))?.candidates[0]?.importPolicy, {
    verdict: 'reject',
    decided: { index: 1 },
    passed: [{ index: 0 }],
  });

  const origin = {
    asPath: [{ type: 'sequence' as const, asns: [65020] }],
    communities: [0xfde90001, 0xfde90002],
    med: 3,
  };
  speaker.originate(parsePrefix('30.0.1.0/24'), origin);
  t.ok(await until(async () => (await atBird('30.0.1.0/24')).as_path === '65001 65020'));
  const exported = async (policy: RoutePolicy, expected: Readonly<Record<string, string | undefined>>) => {
    speaker.updatePeer('bird', { ...peer, export: policy });
    const holds = async () => {
      const got = await atBird('30.0.1.0/24');
      return Object.entries(expected).every(([key, value]) => got[key] === value);
    };
    t.ok(await until(holds), JSON.stringify(expected));
  };
  const set = (fields: NonNullable<RoutePolicy['terms'][number]['set']>): RoutePolicy => ({
    terms: [{ action: 'accept', set: fields }],
  });
  await exported(set({ prependAsns: [65001, 65001] }), { as_path: '65001 65001 65001 65020', med: '3' });
  await exported(set({ removeCommunities: [[65001, 1]], addLargeCommunities: [[1, 2, 3]] }), {
    community: '(65001,2)',
    large_community: '(1, 2, 3)',
  });
  await exported(set({ communities: [0x10002], origin: 'incomplete', med: 77 }), {
    community: '(1,2)',
    origin: 'Incomplete',
    med: '77',
    large_community: undefined,
  });
  await exported(set({ nextHop: parseAddress('10.0.0.77') }), { next_hop: '10.0.0.77' });
  await exported(set({ nextHop: 'self' }), { next_hop: '10.0.0.1' });
  await exported({ terms: [{ match: { asPaths: ['^65020$'] }, action: 'reject' }] }, { as_path: undefined });
  await exported(
    { terms: [{ match: { sources: ['own'] }, action: 'accept' }], otherwise: 'reject' },
    { as_path: '65001 65020' },
  );
  t.equal(speaker.peer('bird')?.dropped, 0, 'all on one session');
});
