/**
 * Unnumbered peers with real routers: neighbours found on an interface, IPv4 routes with IPv6 next hops both ways, down
 * to the kernels of both sides and traffic through them.
 */
import type { Peer, PeerSpec } from '@tortie/agent/api';
import { type Agent, type Host, runCommand, withHosts } from '@tortie/lab';
import t, { type Test } from 'tap';
import { eventually } from './eventually.js';
import { type FrrRouter, frrMissing, startFrr } from './frr-router.js';
import { established, events, lastEvent, lost, startAgent } from './start-agent.js';

const ASN = 65010;
const OURS4 = '192.0.2.1';
const OURS6 = '2001:db8:1::1';
const THEIRS4 = '198.51.100.1';
const THEIRS6 = '2001:db8:2::1';
const skipFrr = frrMissing();

const withTwo = (work: (router: Host, tortie: Host) => Promise<void>): Promise<void> =>
  withHosts(['router', 'tortie'], (lab) => work(lab.host('router'), lab.host('tortie')));

const ip = async (host: Host, ...words: string[]): Promise<string> =>
  (await runCommand('ip', ['-n', host.netns, ...words])).stdout;

/** Plugs the two together once more, without any address but the link-local ones. */
async function wire(router: Host, tortie: Host, name: string): Promise<void> {
  await runCommand('ip', [
    'link',
    'add',
    name,
    'netns',
    router.netns,
    'type',
    'veth',
    'peer',
    'name',
    name,
    'netns',
    tortie.netns,
  ]);
  for (const host of [router, tortie]) {
    await host.exec('sysctl', ['-qw', `net.ipv6.conf.${name}.accept_dad=0`]);
    await ip(host, 'link', 'set', name, 'up');
  }
}

/** The addresses that are announced: nothing else on these hosts can be reached over the wires. */
async function loopbacks(router: Host, tortie: Host): Promise<void> {
  for (const [host, four, six] of [
    [router, THEIRS4, THEIRS6],
    [tortie, OURS4, OURS6],
  ] as const) {
    await ip(host, 'address', 'add', `${four}/32`, 'dev', 'lo');
    await ip(host, 'address', 'add', `${six}/128`, 'dev', 'lo');
  }
}

const linkLocal = async (host: Host, device: string): Promise<string> =>
  eventually(
    `a link-local address on ${device} of ${host.name}`,
    async () =>
      / inet6 (fe80::\S+)\/64 /.exec(await ip(host, '-6', 'address', 'show', 'dev', device, 'scope', 'link'))?.[1],
  );

const frrLines = (host: Host, interfaces: readonly string[], remoteAs = 'external'): string[] => [
  `router bgp ${ASN}`,
  ` bgp router-id ${host.address()}`,
  ' no bgp ebgp-requires-policy',
  ' no bgp network import-check',
  ' bgp bestpath as-path multipath-relax',
  ...interfaces.flatMap((name) => [
    ` neighbor ${name} interface remote-as ${remoteAs}`,
    ` neighbor ${name} timers connect 1`,
    ` neighbor ${name} advertisement-interval 0`,
  ]),
  ' address-family ipv4 unicast',
  `  network ${THEIRS4}/32`,
  ' exit-address-family',
  ' address-family ipv6 unicast',
  `  network ${THEIRS6}/128`,
  ...interfaces.map((name) => `  neighbor ${name} activate`),
  ' exit-address-family',
];

const onInterface = (name: string, over: Partial<PeerSpec> = {}): PeerSpec => ({
  name,
  interface: name,
  remoteAsn: 'external',
  connectRetryS: 1,
  idleHoldMaxS: 1,
  ...over,
});

const startTortie = (host: Host, peers: readonly PeerSpec[], config = {}): Promise<Agent> =>
  startAgent(host, {
    peers: [...peers],
    originate: [{ prefix: `${OURS4}/32` }, { prefix: `${OURS6}/128` }],
    ...config,
  });

