/** Routes in other tables than main: one with a rule of ours, pods included, and that of a VRF, where the kernel has VRFs. */
import { enterNamespaces, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig, staticRoutes } from './bird-text.js';
import { addressIn, CniNode, POOLS, pings } from './cni-rig.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';
import { enslave, vrfsMissing } from './vrf.js';

await enterNamespaces();

const BIRD_ASN = 65002;
const PREFIXES = { 4: '198.51.100.0/24', 6: '2001:db8:100::/48' } as const;
const INSIDE = { 4: '198.51.100.7', 6: '2001:db8:100::7' } as const;
const VERSIONS = [4, 6] as const;
const STATIC = `${staticRoutes('static4', 'ipv4', [PREFIXES[4]])}${staticRoutes('static6', 'ipv6', [PREFIXES[6]])}`;

const startRouter = (bird: Host, tortie: Host) => {
  const peer = {
    name: 'tortie',
    local: bird.address(),
    localAsn: BIRD_ASN,
    remote: tortie.address(),
    remoteAsn: LOCAL_ASN,
  };
  return startBird(bird, birdConfig('10.0.0.1', [peer], STATIC));
};

const ip = async (host: Host, ...words: string[]): Promise<string> =>
  (await host.exec('ip', words, { allowFailure: true })).stdout;

const lacking = await vrfsMissing();

t.test('a table of our own, with a rule of ours', (t) =>
  withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    await startRouter(bird, tortie);
    const config = { cni: {}, pools: POOLS, blocks: {}, peers: [peerAt(bird, BIRD_ASN)] };
    const kernel = { table: 100, rule: 1000 };
    const agent = await startAgent(tortie, { ...config, kernel });
    const node = new CniNode(tortie, agent);
    const [one, other] = await node.pods(2);
    const results = [await node.add(one!), await node.add(other!)];
    for (const version of VERSIONS) {
      const [flag, prefix] = [`-${version}`, PREFIXES[version]];
      await eventually(`${prefix} in table 100`, async () =>
        (await ip(tortie, flag, 'route', 'show', 'table', '100')).includes(`${prefix} `),
      );
      t.notMatch(await ip(tortie, flag, 'route', 'show', 'table', 'main'), /proto 201/, 'none of ours in main');
      t.match(await ip(tortie, flag, 'route', 'get', INSIDE[version]), bird.address(`ipv${version}`));
      t.match(await ip(tortie, flag, 'rule'), /^1000:\tfrom all lookup 100 proto 201$/m);
      const target = addressIn(results[1]!, version);
      t.match(await ip(tortie, flag, 'route', 'show', 'table', '100'), /^blackhole /m, 'the own block is there, too');
      t.ok(await pings(one!.name, target), `IPv${version}: pods reach each other`);
      t.ok(await pings(tortie.netns, target), `IPv${version}: the node reaches its pods`);
    }
    await ip(tortie, 'rule', 'del', 'pref', '1000');
    await eventually('the rule again', async () => (await ip(tortie, '-4', 'rule')).includes('1000:'));
    await agent.stop();
    t.match(await ip(tortie, '-6', 'rule'), /^1000:/m, 'it outlives the agent');

    const next = await startAgent(tortie, { ...config, kernel: { table: 100, rule: 900 } });
    t.match(await ip(tortie, '-4', 'rule'), /^900:\tfrom all lookup 100/m);
    await eventually('the former rule to go', async () => !(await ip(tortie, '-4', 'rule')).includes('1000:'));
    await next.stop();
    await startAgent(tortie, config);
    await eventually('both to go', async () => !/lookup 100/.test(await ip(tortie, '-6', 'rule')));
    await eventually('the route in main', async () =>
      (await ip(tortie, 'route', 'show', 'table', 'main')).includes(PREFIXES[4]),
    );
  }),
);

t.test('a VRF: sessions, next hops and routes in it', { skip: lacking }, (t) =>
  withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    await startRouter(bird, tortie);
    await enslave(tortie, 'blue');
    const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)], kernel: { vrf: 'blue' } });
    await established(agent);
    for (const version of VERSIONS) {
      const [flag, prefix] = [`-${version}`, PREFIXES[version]];
      await eventually(`${prefix} in the table of the VRF`, async () =>
        (await ip(tortie, flag, 'route', 'show', 'vrf', 'blue')).includes(`${prefix} `),
      );
      t.notMatch(await ip(tortie, flag, 'route', 'show', 'table', 'main'), /proto 201/);
      t.match(await ip(tortie, flag, 'route', 'get', INSIDE[version], 'vrf', 'blue'), bird.address(`ipv${version}`));
    }
    t.match(await agent.status(), { fib: { programming: true, table: 77 } });
    // The session is inside: a listener outside of the VRF would not have heard of it.
    const sockets = (await tortie.exec('ss', ['-tnH', 'state', 'established'])).stdout;
    t.match(sockets, /%blue:/);
    await agent.stop();
    await ip(tortie, 'link', 'del', 'blue');
    await t.rejects(startAgent(tortie, { kernel: { vrf: 'blue' } }), {
      message: /kernel.vrf: there is no interface blue; "ip link add blue type vrf table N" makes it/,
    });
  }),
);
