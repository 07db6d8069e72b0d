/** Policies of a real agent with a real BIRD: named in the file, changed through the API, explained by `tortie routes --why`. */
import type { AgentConfigFile, PeerChange, PeerPatch, PeerSpec, Why } from '@tortie/agent/api';
import { type Agent, type Bird, enterNamespaces, type Host, startBird, tortieCommand, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig, birdRoutes, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

const TOR_ASN = 65002;

/** What the BIRD sends: by community, by path, by nothing in particular, and with our own number in the path. */
const ROUTES = staticRoutes('static4', 'ipv4', [
  '20.0.1.0/24 { bgp_community.add((65002, 100)); }',
  '20.0.2.0/24 { bgp_path.prepend(64512); bgp_path.prepend(65010); }',
  '20.0.3.0/24',
  `20.0.4.0/24 { bgp_path.prepend(${LOCAL_ASN}); }`,
]);

const FILE: Partial<AgentConfigFile> = {
  originate: [{ prefix: '30.0.1.0/24', communities: ['65001:1', '65001:2'] }, { prefix: '30.0.2.0/24' }],
  prefixSets: [{ name: 'first', prefixes: [{ prefix: '30.0.1.0/24' }] }],
  communitySets: [{ name: 'backup', communities: ['65002:*'] }],
  policies: [
    {
      name: 'tor-in',
      terms: [
        { name: 'backup last', match: { communitySets: ['backup'] }, action: 'next', set: { localPref: 50 } },
        { name: 'no private transit', match: { asPaths: ['[64512-64999]'] }, action: 'reject' },
      ],
    },
  ],
};

async function withTor(
  over: Partial<PeerSpec>,
  work: (agent: Agent, router: Bird, host: Host) => Promise<void>,
): Promise<void> {
  await withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    const peer = {
      name: 'tortie',
      local: bird.address(),
      localAsn: TOR_ASN,
      remote: tortie.address(),
      remoteAsn: LOCAL_ASN,
    };
    const router = await startBird(bird, birdConfig('10.0.0.1', [{ ...peer, families: ['ipv4'] }], ROUTES));
    const agent = await startAgent(tortie, FILE);
    const spec = peerAt(bird, TOR_ASN, { families: ['ipv4-unicast'], ...over });
    await agent.client.call('POST', '/v1/peers', { body: spec });
    await established(agent);
    await work(agent, router, tortie);
  });
}

const why = (agent: Agent, prefix: string): Promise<Why> => agent.client.get<Why>('/v1/routes/why', { prefix });

const patch = async (agent: Agent, body: PeerPatch): Promise<string> =>
  (await agent.client.call<PeerChange>('PATCH', '/v1/peers/bird', { body })).body.impact;

/** The attributes that BIRD has for a prefix of the agent. */
const atBird = async (router: Bird, prefix: string): Promise<Readonly<Record<string, string>> | undefined> =>
  birdRoutes(await router.birdc('show route all')).find((route) => route.prefix === prefix)?.attributes;

t.test('a named policy sorts what comes in, and why says by which term', { buffered: true }, (t) =>
  withTor({ import: [{ policy: 'tor-in' }] }, async (agent, _router, host) => {
    await eventually('all routes', async () => (await agent.peer('bird')).session?.families[0]?.received === 4);
    t.match(await why(agent, '20.0.1.0/24'), {
      candidates: [
        { best: true, attributes: { localPref: 50 }, policy: { verdict: 'accept', passed: ['backup last'] } },
      ],
    });
    t.match(await why(agent, '20.0.2.0/24'), {
      candidates: [
        { best: false, reason: 'rejected-by-policy', policy: { verdict: 'reject', term: 'no private transit' } },
      ],
      exports: [],
    });
    const [program, ...args] = tortieCommand();
    const routes = ['--socket', host.path('agent.sock'), 'routes', '--why'];
    const refused = await host.exec(program!, [...args, ...routes, '20.0.2.0/24'], { allowFailure: true });
    t.match(refused.stdout, /is not eligible: the import policy refused it: "no private transit" decided/);
    const passed = await host.exec(program!, [...args, ...routes, '20.0.1.0/24'], { allowFailure: true });
    t.match(
      passed.stdout,
      /is best: it is the only one; the import policy accepted it: "backup last" went on, no term decided/,
    );
    t.equal(await patch(agent, { import: [{ policy: 'tor-in' }] }), 'none');
    t.equal(await patch(agent, { import: [{ match: { originAsns: [TOR_ASN] }, action: 'reject' }] }), 'soft-refresh');
    await eventually('another verdict', async () => (await why(agent, '20.0.2.0/24')).candidates[0]?.best === true);
    t.match(await why(agent, '20.0.3.0/24'), { candidates: [{ policy: { verdict: 'reject', term: 'import[0]' } }] });
    t.equal((await agent.peer('bird')).session?.flaps, 0, (await agent.peer('bird')).session?.lastCause ?? '');
  }),
);

t.test('what goes out, and why it does not', { buffered: true }, (t) =>
  withTor({}, async (agent, router) => {
    await eventually('our routes', async () => (await atBird(router, '30.0.2.0/24')) !== undefined);
    const first = { match: { prefixSets: ['first'] }, action: 'accept' as const };
    const set = {
      removeCommunities: ['65001:1'],
      addCommunities: ['65001:7:8'],
      prepend: { count: 2 },
      nextHop: '10.0.0.99',
    };
    t.equal(await patch(agent, { export: [{ ...first, set }], exportDefault: 'reject' }), 'soft-refresh');
    await eventually('the change', async () => (await atBird(router, '30.0.1.0/24'))?.as_path === '65001 65001 65001');
    t.match(await atBird(router, '30.0.1.0/24'), {
      community: '(65001,2)',
      large_community: '(65001, 7, 8)',
      next_hop: '10.0.0.99',
    });
    await eventually('the withdrawal', async () => (await atBird(router, '30.0.2.0/24')) === undefined);
    t.match(await why(agent, '30.0.1.0/24'), {
      exports: [{ peer: 'bird', advertised: true, policy: { verdict: 'accept', term: 'export[0]' } }],
    });
    t.match(await why(agent, '30.0.2.0/24'), {
      exports: [{ peer: 'bird', advertised: false, reason: 'rejected-by-policy', policy: { verdict: 'reject' } }],
      explanation: [/our own route.*is best/i, 'Not advertised to bird: the export policy refused it: no term decided'],
    });
    await eventually('all routes', async () => (await agent.peer('bird')).session?.families[0]?.received === 4);
    t.match(await why(agent, '20.0.3.0/24'), { exports: [{ peer: 'bird', reason: 'source' }] });
    t.equal((await agent.peer('bird')).session?.flaps, 0, (await agent.peer('bird')).session?.lastCause ?? '');
  }),
);

t.test('our own number in the path: allowed when that is said', { buffered: true }, (t) =>
  withTor({}, async (agent) => {
    await eventually('all routes', async () => (await agent.peer('bird')).session?.families[0]?.received === 4);
    t.match(await why(agent, '20.0.4.0/24'), { candidates: [{ best: false, reason: 'as-loop' }] });
    t.equal(await patch(agent, { allowAsIn: 1 }), 'soft-refresh');
    await eventually('the route', async () => (await why(agent, '20.0.4.0/24')).candidates[0]?.best === true);
    t.equal((await agent.peer('bird')).session?.flaps, 0, (await agent.peer('bird')).session?.lastCause ?? '');
  }),
);