/** Our kernel's route, in one line without what does not matter. */
const route = async (host: Host, family: '-4' | '-6', prefix: string): Promise<string> =>
  (await ip(host, family, 'route', 'show', prefix)).replaceAll(/\s+/g, ' ').trim();

async function reaches(t: Test, host: Host, from: string, to: string): Promise<void> {
  await eventually(`${host.name} to reach ${to}`, async () => {
    await host.exec('ping', ['-c', '1', '-W', '1', '-I', from, to]);
    return true;
  });
  t.pass(`${host.name} reaches ${to} from ${from}`);
}

/** Both kernels forward both families over these interfaces. */
async function traffic(t: Test, router: Host, tortie: Host): Promise<void> {
  await reaches(t, tortie, OURS4, THEIRS4);
  await reaches(t, tortie, OURS6, THEIRS6);
  await reaches(t, router, THEIRS4, OURS4);
  await reaches(t, router, THEIRS6, OURS6);
}

const discovery = async (agent: Agent, name: string): Promise<Peer['discovery']> => (await agent.peer(name)).discovery;

const frrRoute = (frr: FrrRouter, prefix: string): Promise<string> =>
  frr.vtysh(`show bgp ${prefix.includes(':') ? 'ipv6' : 'ipv4'} unicast ${prefix}`);

t.test(
  'FRR: found by router advertisements, IPv4 over IPv6 next hops both ways, to the kernels',
  { skip: skipFrr },
  (t) =>
    withTwo(async (router, tortie) => {
      await wire(router, tortie, 'u0');
      await loopbacks(router, tortie);
      const agent = await startTortie(tortie, [onInterface('u0')]);
      t.match(await discovery(agent, 'u0'), { state: 'waiting', reason: /no router advertisement heard on u0 since/ });
      const frr = await startFrr(router, frrLines(router, ['u0']));
      await established(agent, 'u0');
      const theirs = await linkLocal(router, 'u0');
      const ours = await linkLocal(tortie, 'u0');
      const peer = await agent.peer('u0');
      t.match(peer.discovery, { state: 'found', address: theirs, heardBy: 'router-advertisement', localAddress: ours });
      t.match(peer.session, { remoteAsn: ASN, type: 'ebgp', localAddress: ours });
      t.ok(peer.session!.capabilities!.includes('extended-next-hop'));
      await eventually(
        'the routes in our kernel',
        async () =>
          (await route(tortie, '-4', `${THEIRS4}/32`)).includes(`via inet6 ${theirs} dev u0`) &&
          (await route(tortie, '-6', `${THEIRS6}/128`)).includes(`via ${theirs} dev u0`),
      );
      for (const [prefix, next] of [
        [`${OURS4}/32`, ours],
        [`${OURS6}/128`, ours],
      ] as const) {
        const seen = await eventually(`FRR to have ${prefix}`, async () => {
          const text = await frrRoute(frr, prefix);
          return text.includes('best') && text;
        });
        t.match(seen, next, `${prefix} via our link-local address`);
      }
      t.match(await ip(router, '-4', 'route', 'show', OURS4), /via inet6 fe80::\S+ dev u0|via 169\.254\.0\.1 dev u0/);
      await traffic(t, router, tortie);
      const defaults = await ip(router, '-6', 'route', 'show', 'default');
      t.equal(defaults.trim(), '', 'nobody takes us for the default router');

      // The cable: both sides lose each other at once, and find each other again.
      const before = await lastEvent(agent);
      await ip(router, 'link', 'set', 'u0', 'down');
      await lost(agent, 'u0', before);
      await eventually('the reason', async () => /has no carrier/.test((await discovery(agent, 'u0'))?.reason ?? ''));
      await eventually('the routes to go', async () => (await route(tortie, '-4', `${THEIRS4}/32`)) === '');
      t.equal((await agent.status()).sessions.configured, 1);
      await ip(router, 'link', 'set', 'u0', 'up');
      await established(agent, 'u0');
      await traffic(t, router, tortie);
      t.ok((await events(agent, before)).some(({ text }) => text === `peer u0 is ${theirs} on u0`));
    }),
);
