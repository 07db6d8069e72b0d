/** Flows over several next hops: which of them each takes, while next hops and the agent come and go. */
import { enterNamespaces, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();

const BIRD_ASN = 65002;
const PREFIXES = { ipv4: '198.51.100.0/24', ipv6: '2001:db8:100::/48' } as const;
const TO = { ipv4: '198.51.100.1', ipv6: '2001:db8:100::1' } as const;
const FAMILIES = ['ipv4', 'ipv6'] as const;
const STATIC = `${staticRoutes('static4', 'ipv4', [PREFIXES.ipv4])}${staticRoutes('static6', 'ipv6', [PREFIXES.ipv6])}`;
const PORTS = Array.from({ length: 120 }, (_, at) => 20_000 + at);

/** As a kernel begins; the lab's hosts have it otherwise. */
const hashAddresses = async (host: Host): Promise<void> => {
  for (const version of ['ipv4', 'ipv6'])
    await host.exec('sysctl', ['-qw', `net.${version}.fib_multipath_hash_policy=0`]);
};

type Family = (typeof FAMILIES)[number];

const nextHops = async (host: Host, family: Family): Promise<string[]> => {
  const route = (await host.kernelRoutes(family)).find(({ dst }) => dst === PREFIXES[family]);
  return [route?.gateway, ...(route?.nexthops ?? []).map(({ gateway }) => gateway)]
    .filter((gateway) => gateway !== undefined)
    .sort();
};

/** The next hop of each flow; to the kernel each question is a packet of the flow. */
async function flows(host: Host, family: Family): Promise<readonly string[]> {
  const batch = PORTS.map((port) => `route get ${TO[family]} ipproto udp sport ${port} dport 53`).join('\n');
  const { stdout } = await host.exec('ip', [family === 'ipv4' ? '-4' : '-6', '-batch', '-'], { input: `${batch}\n` });
  return [...stdout.matchAll(/ via (\S+)/g)].map(([, gateway]) => gateway!);
}

t.test('a flow stays with its next hop while others go and come back, and over a restart of the agent', (t) =>
  withHosts(['a', 'b', 'c', 'tortie'], async (lab) => {
    const [a, b, c, tortie] = ['a', 'b', 'c', 'tortie'].map((name) => lab.host(name)) as [Host, Host, Host, Host];
    await hashAddresses(tortie);
    const start = (host: Host) =>
      startBird(
        host,
        birdConfig(
          host.address(),
          [
            {
              name: 'tortie',
              local: host.address(),
              localAsn: BIRD_ASN,
              remote: tortie.address(),
              remoteAsn: LOCAL_ASN,
              options: 'graceful restart off;',
            },
          ],
          STATIC,
        ),
      );
    const routers = await Promise.all([a, b, c].map(start));
    const agent = await startAgent(tortie, {
      bgp: { multipath: 4 },
      kernel: { ecmp: { hash: 'l4', resilient: { buckets: 64 } } },
      peers: [a, b, c].map((bird) => peerAt(bird, BIRD_ASN)),
    });
    await established(agent, 'a', 'b', 'c');
    const leadTo = async (...hosts: readonly Host[]): Promise<void> => {
      for (const family of FAMILIES) {
        const wanted = hosts.map((host) => host.address(family)).join();
        await eventually(
          `${family} over ${hosts.length}`,
          async () => (await nextHops(tortie, family)).join() === wanted,
        );
      }
    };
    const all = async () => ({ ipv4: await flows(tortie, 'ipv4'), ipv6: await flows(tortie, 'ipv6') });
    await leadTo(a, b, c);
    const before = await all();
    for (const family of FAMILIES) {
      t.equal(before[family].length, PORTS.length);
      t.equal(new Set(before[family]).size, 3, `flows of ${family} are dealt out by their ports`);
    }

    await routers[2]!.stop('SIGKILL');
    await leadTo(a, b);
    const without = await all();
    for (const family of FAMILIES) {
      const lost = c.address(family);
      t.same(
        without[family].filter((_, at) => before[family][at] !== lost),
        before[family].filter((gateway) => gateway !== lost),
        `${family}: those that did not go through it are where they were`,
      );
      t.notOk(without[family].includes(lost));
    }

    const monitor = tortie.spawn('ip', ['monitor', 'route'], { name: 'routes' });
    await eventually('ip monitor', async () => {
      await tortie.exec('ip', ['route', 'replace', 'blackhole', '192.0.2.255/32', 'proto', 'static']);
      return monitor.logTail().includes('192.0.2.255');
    });
    await agent.restart('SIGKILL');
    await established(agent, 'a', 'b');
    await eventually('nothing stale', async () => {
      const { stale, pending, failed, installed } = (await agent.status()).fib;
      return stale + pending + failed === 0 && installed >= 2;
    });
    t.same(await all(), without, 'a restart moves none');
    t.notMatch(monitor.logTail(10_000), 'Deleted', 'and takes none of the routes away');

    await start(c);
    await established(agent, 'c');
    await leadTo(a, b, c);
    t.same(await all(), without, 'what comes back takes none that goes on');
  }),
);

t.test('by default flows are hashed as the node has it, and groups are the usual ones', (t) =>
  withHosts(['a', 'b', 'tortie'], async (lab) => {
    const [a, b, tortie] = ['a', 'b', 'tortie'].map((name) => lab.host(name)) as [Host, Host, Host];
    await hashAddresses(tortie);
    for (const host of [a, b]) {
      const towards = {
        name: 'tortie',
        local: host.address(),
        localAsn: BIRD_ASN,
        remote: tortie.address(),
        remoteAsn: LOCAL_ASN,
      };
      await startBird(host, birdConfig(host.address(), [towards], STATIC));
    }
    const agent = await startAgent(tortie, {
      bgp: { multipath: 4 },
      peers: [a, b].map((bird) => peerAt(bird, BIRD_ASN)),
    });
    await established(agent, 'a', 'b');
    await eventually('two next hops', async () => (await nextHops(tortie, 'ipv4')).length === 2);
    t.equal(new Set(await flows(tortie, 'ipv4')).size, 1, 'one pair of addresses, one next hop');
    t.notMatch((await tortie.exec('ip', ['nexthop'])).stdout, 'resilient');
  }),
);
