/**
 * Unnumbered peers with real routers: neighbours found on an interface, IPv4 routes with IPv6 next hops both ways, down
 * to the kernels of both sides and traffic through them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Bird, dropPackets, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { startFrr } from './frr-router.js';
import { established, events, LOCAL_ASN, lastEvent, lost } from './start-agent.js';
import {
  ASN,
  discovery,
  frrLines,
  frrRoute,
  gobgpMissing,
  ip,
  linkLocal,
  loopbacks,
  OURS4,
  OURS6,
  onInterface,
  reaches,
  route,
  skipFrr,
  startTortie,
  THEIRS4,
  THEIRS6,
  traffic,
  wire,
  withTwo,
} from './unnumbered-rig.js';

// They wait for the timers of others.
t.jobs = 3;

t.test(
  'FRR: found by router advertisements, IPv4 over IPv6 next hops both ways, to the kernels',
  { skip: skipFrr, buffered: true },
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

/** Leaves an interface with this link-local address alone. */
async function only(host: Host, device: string, address: string): Promise<void> {
  await ip(host, 'link', 'set', device, 'addrgenmode', 'none');
  await ip(host, 'address', 'flush', 'dev', device, 'scope', 'link');
  await ip(host, 'address', 'add', `${address}/64`, 'dev', device, 'nodad');
}

t.test(
  'FRR twice: ECMP over two uplinks, with one link-local address at the far ends of both',
  { skip: skipFrr, buffered: true },
  (t) =>
    withHosts(['left', 'right', 'tortie'], async (lab) => {
      const [left, right, tortie] = [lab.host('left'), lab.host('right'), lab.host('tortie')];
      for (const [router, device] of [
        [left, 'u0'],
        [right, 'u1'],
      ] as const) {
        await wire(router, tortie, device);
        await only(router, device, 'fe80::1');
        await only(tortie, device, 'fe80::2');
        await ip(router, 'address', 'add', `${THEIRS4}/32`, 'dev', 'lo');
        await ip(router, 'address', 'add', `${THEIRS6}/128`, 'dev', 'lo');
      }
      await ip(tortie, 'address', 'add', `${OURS4}/32`, 'dev', 'lo');
      await ip(tortie, 'address', 'add', `${OURS6}/128`, 'dev', 'lo');
      const agent = await startTortie(tortie, [onInterface('u0'), onInterface('u1')], { bgp: { multipath: 2 } });
      const routers = [await startFrr(left, frrLines(left, ['u0'])), await startFrr(right, frrLines(right, ['u1']))];
      await established(agent, 'u0', 'u1');
      for (const name of ['u0', 'u1']) {
        t.match(await discovery(agent, name), { state: 'found', address: 'fe80::1', localAddress: 'fe80::2' });
      }
      const bothPaths = async (): Promise<boolean> => {
        const four = await route(tortie, '-4', `${THEIRS4}/32`);
        const six = await route(tortie, '-6', `${THEIRS6}/128`);
        return ['u0', 'u1'].every(
          (device) => four.includes(`via inet6 fe80::1 dev ${device} `) && six.includes(`via fe80::1 dev ${device} `),
        );
      };
      await eventually('both paths in our kernel', bothPaths);
      t.pass('two next hops with one address, each on its own interface');
      for (const frr of routers) {
        await eventually('FRR to have ours', async () => (await frrRoute(frr, `${OURS4}/32`)).includes('fe80::2'));
      }
      const before = await lastEvent(agent);
      await ip(left, 'link', 'set', 'u0', 'down');
      await lost(agent, 'u0', before);
      await eventually('one path to be left', async () => {
        const four = await route(tortie, '-4', `${THEIRS4}/32`);
        return four.includes('via inet6 fe80::1 dev u1') && !four.includes('dev u0');
      });
      t.equal((await agent.peer('u1')).session?.flaps, 0, 'the other session is none the wiser');
      await reaches(t, tortie, OURS4, THEIRS4);
      await reaches(t, tortie, OURS6, THEIRS6);
      await ip(left, 'link', 'set', 'u0', 'up');
      // What was added by hand left with the link.
      await only(left, 'u0', 'fe80::1');
      await established(agent, 'u0', 'u1');
      await eventually('both paths again', bothPaths);
    }),
);

