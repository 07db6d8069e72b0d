/** Routes between BIRDs through a real agent: every attribute, the largest messages, refresh, withdrawal. */
import type { PeerChange, RouteAttributes } from '@tortie/agent/api';
import type { PathAttributes } from '@tortie/bgp';
import { parseAddress } from '@tortie/ip';
import { type Agent, type Bird, enterNamespaces, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { type BirdPeer, type BirdRoute, birdConfig, birdRoutes, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { announcement, startRawPeer } from './raw-peer.js';
import { established, LOCAL_ASN, peerAt, peerRoutes, routeFrom, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

const [ASN_A, ASN_B] = [65002, 65003];

const towards = (bird: Host, agent: Host, localAsn: number, over: Partial<BirdPeer> = {}): BirdPeer => ({
  name: 'tortie',
  local: bird.address(),
  localAsn,
  remote: agent.address(),
  remoteAsn: LOCAL_ASN,
  families: ['ipv4'],
  ...over,
});

/** The route of a BIRD to a prefix, once it is there. */
const routeIn = (bird: Bird, prefix: string): Promise<BirdRoute> =>
  eventually(`${prefix} in the BIRD on ${bird.host.name}`, async () => {
    const answer = await bird.birdc(`show route ${prefix} all`);
    return birdRoutes(answer).find(({ protocol }) => protocol === 'tortie');
  });

const gone = (bird: Bird, prefix: string): Promise<unknown> =>
  eventually(`no ${prefix} in the BIRD on ${bird.host.name}`, async () => {
    // BIRD answers with code 8001, Network not found.
    const answer = await bird.birdc(`show route ${prefix}`).catch((error: Error) => error.message);
    return /not found/i.test(answer);
  });

const PREFIX = '198.51.100.0/24';

/** Every attribute that an eBGP peer may send, one of them unknown to everybody. */
const EVERYTHING: Partial<PathAttributes> = {
  origin: 'egp',
  asPath: [
    { type: 'sequence', asns: [ASN_A, 64900, 4200000001] },
    { type: 'set', asns: [64901, 64902] },
  ],
  nextHop: parseAddress('10.0.0.1'),
  med: 50,
  atomicAggregate: true,
  aggregator: { asn: 4200000001, address: parseAddress('192.0.2.1') },
  communities: [(ASN_A * 65536 + 7) >>> 0, 0xffff029a],
  extendedCommunities: [(0x0002n << 48n) | (BigInt(ASN_A) << 32n) | 9n],
  largeCommunities: [
    [4200000001, 1, 2],
    [ASN_A, 4294967295, 0],
  ],
  unknown: [{ type: 199, flags: 0xc0, value: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) }],
};

t.test('a route with every attribute passes to eBGP and iBGP peers as the RFCs say', { buffered: true }, (t) =>
  withHosts(['raw', 'ebgp', 'ibgp', 'tortie'], async (lab) => {
    const [raw, ebgp, ibgp, tortie] = ['raw', 'ebgp', 'ibgp', 'tortie'].map((name) => lab.host(name)) as [
      Host,
      Host,
      Host,
      Host,
    ];
    const agent = await startAgent(tortie, {
      peers: [peerAt(raw, ASN_A, { passive: true }), peerAt(ebgp, ASN_B), peerAt(ibgp, LOCAL_ASN)],
    });
    const birds = await Promise.all([
      startBird(ebgp, birdConfig('10.0.0.2', [towards(ebgp, tortie, ASN_B)])),
      startBird(ibgp, birdConfig('10.0.0.3', [towards(ibgp, tortie, LOCAL_ASN)])),
    ]);
    startRawPeer(raw, {
      asn: ASN_A,
      routerId: '10.0.0.1',
      remote: tortie.address(),
      messages: [announcement([PREFIX], EVERYTHING)],
    });
    const received = await eventually('the route', () => routeFrom(agent, 'raw', PREFIX));
    t.match(received.attributes, {
      origin: 'egp',
      asPathText: '65002 64900 4200000001 {64901 64902}',
      nextHop: '10.0.0.1',
      med: 50,
      atomicAggregate: true,
      aggregator: { asn: 4200000001, address: '192.0.2.1' },
      communities: ['65002:7', 'blackhole'],
      largeCommunities: ['4200000001:1:2', '65002:4294967295:0'],
      extendedCommunities: ['0002fdea00000009'],
      unknown: [{ type: 199, flags: 0xc0, value: 'deadbeef' }],
    } satisfies Partial<RouteAttributes>);

    const [outside, inside] = [await routeIn(birds[0], PREFIX), await routeIn(birds[1], PREFIX)];
    const everywhere = {
      origin: 'EGP',
      atomic_aggr: '',
      aggregator: '192.0.2.1 AS4200000001',
      community: '(65002,7) (65535,666)',
      ext_community: '(rt, 65002, 9)',
      large_community: '(4200000001, 1, 2) (65002, 4294967295, 0)',
    };
    t.match(outside.attributes, everywhere);
    t.match(inside.attributes, everywhere);
    t.equal(outside.attributes.as_path, '65001 65002 64900 4200000001 {64901 64902}', 'our AS in front');
    t.equal(inside.attributes.as_path, '65002 64900 4200000001 {64901 64902}', 'untouched');
    t.equal(outside.attributes.next_hop, tortie.address(), 'we are the next hop');
    t.equal(inside.attributes.next_hop, '10.0.0.1', 'untouched');
    t.equal(outside.attributes.med, undefined, 'MED goes no further than one AS');
    t.equal(inside.attributes.med, '50');
    t.equal(inside.attributes.local_pref, '100');
    for (const route of [outside, inside]) {
      const unknown = Object.entries(route.attributes).find(([name]) => /^(c7|199|unknown)/i.test(name));
      t.match(unknown?.[1], /de ?ad ?be ?ef/i, 'the unknown transitive attribute is passed on');
    }
  }),
);

t.test('what we originate goes out with its attributes, changes in place, and is withdrawn', { buffered: true }, (t) =>
  withHosts(['ebgp', 'ibgp', 'tortie'], async (lab) => {
    const [ebgp, ibgp, tortie] = [lab.host('ebgp'), lab.host('ibgp'), lab.host('tortie')];
    const agent = await startAgent(tortie, { peers: [peerAt(ebgp, ASN_B), peerAt(ibgp, LOCAL_ASN)] });
    const both = { families: ['ipv4', 'ipv6'] } as const;
    const outside = await startBird(ebgp, birdConfig('10.0.0.1', [towards(ebgp, tortie, ASN_B, both)]));
    const inside = await startBird(ibgp, birdConfig('10.0.0.2', [towards(ibgp, tortie, LOCAL_ASN, both)]));
    const communities = ['65001:1', 'graceful-shutdown', '65001:2:3'];
    const { call } = agent.client;
    await call('POST', '/v1/originated', { body: { prefix: PREFIX, med: 7, localPref: 300, communities } });
    const expected = { origin: 'IGP', med: '7', community: '(65001,1) (65535,0)', large_community: '(65001, 2, 3)' };
    t.match((await routeIn(outside, PREFIX)).attributes, { ...expected, as_path: '65001', next_hop: tortie.address() });
    t.match((await routeIn(inside, PREFIX)).attributes, { ...expected, as_path: '', local_pref: '300' });
    const [sent] = await peerRoutes(agent, 'ebgp', 'adj-rib-out');
    t.match(sent, { prefix: PREFIX, attributes: { asPathText: '65001', med: 7, nextHop: tortie.address() } });

    await call('DELETE', `/v1/originated/${encodeURIComponent(PREFIX)}`);
    await gone(outside, PREFIX);
    await gone(inside, PREFIX);
    await call('POST', '/v1/originated', { body: { prefix: PREFIX, communities: ['no-export'] } });
    await routeIn(inside, PREFIX);
    await call('POST', '/v1/originated', { body: { prefix: '2001:db8:113::/48' } });
    await routeIn(outside, '2001:db8:113::/48');
    await gone(outside, PREFIX);
    t.pass('a route with no-export stays inside');
  }),
);

const many = (count: number, line: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => line(i));

/** BIRD's words for every n-th community of a heavy route. */
const every = (count: number, nth: number): string[] => many(count / nth, (i) => `(65002,${i * nth}) ~ bgp_community`);

/** A static route of BIRD with so many communities and so many ASes in front. */
const heavy = (prefix: string, communities: number, ases: number): string =>
  `${prefix} { ${many(communities, (i) => `bgp_community.add((65002,${i}));`).join(' ')} ${many(ases, (i) => `bgp_path.prepend(${64000 + i});`).join(' ')} }`;

t.test(
  'full messages, long paths and hundreds of communities pass; what needs extended messages goes to those who have them',
  { buffered: true },
  (t) =>
    withHosts(['source', 'extended', 'plain', 'tortie'], async (lab) => {
      const [source, extended, plain, tortie] = ['source', 'extended', 'plain', 'tortie'].map((name) =>
        lab.host(name),
      ) as [Host, Host, Host, Host];
      const prefixes = many(3000, (i) => `20.${i >> 8}.${i & 255}.0/24`);
      const statics = staticRoutes('static4', 'ipv4', [
        ...prefixes,
        heavy('198.51.100.0/24', 500, 300),
        heavy('198.51.101.0/24', 2500, 0),
      ]);
      const options = 'enable extended messages yes;';
      const agent = await startAgent(tortie, {
        kernel: { program: false },
        peers: [peerAt(source, ASN_A), peerAt(extended, ASN_B), peerAt(plain, ASN_B)],
      });
      await startBird(source, birdConfig('10.0.0.1', [towards(source, tortie, ASN_A, { options })], statics));
      const wide = await startBird(extended, birdConfig('10.0.0.2', [towards(extended, tortie, ASN_B, { options })]));
      const narrow = await startBird(plain, birdConfig('10.0.0.3', [towards(plain, tortie, ASN_B)]));
      await eventually(
        'all routes from the source',
        async () => (await peerRoutes(agent, 'source', 'adj-rib-in')).length === 3002,
      );
      await eventually(
        'all of them in the one with extended messages',
        async () => (await wide.protocol('tortie')).imported === 3002,
      );
      await eventually(
        'all but the largest in the other',
        async () => (await narrow.protocol('tortie')).imported === 3001,
      );

      // BIRD cuts long attributes short where it prints them, so its filters are asked instead; ours are shown whole.
      const has = async (bird: Bird, prefix: string, ...facts: readonly string[]): Promise<void> => {
        for (const fact of facts) {
          const { prefix: found } = birdRoutes(await bird.birdc(`show route ${prefix} where ${fact}`))[0] ?? {};
          t.equal(found, prefix, `${prefix}: ${fact}`);
        }
      };
      await has(wide, '198.51.101.0/24', 'bgp_community.len = 2500', ...every(2500, 500));
      for (const bird of [wide, narrow]) {
        const path = ['bgp_path.len = 302', `bgp_path.first = ${LOCAL_ASN}`, 'bgp_path.last = 64000'];
        await has(bird, '198.51.100.0/24', 'bgp_community.len = 500', ...every(500, 100), ...path);
      }
      for (const [prefix, communities, ases] of [
        ['198.51.100.0/24', 500, 300],
        ['198.51.101.0/24', 2500, 0],
      ] as const) {
        const { attributes } = (await peerRoutes(agent, 'extended', 'adj-rib-out')).find(
          (out) => out.prefix === prefix,
        )!;
        const path = [LOCAL_ASN, ASN_A, ...many(ases, (i) => String(64000 + i)).reverse()];
        t.equal(attributes.asPathText, path.join(' '), `${prefix}: all ${path.length} ASes in order`);
        t.same(
          attributes.communities,
          many(communities, (i) => `65002:${i}`),
          `${prefix}: all communities`,
        );
      }
      t.ok((await agent.peer('extended')).session?.capabilities?.includes('extended-messages'));
      for (const { session } of await agent.peers()) t.equal(session?.flaps, 0, 'no session was lost over it');

      const seen = birdRoutes(await wide.birdc('show route all where net ~ [ 20.0.0.0/8+ ]'));
      t.same(seen.map(({ prefix }) => prefix).sort(), [...prefixes].sort(), 'every prefix, once');
      const updates = (await agent.peer('extended')).session!.messagesOut.update;
      t.ok(updates < 60, `packed: ${updates} UPDATEs for 3002 routes`);
    }),
);

/** A counter of BIRD's session: updates that it received for its import. */
const importUpdates = async (bird: Bird): Promise<number> =>
  Number(/Import updates:\s+(\d+)/.exec(await bird.birdc('show protocols all tortie'))![1]);

async function withRefresh(work: (agent: Agent, router: Bird) => Promise<void>): Promise<void> {
  await withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    const router = await startBird(
      bird,
      birdConfig(
        '10.0.0.1',
        [towards(bird, tortie, ASN_A)],
        staticRoutes(
          'static4',
          'ipv4',
          many(10, (i) => `20.0.${i}.0/24`),
        ),
      ),
    );
    const agent = await startAgent(tortie, {
      originate: Array.from({ length: 5 }, (_, i) => ({ prefix: `30.0.${i}.0/24` })),
    });
    await agent.client.call('POST', '/v1/peers', { body: peerAt(bird, ASN_A, { families: ['ipv4-unicast'] }) });
    await established(agent);
    await eventually('their routes', async () => (await peerRoutes(agent, 'bird', 'adj-rib-in')).length === 10);
    await eventually('our routes', async () => (await importUpdates(router)) === 5);
    await work(agent, router);
    const { session } = await agent.peer('bird');
    t.equal(session?.flaps, 0, 'the session stays');
    t.equal((await peerRoutes(agent, 'bird', 'adj-rib-in', { policy: 'before' })).length, 10);
  });
}

