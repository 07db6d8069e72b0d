/** Sessions with a real BIRD 2: who dials, which kinds, how they end and how they come back. */
import { writeFileSync } from 'node:fs';
import {
  type Bird,
  dropBgp,
  dropPackets,
  enterNamespaces,
  type Host,
  type Lab,
  startBird,
  withHosts,
} from '@tortie/lab';
import t from 'tap';
import { type BirdPeer, birdConfig, birdRoutes, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import {
  established,
  events,
  LOCAL_ASN,
  lastEvent,
  lost,
  peerAt,
  peerRoutes,
  routeFrom,
  startAgent,
} from './start-agent.js';
import { bgpConnections } from './tcp-connections.js';

await enterNamespaces();
// Most of the time goes by waiting for timers of BIRD.
t.jobs = 2;

const BIRD_ASN = 65002;
const STATIC = `${staticRoutes('static4', 'ipv4', ['198.51.100.0/24'])}${staticRoutes('static6', 'ipv6', ['2001:db8:100::/48'])}`;

/** How the BIRD of these tests sees the agent, over IPv4. */
const towards = (bird: Host, agent: Host, over: Partial<BirdPeer> = {}): BirdPeer => ({
  name: 'tortie',
  local: bird.address(),
  localAsn: BIRD_ASN,
  remote: agent.address(),
  remoteAsn: LOCAL_ASN,
  ...over,
});

const ourSession = async (bird: Bird, name = 'tortie'): Promise<string> => (await bird.protocol(name)).info;

/** Two hosts, `bird` and `tortie`, for the time of a function. */
const withTwo = (work: (lab: Lab, bird: Host, tortie: Host) => Promise<void>): Promise<void> =>
  withHosts(['bird', 'tortie'], (lab) => work(lab, lab.host('bird'), lab.host('tortie')));

t.test('we dial a BIRD that only listens', { buffered: true }, (t) =>
  withTwo(async (_lab, bird, tortie) => {
    const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie, { options: 'passive yes;' })]));
    const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)] });
    await established(agent);
    t.equal(await ourSession(router), 'Established');
    const connections = await bgpConnections(tortie);
    t.equal(connections.length, 1);
    t.equal(connections[0]?.remotePort, 179, 'the connection is ours');
  }),
);

t.test('a BIRD dials us while we only listen', { buffered: true }, (t) =>
  withTwo(async (_lab, bird, tortie) => {
    const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN, { passive: true })] });
    const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie)]));
    await established(agent);
    t.equal(await ourSession(router), 'Established');
    const connections = await bgpConnections(tortie);
    t.equal(connections.length, 1);
    t.equal(connections[0]?.localPort, 179, 'the connection is theirs');
  }),
);

for (const [routerId, kept] of [
  ['10.0.0.200', 'ours, for our router ID is the higher one'],
  ['10.0.0.0', 'theirs, for their router ID is the higher one'],
] as const) {
  t.test(`both dial at once: one session stays, ${kept} (RFC 4271 section 6.8)`, { buffered: true }, (t) =>
    withTwo(async (_lab, bird, tortie) => {
      // Both ends dial into silence, then both connections come up, but nothing said on them arrives.
      const bothWays = (what: string): string[] =>
        ['dport', 'sport'].map((end) => `tcp ${end} 179 tcp flags & ${what}`);
      const undo = await dropPackets(tortie, ...bothWays('psh == psh'));
      const undoSyn = await dropPackets(tortie, ...bothWays('(syn | ack) == syn'));
      const agent = await startAgent(tortie, { routerId, peers: [peerAt(bird, BIRD_ASN, { connectRetryS: 60 })] });
      const patient = 'connect retry time 60;';
      const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie, { options: patient })]));
      for (const host of [bird, tortie]) {
        await eventually(`${host.name} dials`, async () => (await bgpConnections(host, 'syn-sent')).length === 1);
      }
      await undoSyn();
      await eventually('a connection in each direction', async () => (await bgpConnections(tortie)).length === 2);
      // Until it is decided which of them stays, OPENs pass and KEEPALIVEs (19 octets behind 52 of headers) do not:
      // a connection that came up before the other's OPEN would stay whatever the router IDs say.
      const undoKeepalives = await dropPackets(
        tortie,
        ...['dport', 'sport'].map((end) => `tcp ${end} 179 ip length 71`),
      );
      await undo();
      await eventually('one of them to stay', async () => (await bgpConnections(tortie)).length === 1);
      await undoKeepalives();
      await established(agent);
      await eventually('the session in BIRD', async () => (await ourSession(router)) === 'Established');
      const [connection, ...others] = await eventually('one connection', async () => {
        const all = await bgpConnections(tortie);
        return all.length === 1 && all;
      });
      t.same(others, []);
      t.equal(connection?.remotePort === 179, kept.startsWith('ours'), kept);
      t.equal((await agent.peer('bird')).session?.flaps, 0, 'no session was lost over it');
    }),
  );
}