t.test(
  'FRR: the neighbour gets another address, the interface goes away and comes back',
  { skip: skipFrr, buffered: true },
  (t) =>
    withTwo(async (router, tortie) => {
      await wire(router, tortie, 'u0');
      await loopbacks(router, tortie);
      await only(router, 'u0', 'fe80::1');
      const agent = await startTortie(tortie, [onInterface('u0', { remoteAsn: ASN })]);
      await startFrr(router, frrLines(router, ['u0'], String(LOCAL_ASN)));
      await established(agent, 'u0');
      t.match(await discovery(agent, 'u0'), { address: 'fe80::1' });
      // The old address answers no longer; the kernel notices, long before the hold timer would.
      await only(router, 'u0', 'fe80::3');
      await eventually('the other address', async () => (await discovery(agent, 'u0'))?.address === 'fe80::3');
      await established(agent, 'u0');
      await eventually('the routes through it', async () =>
        (await route(tortie, '-4', `${THEIRS4}/32`)).includes('via inet6 fe80::3 dev u0'),
      );
      await traffic(t, router, tortie);
      // And ours: the session from an address that is gone ends at once, the router hears of the new one.
      await only(tortie, 'u0', 'fe80::9');
      await eventually('the session from the new address', async () => {
        const { session } = await agent.peer('u0');
        return session?.state === 'established' && session.localAddress === 'fe80::9';
      });
      await traffic(t, router, tortie);
      const before = await lastEvent(agent);
      await ip(tortie, 'link', 'delete', 'u0');
      await lost(agent, 'u0', before);
      await eventually('the reason', async () => /no interface u0/.test((await discovery(agent, 'u0'))?.reason ?? ''));
      await wire(router, tortie, 'u0');
      await established(agent, 'u0');
      await traffic(t, router, tortie);
    }),
);

const bird = (host: Host, bgp: string, rest = ''): string => `router id ${host.address()};
log stderr all;
protocol device { scan time 1; }
protocol kernel k4 { ipv4 { export all; }; }
protocol kernel k6 { ipv6 { export all; }; }
protocol static s4 { ipv4; route ${THEIRS4}/32 via "lo"; }
protocol static s6 { ipv6; route ${THEIRS6}/128 via "lo"; }
${rest}
protocol bgp tortie ${bgp}
  local as ${ASN};
  connect delay time 1; connect retry time 1; error wait time 1, 1;
  ipv4 { import all; export where source ~ [ RTS_STATIC, RTS_BGP ]; extended next hop on; };
  ipv6 { import all; export where source ~ [ RTS_STATIC, RTS_BGP ]; };
}
`;

const birdHas = (router: Bird, prefix: string, nextHop: string): Promise<unknown> =>
  eventually(`BIRD to have ${prefix} via ${nextHop}`, async () =>
    (await router.birdc(`show route for ${prefix} all`)).includes(nextHop),
  );

t.test('BIRD with its own advertisements takes whoever comes', { buffered: true }, (t) =>
  withTwo(async (router, tortie) => {
    await wire(router, tortie, 'u0');
    await loopbacks(router, tortie);
    const agent = await startTortie(tortie, [onInterface('u0')]);
    const radv = 'protocol radv { interface "u0" { max ra interval 4; default lifetime 0; }; }';
    const dynamic = `{
  neighbor range fe80::/10 as ${LOCAL_ASN}; interface "u0"; dynamic name "unnumbered";`;
    const daemon = await startBird(router, bird(router, dynamic, radv));
    await established(agent, 'u0');
    const [theirs, ours] = [await linkLocal(router, 'u0'), await linkLocal(tortie, 'u0')];
    t.match(await discovery(agent, 'u0'), { address: theirs, heardBy: 'router-advertisement' });
    await eventually(
      'the routes in our kernel',
      async () =>
        (await route(tortie, '-4', `${THEIRS4}/32`)).includes(`via inet6 ${theirs} dev u0`) &&
        (await route(tortie, '-6', `${THEIRS6}/128`)).includes(`via ${theirs} dev u0`),
    );
    await birdHas(daemon, `${OURS4}/32`, ours);
    await birdHas(daemon, `${OURS6}/128`, ours);
    await traffic(t, router, tortie);
  }),
);