t.test('soft-in asks BIRD for its routes, and they come again', { buffered: true }, (t) =>
  withRefresh(async (agent) => {
    const before = (await agent.peer('bird')).session!;
    await agent.client.call('POST', '/v1/peers/bird/reset', { body: { mode: 'soft-in' } });
    await eventually('the request, and the routes', async () => {
      const after = (await agent.peer('bird')).session!;
      const asked = after.messagesOut.routeRefresh > before.messagesOut.routeRefresh;
      return asked && after.messagesIn.update > before.messagesIn.update;
    });
    t.pass();
  }),
);

t.test('soft-out sends BIRD all our routes again', { buffered: true }, (t) =>
  withRefresh(async (agent, router) => {
    await agent.client.call('POST', '/v1/peers/bird/reset', { body: { mode: 'soft-out' } });
    await eventually('all again', async () => (await importUpdates(router)) === 10);
    t.pass();
  }),
);

t.test('BIRD asks us for our routes with `reload in`, and gets them again', { buffered: true }, (t) =>
  withRefresh(async (agent, router) => {
    await router.birdc('reload in tortie');
    await eventually('all again', async () => (await importUpdates(router)) === 10);
    t.ok((await agent.peer('bird')).session!.messagesIn.routeRefresh > 0);
  }),
);

