/** 100,000 routes from a BIRD through a real agent to another BIRD: come, are withdrawn, are lost with the one who sent them. */
import { type Agent, type Bird, enterNamespaces, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { type BirdPeer, birdConfig, birdRouteCount, birdRoutes, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();

const [SOURCE_ASN, BEHIND_ASN] = [65002, 65003];
const COUNTS = { ipv4: 70_000, ipv6: 30_000 } as const;
const ALL = COUNTS.ipv4 + COUNTS.ipv6;
const HOLD_TIME_S = 9;

const PREFIXES = {
  ipv4: Array.from({ length: COUNTS.ipv4 }, (_, i) => `${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`),
  ipv6: Array.from({ length: COUNTS.ipv6 }, (_, i) => `2001:db8:${(i + 1).toString(16)}::/48`),
} as const;

/** Ten sets of attributes, taken in turn. */
const ATTRIBUTES = Array.from({ length: 10 }, (_, k) => ({
  bird: `{ bgp_med = ${k}; bgp_path.prepend(${64600 + k}); bgp_community.add((${SOURCE_ASN},${k})); bgp_large_community.add((${SOURCE_ASN},${k},7)); }`,
  behind: {
    as_path: `${LOCAL_ASN} ${SOURCE_ASN} ${64600 + k}`,
    community: `(${SOURCE_ASN},${k})`,
    large_community: `(${SOURCE_ASN}, ${k}, 7)`,
  },
}));

const setOf = (index: number) => ATTRIBUTES[index % ATTRIBUTES.length]!;
const statics = (family: 'ipv4' | 'ipv6'): string =>
  staticRoutes(
    `static${family.slice(3)}`,
    family,
    PREFIXES[family].map((prefix, i) => `${prefix} ${setOf(i).bird}`),
  );

const towards = (bird: Host, agent: Host, localAsn: number): BirdPeer => ({
  name: 'tortie',
  local: bird.address(),
  localAsn,
  remote: agent.address(),
  remoteAsn: LOCAL_ASN,
  options: `graceful restart off; hold time ${HOLD_TIME_S};`,
});

/** Every place where the routes are counted. */
async function counts(agent: Agent, behind: Bird): Promise<Record<string, number>> {
  const { routes } = await agent.status();
  const sum = async (peer: string, column: 'received' | 'advertised'): Promise<number> =>
    ((await agent.peer(peer)).session?.families ?? []).reduce((total, family) => total + family[column], 0);
  return {
    'received from the source': await sum('source', 'received'),
    'IPv4 in the loc-rib': routes.ipv4,
    'IPv6 in the loc-rib': routes.ipv6,
    candidates: routes.candidates,
    'advertised to the one behind': await sum('behind', 'advertised'),
    'counted by the one behind': birdRouteCount(await behind.birdc('show route count')),
    'imported by the one behind': (await behind.protocol('tortie')).imported,
  };
}

const expected = (ipv4: number, ipv6: number): Record<string, number> => ({
  'received from the source': ipv4 + ipv6,
  'IPv4 in the loc-rib': ipv4,
  'IPv6 in the loc-rib': ipv6,
  candidates: ipv4 + ipv6,
  'advertised to the one behind': ipv4 + ipv6,
  'counted by the one behind': ipv4 + ipv6,
  'imported by the one behind': ipv4 + ipv6,
});

t.test(`${ALL} routes of a BIRD reach another one, and go, as often as they come and go`, (t) =>
  withHosts(['source', 'behind', 'tortie'], async (lab) => {
    const [source, behind, tortie] = [lab.host('source'), lab.host('behind'), lab.host('tortie')];
    const localNextHops = [tortie.address('ipv6')];
    const agent = await startAgent(tortie, {
      kernel: { program: false },
      peers: [
        peerAt(source, SOURCE_ASN, { holdTimeS: HOLD_TIME_S }),
        peerAt(behind, BEHIND_ASN, { holdTimeS: HOLD_TIME_S, localNextHops }),
      ],
    });
    const to = await startBird(behind, birdConfig('10.0.0.2', [towards(behind, tortie, BEHIND_ASN)]));
    await established(agent, 'behind');
    const from = await startBird(
      source,
      birdConfig('10.0.0.1', [towards(source, tortie, SOURCE_ASN)], `${statics('ipv4')}${statics('ipv6')}`),
    );
    const everywhere = (what: string, ipv4: number, ipv6: number) =>
      eventually(what, async () => {
        const seen = await counts(agent, to);
        const want = expected(ipv4, ipv6);
        for (const [place, count] of Object.entries(want)) {
          if (seen[place] !== count) throw new Error(`${place}: ${seen[place]} of ${count}`);
        }
        return true;
      });

    await everywhere('all routes', COUNTS.ipv4, COUNTS.ipv6);
    t.equal(birdRouteCount(await from.birdc('show route count')), ALL, 'the source counts as many');
    for (const family of ['ipv4', 'ipv6'] as const) {
      const routes = birdRoutes(await to.birdc(`show route all table master${family.slice(3)}`));
      const seen = new Map(routes.map(({ prefix, attributes }) => [prefix, attributes]));
      const wrong = PREFIXES[family].filter((prefix, i) => {
        const { as_path, community, large_community, med } = seen.get(prefix) ?? {};
        const { behind } = setOf(i);
        const same = as_path === behind.as_path && community === behind.community;
        return !same || large_community !== behind.large_community || med !== undefined;
      });
      t.equal(seen.size, COUNTS[family], `each prefix of ${family} once`);
      t.same(wrong.slice(0, 3), [], 'each with its attributes');
    }

    const keepalives = async (): Promise<number[]> =>
      (await agent.peers()).flatMap(({ session }) => [session!.messagesIn.keepalive, session!.messagesOut.keepalive]);
    const before = await keepalives();
    await eventually('keepalives both ways for longer than the hold time', async () =>
      (await keepalives()).every((count, i) => count >= before[i]! + 4),
    );
    for (const { spec, session } of await agent.peers()) {
      t.match(session, { state: 'established', holdTimeS: HOLD_TIME_S, flaps: 0 }, `${spec.name} stays`);
    }

    await from.birdc('disable static4');
    await everywhere('the withdrawal of IPv4', 0, COUNTS.ipv6);
    await from.birdc('disable static6');
    await everywhere('the withdrawal of all', 0, 0);
    await from.birdc('enable static4');
    await from.birdc('enable static6');
    await everywhere('all routes again', COUNTS.ipv4, COUNTS.ipv6);
    for (const { session } of await agent.peers()) t.equal(session?.flaps, 0, 'still the first sessions');

    await from.stop('SIGKILL');
    await everywhere('the loss of all with the source', 0, 0);
    await from.restart();
    await everywhere('all routes of the new source', COUNTS.ipv4, COUNTS.ipv6);
    t.equal((await agent.peer('source')).session?.flaps, 1, 'its session went once');
    t.equal((await agent.peer('behind')).session?.flaps, 0, 'the other session never went');
  }),
);