for (const forwarding of [1, 0]) {
  t.test(
    `BIRD without advertisements, with forwarding ${forwarding}, at our address on an interface`,
    { buffered: true },
    (t) =>
      withTwo(async (router, tortie) => {
        await wire(router, tortie, 'u0');
        await loopbacks(router, tortie);
        await router.exec('sysctl', ['-qw', `net.ipv6.conf.all.forwarding=${forwarding}`]);
        const [theirs, ours] = [await linkLocal(router, 'u0'), await linkLocal(tortie, 'u0')];
        const agent = await startTortie(tortie, [onInterface('u0', { remoteAsn: ASN })]);
        const daemon = await startBird(
          router,
          bird(
            router,
            `{
  neighbor ${ours}%u0 as ${LOCAL_ASN};`,
          ),
        );
        await established(agent, 'u0');
        t.match(await discovery(agent, 'u0'), {
          address: theirs,
          heardBy: forwarding ? /neighbour-table|connection/ : 'connection',
        });
        await birdHas(daemon, `${OURS4}/32`, ours);
        await eventually('the route in our kernel', async () =>
          (await route(tortie, '-4', `${THEIRS4}/32`)).includes(`via inet6 ${theirs} dev u0`),
        );
        await traffic(t, router, tortie);
      }),
  );
}

t.test('Tortie with Tortie, with BFD: a restart keeps the routes, a cut is noticed by BFD', { buffered: true }, (t) =>
  withTwo(async (router, tortie) => {
    await wire(router, tortie, 'u0');
    await loopbacks(router, tortie);
    const bfd = { minTxMs: 100, minRxMs: 100, multiplier: 3 };
    const peer = onInterface('u0', { bfd });
    const agent = await startTortie(tortie, [peer]);
    const other = await startTortie(router, [peer], {
      asn: ASN,
      originate: [{ prefix: `${THEIRS4}/32` }, { prefix: `${THEIRS6}/128` }],
    });
    await established(agent, 'u0');
    await established(other, 'u0');
    await eventually('BFD', async () => (await agent.peer('u0')).bfd?.state === 'up');
    await traffic(t, router, tortie);
    const kept = await route(tortie, '-4', `${THEIRS4}/32`);
    t.match(kept, /via inet6 fe80::\S+ dev u0 proto 201/);
    await agent.stop('SIGKILL');
    t.equal(await route(tortie, '-4', `${THEIRS4}/32`), kept, 'the kernel keeps it');
    await agent.start();
    t.match(await discovery(agent, 'u0'), { state: 'found' }, 'the neighbour table knew');
    await established(agent, 'u0');
    await eventually('nothing stale', async () => {
      const { stale, failed, pending, installed } = (await agent.status()).fib;
      return stale + failed + pending === 0 && installed >= 2;
    });
    t.equal(await route(tortie, '-4', `${THEIRS4}/32`), kept, 'and it was taken over as it was');
    await traffic(t, router, tortie);
    await eventually('BFD again', async () => (await agent.peer('u0')).bfd?.state === 'up');
    const before = await lastEvent(agent);
    const mend = await dropPackets(tortie, 'iif "u0" udp dport 3784');
    t.match((await lost(agent, 'u0', before)).cause, /BFD Down|Cease/);
    await mend();
    await established(agent, 'u0');
  }),
);

t.test('the library alone, on plain node:net, dials fe80::…%eth0', { buffered: true }, (t) =>
  withTwo(async (router, tortie) => {
    await wire(router, tortie, 'u0');
    await loopbacks(router, tortie);
    const [theirs, ours] = [await linkLocal(router, 'u0'), await linkLocal(tortie, 'u0')];
    const agent = await startTortie(tortie, [onInterface('u0')]);
    const script = new URL('./library-peer-process.js', import.meta.url).pathname;
    const words = [script, String(ASN), ours, 'u0', `${THEIRS4}/32`, `${THEIRS6}/128`];
    const library = router.spawn(process.execPath, words, { name: 'library' });
    await established(agent, 'u0');
    await eventually('our routes at the library', async () => {
      const said = readFileSync(library.logFile, 'utf8');
      return said.includes(`${OURS4}/32 ${ours}\n`) && said.includes(`${OURS6}/128 ${ours}\n`);
    });
    await eventually('its routes in our kernel', async () =>
      (await route(tortie, '-4', `${THEIRS4}/32`)).includes(`via inet6 ${theirs} dev u0`),
    );
    t.match(await route(tortie, '-6', `${THEIRS6}/128`), `via ${theirs} dev u0`);
  }),
);