t.test('a changed import policy re-judges what BIRD sent, without a new session', { buffered: true }, (t) =>
  withRefresh(async (agent) => {
    const { body } = await agent.client.call<PeerChange>('PATCH', '/v1/peers/bird', {
      body: {
        import: [
          { match: { prefixes: [{ prefix: '20.0.3.0/24' }] }, action: 'reject' },
          { action: 'accept', set: { localPref: 250, addCommunities: ['65001:250'] } },
        ],
      },
    });
    t.equal(body.impact, 'soft-refresh');
    await eventually('the new judgement', async () => {
      const routes = await peerRoutes(agent, 'bird', 'adj-rib-in', { policy: 'after' });
      const accepted = routes.filter(({ eligible }) => eligible !== false);
      return accepted.length === 9 && accepted.every(({ attributes }) => attributes.localPref === 250);
    });
    const raw = await peerRoutes(agent, 'bird', 'adj-rib-in', { policy: 'before' });
    t.ok(raw.every(({ attributes }) => attributes.localPref === undefined && attributes.communities === undefined));
  }),
);

t.test('what BIRD withdraws goes from us and from those behind us', { buffered: true }, (t) =>
  withHosts(['source', 'behind', 'tortie'], async (lab) => {
    const [source, behind, tortie] = [lab.host('source'), lab.host('behind'), lab.host('tortie')];
    const statics = `${staticRoutes('one', 'ipv4', [PREFIX])}${staticRoutes('two', 'ipv4', ['198.51.101.0/24'])}`;
    const from = await startBird(source, birdConfig('10.0.0.1', [towards(source, tortie, ASN_A)], statics));
    const to = await startBird(behind, birdConfig('10.0.0.2', [towards(behind, tortie, ASN_B)]));
    const agent = await startAgent(tortie, { peers: [peerAt(source, ASN_A), peerAt(behind, ASN_B)] });
    await routeIn(to, PREFIX);
    await routeIn(to, '198.51.101.0/24');
    await from.birdc('disable one');
    await gone(to, PREFIX);
    t.equal(await routeFrom(agent, 'source', PREFIX), undefined);
    t.ok(await routeFrom(agent, 'source', '198.51.101.0/24'), 'the other one stays');
    t.ok(await routeIn(to, '198.51.101.0/24'));
  }),
);
