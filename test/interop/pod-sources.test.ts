/** Pods send from their own addresses only, whatever the host's rp_filter says; a node goes on forwarding, and keeps its way out. */

import { enterNamespaces, type Host, runCommand, withHosts } from '@tortie/lab';
import { openRouterDiscovery } from '@tortie/linux/node';
import t from 'tap';
import { addressIn, CniNode, POOLS, pings, withCniNode } from './cni-rig.js';
import { eventually } from './eventually.js';
import { events, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

/** Of the network that nodes stand in. */
const STRANGERS = { 4: '10.0.0.77', 6: 'fd00::77' } as const;
const SPOOFED = 3;

const nft = async (netns: string, ...words: string[]): Promise<string> =>
  (await runCommand('ip', ['netns', 'exec', netns, 'nft', ...words])).stdout;
const sysctl = (host: Host, key: string, value?: number) =>
  host.exec('sh', ['-c', value === undefined ? `cat /proc/sys/${key}` : `echo ${value} > /proc/sys/${key}`]);

/** Packets of strangers that have come to the pod so far. */
async function arrived(netns: string): Promise<number> {
  const counts = [...(await nft(netns, 'list', 'table', 'inet', 'look')).matchAll(/packets (\d+)/g)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

t.test('a pod that sends from an address that is not its own is not heard', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    // As on Ubuntu, where the least strict setting holds.
    await sysctl(node.host, 'net/ipv4/conf/all/rp_filter', 2);
    const [liar, victim] = await node.pods(2);
    const [, there] = [await node.add(liar!), await node.add(victim!)];
    for (const version of [4, 6] as const) {
      const own = [STRANGERS[version] + (version === 4 ? '/32' : '/128'), 'dev', 'eth0'];
      await runCommand('ip', ['-n', liar!.name, 'address', 'add', ...own, ...(version === 6 ? ['nodad'] : [])]);
    }
    await nft(victim!.name, 'add', 'table', 'inet', 'look');
    await nft(victim!.name, 'add', 'chain', 'inet', 'look', 'in', '{ type filter hook prerouting priority -400; }');
    await nft(victim!.name, 'add', 'rule', 'inet', 'look', 'in', 'ip', 'saddr', STRANGERS[4], 'counter');
    await nft(victim!.name, 'add', 'rule', 'inet', 'look', 'in', 'ip6', 'saddr', STRANGERS[6], 'counter');
    const lie = async (): Promise<void> => {
      for (const version of [4, 6] as const) {
        const words = [
          '-c',
          String(SPOOFED),
          '-i',
          '0.05',
          '-W',
          '1',
          '-I',
          STRANGERS[version],
          addressIn(there, version),
        ];
        await runCommand('ip', ['netns', 'exec', liar!.name, 'ping', ...words], { allowFailure: true });
      }
    };
    const table = () => nft(node.host.netns, 'list', 'ruleset');
    await eventually('the table', async () => (await table()).includes('table inet tortie-pods'));
    await lie();
    t.equal(await arrived(victim!.name), 0, 'nothing arrives');
    const dropped = Number(
      /counter packets (\d+)/.exec(await nft(node.host.netns, 'list', 'table', 'inet', 'tortie-pods'))![1],
    );
    t.equal(dropped, SPOOFED, 'those of IPv6 by us, and counted');
    for (const version of [4, 6] as const) {
      t.ok(await pings(liar!.name, addressIn(there, version)), `IPv${version}: from its own address it is heard`);
      t.ok(await pings(node.host.netns, addressIn(there, version)), 'and so is the node');
    }

    process.kill(node.agent.pid, 'SIGSTOP');
    await nft(node.host.netns, 'delete', 'table', 'inet', 'tortie-pods');
    await lie();
    t.equal(await arrived(victim!.name), SPOOFED, 'without the table what is sent over IPv6 arrives');
    process.kill(node.agent.pid, 'SIGCONT');
    await eventually('the table, made anew', async () => (await table()).includes('fib saddr'));
    await node.agent.stop();
    await startAgent(node.host, { pools: POOLS, blocks: {} });
    await eventually('no table of a node without pods', async () => !(await table()).includes('tortie-pods'));
  }),
);

t.test('forwarding that somebody switches off is switched on again at once', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    for (const key of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) {
      await sysctl(node.host, key, 0);
      await eventually(`${key} again`, async () => (await sysctl(node.host, key)).stdout.trim() === '1');
      t.ok(
        (await events(node.agent)).some(({ text }) => text === `set ${key} to 1`),
        'and told',
      );
    }
  }),
);

t.test('a node that begins to forward keeps the default route a router advertises', { buffered: true }, (t) =>
  withHosts(['node', 'router'], async (lab) => {
    const [host, router] = [lab.host('node'), lab.host('router')];
    await sysctl(host, 'net/ipv6/conf/all/forwarding', 0);
    await sysctl(host, 'net/ipv6/conf/eth0/accept_ra', 1);
    const ifindex = Number((await router.exec('ip', ['-o', 'link', 'show', 'eth0'])).stdout.split(':')[0]);
    const discovery = openRouterDiscovery({
      device: 'eth0',
      ifindex,
      netns: `/run/netns/${router.netns}`,
      onMessage() {},
    });
    t.teardown(() => discovery.close());
    const advertise = () =>
      discovery.advertise({
        type: 'router-advertisement',
        ...{
          hopLimit: 64,
          managed: false,
          otherConfiguration: false,
          routerLifetimeS: 1800,
          reachableTimeMs: 0,
          retransmitMs: 0,
        },
      });
    const advertised = async () =>
      (await host.exec('ip', ['-6', 'route', 'show', 'default', 'proto', 'ra'])).stdout.trim();
    await eventually('a default route', async () => {
      advertise();
      return (await advertised()) !== '';
    });
    const before = await advertised();
    const agent = await startAgent(host, { cni: {}, pools: POOLS, blocks: {} });
    await new CniNode(host, agent).silent('STATUS', { containerId: '', version: '1.1.0' });
    t.equal((await sysctl(host, 'net/ipv6/conf/all/forwarding')).stdout.trim(), '1', 'it forwards');
    t.match(await advertised(), before.split(' expires')[0]!, 'and has the route still');
    t.equal((await sysctl(host, 'net/ipv6/conf/eth0/accept_ra')).stdout.trim(), '2');
    t.ok(
      (await events(agent)).some(({ text }) => text === 'set net/ipv6/conf/eth0/accept_ra to 2'),
      'which is told',
    );
  }),
);
