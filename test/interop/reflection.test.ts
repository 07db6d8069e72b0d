/** Route reflection (RFC 4456) between real BIRDs: two clients and a non-client of a Tortie reflector. */
import type { PeerChange } from '@tortie/agent/api';
import { parseAddress } from '@tortie/ip';
import { type Agent, type Bird, enterNamespaces, type Host, type Lab, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { type BirdRoute, birdConfig, birdRoutes, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { announcement, startRawPeer } from './raw-peer.js';
import { established, LOCAL_ASN, peerAt, routeFrom, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

const CLUSTER_ID = '192.0.2.99';

/** What each of them originates, with everything that a reflector must not touch. */
const ROUTES = { 'client-a': '198.51.100.0/24', 'client-b': '198.51.101.0/24', other: '198.51.102.0/24' } as const;
const ROUTES6 = {
  'client-a': '2001:db8:100::/48',
  'client-b': '2001:db8:101::/48',
  other: '2001:db8:102::/48',
} as const;
type Name = keyof typeof ROUTES;
const NAMES = Object.keys(ROUTES) as Name[];

const ATTRIBUTES = '{ bgp_local_pref = 123; bgp_med = 45; bgp_path.prepend(65100); bgp_community.add((65001,5)); }';

function startMember(host: Host, reflector: Host): Promise<Bird> {
  const name = host.name as Name;
  const statics = `${staticRoutes('static4', 'ipv4', [`${ROUTES[name]} ${ATTRIBUTES}`])}${staticRoutes('static6', 'ipv6', [`${ROUTES6[name]} ${ATTRIBUTES}`])}`;
  const peer = {
    name: 'reflector',
    local: host.address(),
    localAsn: LOCAL_ASN,
    remote: reflector.address(),
    remoteAsn: LOCAL_ASN,
  };
  return startBird(host, birdConfig(host.address(), [peer], statics));
}

interface Members {
  readonly lab: Lab;
  readonly agent: Agent;
  readonly birds: Readonly<Record<Name, Bird>>;
}

/** A reflector with two clients and one that is none. */
async function withReflector(work: (members: Members) => Promise<void>): Promise<void> {
  await withHosts([...NAMES, 'reflector'], async (lab) => {
    const reflector = lab.host('reflector');
    const agent = await startAgent(reflector, { clusterId: CLUSTER_ID });
    for (const name of NAMES) {
      const routeReflectorClient = name !== 'other';
      const localNextHops = [reflector.address('ipv6')];
      const body = peerAt(lab.host(name), LOCAL_ASN, { routeReflectorClient, localNextHops });
      await agent.client.call('POST', '/v1/peers', { body });
    }
    const birds = Object.fromEntries(
      await Promise.all(NAMES.map(async (name) => [name, await startMember(lab.host(name), reflector)] as const)),
    ) as Record<Name, Bird>;
    await established(agent);
    await work({ lab, agent, birds });
  });
}

const routeIn = async (bird: Bird, prefix: string): Promise<BirdRoute | undefined> =>
  birdRoutes(await bird.birdc(`show route where net = ${prefix} all`)).find(({ protocol }) => protocol === 'reflector');

const arrives = (bird: Bird, prefix: string): Promise<BirdRoute> =>
  eventually(`${prefix} in the BIRD on ${bird.host.name}`, () => routeIn(bird, prefix));

/** Everything the reflector has for a BIRD has arrived: one more route of its own, behind all others, is there. */
async function drained({ agent, birds }: Members): Promise<void> {
  await agent.client.call('POST', '/v1/originated', { body: { prefix: '203.0.113.0/24' } });
  for (const name of NAMES) await arrives(birds[name], '203.0.113.0/24');
}

t.test(
  'routes of clients go to all, routes of the other to clients only, with ORIGINATOR_ID and CLUSTER_LIST, untouched otherwise',
  { buffered: true },
  (t) =>
    withReflector(async (members) => {
      const { lab, birds, agent } = members;
      for (const [from, to] of [
        ['client-a', 'client-b'],
        ['client-a', 'other'],
        ['client-b', 'client-a'],
        ['client-b', 'other'],
        ['other', 'client-a'],
        ['other', 'client-b'],
      ] as const) {
        for (const [prefix, family] of [
          [ROUTES[from], 'ipv4'],
          [ROUTES6[from], 'ipv6'],
        ] as const) {
          const { attributes } = await arrives(birds[to], prefix);
          t.equal(attributes.originator_id, lab.host(from).address(), `${prefix} at ${to}: who brought it in`);
          t.equal(attributes.cluster_list, CLUSTER_ID);
          t.equal(attributes.next_hop?.split(' ')[0], lab.host(from).address(family), 'NEXT_HOP is not touched');
          t.match(attributes, { local_pref: '123', med: '45', as_path: '65100', community: '(65001,5)' });
        }
      }
      await drained(members);
      for (const name of NAMES) {
        t.equal(await routeIn(birds[name], ROUTES[name]), undefined, `${name} does not get its own route back`);
        t.equal(
          (await arrives(birds[name], '203.0.113.0/24')).attributes.cluster_list,
          undefined,
          'ours is not reflected',
        );
      }
      t.equal((await agent.status()).clusterId, CLUSTER_ID);
    }),
);

t.test(
  'a route of one non-client is not told to another, and a peer that becomes a client gets it without a new session',
  { buffered: true },
  (t) =>
    withReflector(async (members) => {
      const { agent, birds } = members;
      const change = async (routeReflectorClient: boolean): Promise<void> => {
        const { body } = await agent.client.call<PeerChange>('PATCH', '/v1/peers/client-b', {
          body: { routeReflectorClient },
        });
        t.equal(body.impact, 'soft-refresh');
      };
      await arrives(birds['client-b'], ROUTES.other);
      await change(false);
      await eventually(
        'the route of the other non-client, gone',
        async () => !(await routeIn(birds['client-b'], ROUTES.other)),
      );
      await eventually(
        'ours gone from the other as well',
        async () => !(await routeIn(birds.other, ROUTES['client-b'])),
      );
      t.ok(await routeIn(birds['client-b'], ROUTES['client-a']), 'the route of the client stays');
      t.ok(await routeIn(birds['client-a'], ROUTES['client-b']), 'and the client keeps theirs');
      await change(true);
      t.ok(await arrives(birds['client-b'], ROUTES.other));
      t.ok(await arrives(birds.other, ROUTES['client-b']));
      for (const { session } of await agent.peers()) t.equal(session?.flaps, 0, 'no session was lost over it');
    }),
);

t.test('routes that have been here before are dropped, and say why', { buffered: true }, (t) =>
  withHosts(['raw', 'bird', 'reflector'], async (lab) => {
    const [raw, bird, reflector] = [lab.host('raw'), lab.host('bird'), lab.host('reflector')];
    const agent = await startAgent(reflector, {
      clusterId: CLUSTER_ID,
      peers: [raw, bird].map((host) =>
        peerAt(host, LOCAL_ASN, { routeReflectorClient: true, passive: host === raw, families: ['ipv4-unicast'] }),
      ),
    });
    const router = await startBird(
      bird,
      birdConfig('10.0.0.2', [
        {
          name: 'reflector',
          local: bird.address(),
          localAsn: LOCAL_ASN,
          remote: reflector.address(),
          remoteAsn: LOCAL_ASN,
          families: ['ipv4'],
        },
      ]),
    );
    const id = (text: string): number => parseAddress(text).a;
    const base = { origin: 'igp', asPath: [], nextHop: parseAddress(raw.address()), localPref: 100 } as const;
    startRawPeer(raw, {
      asn: LOCAL_ASN,
      routerId: '10.0.0.1',
      remote: reflector.address(),
      messages: [
        announcement(['198.51.100.0/24'], {
          ...base,
          originatorId: id('192.0.2.1'),
          clusterList: [id('192.0.2.2'), id(CLUSTER_ID)],
        }),
        announcement(['198.51.101.0/24'], {
          ...base,
          originatorId: id(reflector.address()),
          clusterList: [id('192.0.2.2')],
        }),
        announcement(['198.51.102.0/24'], { ...base, asPath: [{ type: 'sequence', asns: [65100, LOCAL_ASN] }] }),
        announcement(['198.51.103.0/24'], { ...base, originatorId: id('192.0.2.1'), clusterList: [id('192.0.2.2')] }),
      ],
    });
    const { attributes } = await arrives(router, '198.51.103.0/24');
    t.equal(attributes.originator_id, '192.0.2.1', 'ORIGINATOR_ID of the first reflector stays');
    t.equal(attributes.cluster_list, `${CLUSTER_ID} 192.0.2.2`, 'our cluster in front');
    for (const [prefix, reason] of [
      ['198.51.100.0/24', /cluster/i],
      ['198.51.101.0/24', /originator/i],
      ['198.51.102.0/24', /as-loop/],
    ] as const) {
      const route = await eventually(`${prefix} in adj-rib-in`, () => routeFrom(agent, 'raw', prefix));
      t.equal(route.eligible, false);
      t.match(route.reason, reason);
      t.equal(await routeIn(router, prefix), undefined, `${prefix} goes no further`);
    }
  }),
);