t.test('FRR inside our AS, as a client that we reflect to', { skip: skipFrr, buffered: true }, (t) =>
  withTwo(async (router, tortie) => {
    await wire(router, tortie, 'u0');
    await loopbacks(router, tortie);
    const peer = onInterface('u0', { remoteAsn: 'internal', routeReflectorClient: true });
    const agent = await startTortie(tortie, [peer]);
    const lines = frrLines(router, ['u0'], 'internal').map((line) => line.replace(String(ASN), String(LOCAL_ASN)));
    const frr = await startFrr(router, lines);
    await established(agent, 'u0');
    t.match((await agent.peer('u0')).session, { type: 'ibgp', remoteAsn: LOCAL_ASN });
    const [theirs, ours] = [await linkLocal(router, 'u0'), await linkLocal(tortie, 'u0')];
    await eventually('the routes in our kernel', async () =>
      (await route(tortie, '-4', `${THEIRS4}/32`)).includes(`via inet6 ${theirs} dev u0`),
    );
    for (const prefix of [`${OURS4}/32`, `${OURS6}/128`]) {
      await eventually(`FRR to have ${prefix}`, async () => (await frrRoute(frr, prefix)).includes(ours));
    }
    await traffic(t, router, tortie);
  }),
);

t.test(
  'GoBGP by interface: IPv4 routes with IPv6 next hops both ways',
  { skip: await gobgpMissing(), buffered: true },
  (t) =>
    withTwo(async (router, tortie) => {
      await wire(router, tortie, 'u0');
      await loopbacks(router, tortie);
      const agent = await startTortie(tortie, [onInterface('u0')]);
      const theirs = await linkLocal(router, 'u0');
      const ours = await linkLocal(tortie, 'u0');
      const file = router.path('gobgp.toml');
      const families = ['ipv4-unicast', 'ipv6-unicast'].map(
        (name) => `  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n      afi-safi-name = "${name}"\n`,
      );
      writeFileSync(
        file,
        `[global.config]
  as = ${ASN}
  router-id = "${router.address()}"
[[neighbors]]
  [neighbors.config]
    neighbor-interface = "u0"
    peer-as = ${LOCAL_ASN}
  [neighbors.timers.config]
    connect-retry = 1
${families.join('')}`,
      );
      // It hears nobody: who is there it reads once, from the neighbour table, and dies where that is empty.
      await eventually('GoBGP’s neighbour table', async () =>
        (await ip(router, '-6', 'neighbour', 'show', 'dev', 'u0')).includes(ours),
      );
      router.spawn('gobgpd', ['-t', 'toml', '-f', file, '--pprof-disable', '--api-hosts', '127.0.0.1:50051']);
      await established(agent, 'u0');
      t.match(await discovery(agent, 'u0'), { address: theirs });
      for (const [prefix, family] of [
        [`${THEIRS4}/32`, 'ipv4'],
        [`${THEIRS6}/128`, 'ipv6'],
      ] as const) {
        await router.exec('gobgp', ['global', 'rib', 'add', prefix, 'nexthop', theirs, '-a', family]);
      }
      await eventually(
        'its routes in our kernel',
        async () =>
          (await route(tortie, '-4', `${THEIRS4}/32`)).includes(`via inet6 ${theirs} dev u0`) &&
          (await route(tortie, '-6', `${THEIRS6}/128`)).includes(`via ${theirs} dev u0`),
      );
      for (const [prefix, family] of [
        [`${OURS4}/32`, 'ipv4'],
        [`${OURS6}/128`, 'ipv6'],
      ] as const) {
        await eventually(`GoBGP to have ${prefix}`, async () =>
          (await router.exec('gobgp', ['global', 'rib', prefix, '-a', family])).stdout.includes(ours),
        );
      }
      t.pass('both families, both ways');
    }),
);
