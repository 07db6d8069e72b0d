/** Recorded routes of the Internet through a real agent, read back whole from a BIRD behind it. */
import { enterNamespaces, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig, birdRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { startRawPeer } from './raw-peer.js';
import { announcements, inOneLine, lineBehind, readTable, withoutCorpus } from './real-table.js';
import { peerAt, startAgent } from './start-agent.js';

await enterNamespaces();

// None of them occurs in the recordings.
const [SOURCE_ASN, OUR_ASN, BIRD_ASN] = [4200000001, 4200000002, 4200000003];

interface Recording {
  readonly family: 'ipv4' | 'ipv6';
  readonly files: readonly string[];
  readonly routes: number;
}

const LARGE: readonly Recording[] = [
  { family: 'ipv4', files: ['bview.20020722.2337.gz'], routes: 112980 },
  {
    family: 'ipv6',
    files: ['bview.ipv6_unicast_add_path.gz', 'updates.20070211.0141.gz', 'updates.20160811.1600.gz'],
    routes: 396,
  },
];

const SMALL: readonly Recording[] = [
  { family: 'ipv4', files: ['bview.ipv4_unicast_add_path.gz'], routes: 31 },
  {
    family: 'ipv6',
    files: ['bview.ipv6_unicast_add_path.gz', 'bview.64k_stream_overflow.gz'],
    routes: 32,
  },
];

if (withoutCorpus) t.comment(`the large recordings are left out: ${withoutCorpus}`);

for (const { family, files, routes } of withoutCorpus ? SMALL : LARGE) {
  t.test(`${family}: ${routes} recorded routes arrive behind us as eBGP changes them`, (t) =>
    withHosts(['source', 'bird', 'tortie'], async (lab) => {
      const [source, bird, tortie] = [lab.host('source'), lab.host('bird'), lab.host('tortie')];
      const name = `${family}-unicast` as const;
      const table = readTable(files, name);
      t.equal(table.size, routes, 'the recordings are whole');

      const families = [name];
      const localNextHops = [tortie.address('ipv6')];
      const agent = await startAgent(tortie, {
        asn: OUR_ASN,
        kernel: { program: false },
        peers: [
          peerAt(source, SOURCE_ASN, { passive: true, families }),
          peerAt(bird, BIRD_ASN, { families, localNextHops }),
        ],
      });
      const router = await startBird(
        bird,
        birdConfig('10.0.0.2', [
          {
            name: 'tortie',
            local: bird.address(),
            localAsn: BIRD_ASN,
            remote: tortie.address(),
            remoteAsn: OUR_ASN,
            families: [family],
          },
        ]),
      );
      startRawPeer(source, {
        asn: SOURCE_ASN,
        routerId: '10.0.0.1',
        remote: tortie.address(),
        families,
        messages: announcements(table, name, { asn: SOURCE_ASN, nextHop: source.address(family) }),
      });
      const ofFamily = async (peer: string) =>
        (await agent.peer(peer)).session?.families.find((each) => each.family === name);
      const count = (what: string, expected: number, ask: () => Promise<number | undefined>) =>
        eventually(what, async () => {
          const seen = await ask();
          if (seen !== expected) throw new Error(`${seen} of ${expected}`);
          return true;
        });
      await count('routes received', table.size, async () => (await ofFamily('source'))?.received);
      await count('routes in the loc-rib', table.size, async () => (await agent.status()).routes[family]);
      await count('routes advertised', table.size, async () => (await ofFamily('bird'))?.advertised);
      await count('routes in BIRD', table.size, async () => (await router.protocol('tortie')).imported);
      t.ok((await ofFamily('source'))?.endOfRib, 'to the end');

      const seen = new Map(birdRoutes(await router.birdc('show route all')).map((route) => [route.prefix, route]));
      t.equal(seen.size, table.size, 'as many prefixes');
      const wrong: string[] = [];
      for (const [prefix, attributes] of table) {
        const route = seen.get(prefix);
        const want = lineBehind([OUR_ASN, SOURCE_ASN], attributes);
        const have = route && inOneLine(route.attributes);
        const [nextHop] = route?.attributes.next_hop?.split(' ') ?? [];
        if (have !== want) wrong.push(`${prefix}: ${have} instead of ${want}`);
        else if (nextHop !== tortie.address(family)) wrong.push(`${prefix}: next hop ${nextHop}`);
      }
      t.same(wrong.slice(0, 5), [], `each with its attributes; ${wrong.length} are wrong`);
      for (const { session } of await agent.peers()) t.equal(session?.flaps, 0, 'no session was lost');
    }),
  );
}