for (const [kind, localAsn] of [
  ['eBGP', BIRD_ASN],
  ['iBGP', LOCAL_ASN],
] as const) {
  t.test(
    `${kind}: sessions over IPv4 and over IPv6, each with routes of both families in both directions`,
    { buffered: true },
    (t) =>
      withTwo(async (_lab, bird, tortie) => {
        const over6 = { local: bird.address('ipv6'), remote: tortie.address('ipv6') };
        const router = await startBird(
          bird,
          birdConfig(
            '10.0.0.1',
            [
              towards(bird, tortie, { name: 'over4', localAsn }),
              towards(bird, tortie, { name: 'over6', localAsn, ...over6 }),
            ],
            STATIC,
          ),
        );
        const agent = await startAgent(tortie, {
          originate: [{ prefix: '203.0.113.0/24' }, { prefix: '2001:db8:113::/48' }],
          peers: [
            peerAt(bird, localAsn, { name: 'over4', localNextHops: [tortie.address('ipv6')] }),
            peerAt(bird, localAsn, { name: 'over6', localNextHops: [tortie.address()] }),
          ],
        });
        await established(agent);
        for (const peer of ['over4', 'over6']) {
          const { session } = await agent.peer(peer);
          t.equal(session?.type, kind.toLowerCase());
          for (const [prefix, nextHop] of [
            ['198.51.100.0/24', bird.address()],
            ['2001:db8:100::/48', bird.address('ipv6')],
          ] as const) {
            const route = await eventually(`${prefix} from ${peer}`, () => routeFrom(agent, peer, prefix));
            t.equal(route.attributes.nextHop, nextHop);
            t.equal(route.attributes.asPathText, kind === 'eBGP' ? `${BIRD_ASN}` : '');
          }
          for (const [prefix, nextHop] of [
            ['203.0.113.0/24', tortie.address()],
            ['2001:db8:113::/48', tortie.address('ipv6')],
          ] as const) {
            const route = await eventually(`${prefix} in BIRD from ${peer}`, async () =>
              birdRoutes(await router.birdc(`show route ${prefix} all`)).find(({ protocol }) => protocol === peer),
            );
            t.match(route.attributes.next_hop, new RegExp(`^${nextHop}( |$)`));
            t.equal(route.attributes.as_path, kind === 'eBGP' ? `${LOCAL_ASN}` : '');
          }
        }
      }),
  );
}

t.test('a session of one family carries that family alone', { buffered: true }, (t) =>
  withTwo(async (_lab, bird, tortie) => {
    await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie)], STATIC));
    const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN, { families: ['ipv6-unicast'] })] });
    await established(agent);
    await eventually('the IPv6 route', () => routeFrom(agent, 'bird', '2001:db8:100::/48'));
    const ended = async (): Promise<readonly string[] | undefined> =>
      (await agent.peer('bird')).session?.families.filter(({ endOfRib }) => endOfRib).map(({ family }) => family);
    await eventually('End-of-RIB', async () => (await ended())?.includes('ipv6-unicast'));
    t.same(await ended(), ['ipv6-unicast']);
    t.equal((await peerRoutes(agent, 'bird', 'adj-rib-in')).length, 1);
  }),
);

t.test('a BIRD in another AS than we expect is refused, and both sides say why', { buffered: true }, (t) =>
  withTwo(async (_lab, bird, tortie) => {
    const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie)]));
    const agent = await startAgent(tortie, { peers: [peerAt(bird, 65009)] });
    const event = await eventually('the reason in our event log', async () =>
      (await events(agent)).find(({ subject, cause }) => subject === 'bird' && /AS/.test(cause ?? '')),
    );
    t.match(event.cause, /65002/);
    t.match(event.cause, /65009/);
    await eventually('the reason in BIRD', async () => /Received: Bad peer AS/i.test(await ourSession(router)));
    t.not((await agent.peer('bird')).session?.state, 'established');
  }),
);

t.test('a BIRD that expects another AS of us refuses, and our log has its words', { buffered: true }, (t) =>
  withTwo(async (_lab, bird, tortie) => {
    await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie, { remoteAsn: 65009 })]));
    const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)] });
    const event = await eventually('the reason in our event log', async () =>
      (await events(agent)).find(({ subject, cause }) => subject === 'bird' && /Bad Peer AS/.test(cause ?? '')),
    );
    t.match(event.cause, /^peer sent OPEN Message Error\/Bad Peer AS/);
  }),
);

const GRACEFUL = 'graceful restart yes; graceful restart time 60;';

/** A BIRD with a static route and an agent that has it, in the RIB and in the kernel. */
async function learned(
  lab: Lab,
  options: string,
): Promise<{ router: Bird; agent: Awaited<ReturnType<typeof startAgent>> }> {
  const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
  const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie, { options })], STATIC));
  const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)] });
  await established(agent);
  await eventually('the route in the kernel', () => inKernel(tortie));
  return { router, agent };
}

const inKernel = async (host: Host): Promise<boolean> =>
  (await host.kernelRoutes('ipv4', 201)).some(({ dst }) => dst === '198.51.100.0/24');

t.test(
  'a BIRD that restarts gracefully: its routes are kept, stale, in the kernel all along, and fresh again after',
  { buffered: true },
  (t) =>
    withTwo(async (lab, _bird, tortie) => {
      const { router, agent } = await learned(lab, GRACEFUL);
      const follow = tortie.spawn('ip', ['monitor', 'route'], { name: 'routes' });
      await router.birdc('graceful restart');
      await lost(agent, 'bird');
      await router.process.wait();
      const stale = await eventually('the kept route', () => routeFrom(agent, 'bird', '198.51.100.0/24'));
      t.equal(stale.stale, true);
      t.equal(await inKernel(tortie), true);
      await router.restart('SIGTERM', ['-R']);
      await established(agent);
      await eventually(
        'a fresh route',
        async () => (await routeFrom(agent, 'bird', '198.51.100.0/24'))?.stale !== true,
      );
      await eventually('nothing stale', async () =>
        (await agent.peer('bird')).session?.families.every(({ stale }) => stale === 0),
      );
      t.equal(await inKernel(tortie), true);
      await follow.stop();
      t.notMatch(follow.logTail(100), /Deleted 198\.51\.100\.0/, 'the kernel never lost it');
    }),
);

for (const [how, args] of [
  ['with its forwarding kept, but without a route: that one is swept at its End-of-RIB', ['-R']],
  ['without its forwarding kept: all is swept at its OPEN (RFC 4724 section 4.2)', []],
] as const) {
  t.test(`a BIRD that comes back from a graceful restart ${how}`, { buffered: true }, (t) =>
    withTwo(async (lab, bird, tortie) => {
      const { router, agent } = await learned(lab, GRACEFUL);
      await router.birdc('graceful restart');
      await lost(agent, 'bird');
      await router.process.wait();
      const peer = towards(bird, tortie, { options: GRACEFUL });
      writeFileSync(
        router.configFile,
        birdConfig('10.0.0.1', [peer], staticRoutes('static4', 'ipv4', ['192.0.2.0/24'])),
      );
      await router.restart('SIGTERM', args);
      await eventually('the sweep', async () => !(await inKernel(tortie)));
      const swept = await eventually('the sweep in the event log', async () =>
        (await events(agent)).find(({ text }) => text.startsWith('removed 1 stale ipv4')),
      );
      const back = (await events(agent)).findLast(({ text }) => text.endsWith('-> established'));
      t.equal(swept.id > back!.id, args.length > 0, 'before the session is up only where nothing was kept');
      t.ok(await eventually('the new route', () => routeFrom(agent, 'bird', '192.0.2.0/24')));
    }),
  );
}

t.test('a BIRD that ends in order: its routes go, with its words, and come back with it', { buffered: true }, (t) =>
  withTwo(async (lab, _bird, tortie) => {
    const { router, agent } = await learned(lab, 'graceful restart off;');
    await router.stop('SIGTERM');
    t.match((await lost(agent, 'bird')).cause, /^peer sent Cease\//);
    await eventually('the withdrawal', async () => !(await inKernel(tortie)));
    t.same(await peerRoutes(agent, 'bird', 'adj-rib-in'), []);
    await router.restart();
    await established(agent);
    await eventually('the route again', () => inKernel(tortie));
    t.equal((await agent.peer('bird')).session?.flaps, 1);
  }),
);

t.test('a BIRD killed with -9: the loss is told, its routes go, and come back with it', { buffered: true }, (t) =>
  withTwo(async (lab, _bird, tortie) => {
    const { router, agent } = await learned(lab, 'graceful restart off;');
    await router.stop('SIGKILL');
    const { cause } = await lost(agent, 'bird');
    t.match(cause, /connection|reset|closed/i);
    await eventually('the withdrawal', async () => !(await inKernel(tortie)));
    await router.restart();
    await established(agent);
    await eventually('the route again', () => inKernel(tortie));
  }),
);

for (const family of ['ipv4', 'ipv6'] as const) {
  t.test(
    `packets of a session over ${family} are dropped: the hold timer ends it, and it comes back with them`,
    { buffered: true },
    (t) =>
      withTwo(async (_lab, bird, tortie) => {
        const ends = { local: bird.address(family), remote: tortie.address(family) };
        await startBird(
          bird,
          birdConfig('10.0.0.1', [towards(bird, tortie, { ...ends, options: 'hold time 3;' })], STATIC),
        );
        const agent = await startAgent(tortie, {
          peers: [peerAt(bird, BIRD_ASN, { remoteAddress: bird.address(family), holdTimeS: 3 })],
        });
        await established(agent);
        t.equal((await agent.peer('bird')).session?.holdTimeS, 3);
        const before = await lastEvent(agent);
        const undo = await dropBgp(tortie, bird.address(family));
        t.match((await lost(agent, 'bird', before)).cause, /hold timer expired/i);
        await eventually('no routes', async () => (await peerRoutes(agent, 'bird', 'adj-rib-in')).length === 0);
        await undo();
        await established(agent);
        await eventually('the routes again', async () => (await peerRoutes(agent, 'bird', 'adj-rib-in')).length === 2);
      }),
  );
}
