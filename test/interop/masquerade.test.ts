/** What leaves the network under a node's address and what does not, by what the other end sees, beside the rules of others. */
import type { Pool, Status } from '@tortie/agent/api';
import { type Agent, enterNamespaces, type Host, type Lab, type Prober, startProber, withHosts } from '@tortie/lab';
import t from 'tap';
import { addressIn, CniNode, POOLS, pings } from './cni-rig.js';
import { eventually } from './eventually.js';
import { startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

const NAT_POOLS = POOLS.map((pool) => ({ ...pool, natOutgoing: true }));
const FAMILIES = ['ipv4', 'ipv6'] as const;
type Family = (typeof FAMILIES)[number];

const probeOf = async (host: Host): Promise<Prober> => {
  const prober = startProber(host, host.name, host.netns, [host.address('ipv4'), host.address('ipv6')]);
  await prober.ready;
  return prober;
};

interface TestPod {
  /** Of its network namespace. */
  readonly name: string;
  readonly prober: Prober;
  readonly addresses: Readonly<Record<Family, string>>;
}

async function plug(node: CniNode, name: string): Promise<TestPod> {
  const place = await node.pod();
  const result = await node.add(place);
  const addresses = { ipv4: addressIn(result, 4), ipv6: addressIn(result, 6) };
  const prober = startProber(node.host, name, place.name, Object.values(addresses));
  await prober.ready;
  return { name: place.name, prober, addresses };
}

/** The address the far end sees; undefined: no answer came. */
async function seen(from: Prober, to: string, timeoutMs = 2000): Promise<string | undefined> {
  const reply = await from.ask(to, timeoutMs);
  return reply.ok ? reply.seenAs : undefined;
}

/** A node with pods, a world that has no way back to them. */
const withWorld = (
  work: (rig: { lab: Lab; node: CniNode; world: Host; outside: Prober }) => Promise<void>,
  pools: readonly Record<string, unknown>[] = NAT_POOLS,
): Promise<void> =>
  withHosts(['node', 'world', 'other'], async (lab) => {
    const [host, world] = [lab.host('node'), lab.host('world')];
    const agent = await startAgent(host, { cni: {}, pools: pools as never, blocks: {} });
    await work({ lab, node: new CniNode(host, agent), world, outside: await probeOf(world) });
  });

const setNat = (agent: Agent, pool: string, natOutgoing: boolean) =>
  agent.client.call<Pool>('PATCH', `/v1/ipam/pools/${pool}`, { body: { natOutgoing } });

const nft = async (host: Host, ...words: string[]): Promise<string> => (await host.exec('nft', words)).stdout;
const others = async (host: Host): Promise<string> =>
  (await nft(host, '-s', 'list', 'ruleset')).replace(/^table inet tortie(-pods)? \{[\s\S]*?^\}\n/gm, '');

t.test('the world sees the node, pods and nodes see each other', { buffered: true }, (t) =>
  withWorld(async ({ node, world, outside }) => {
    const [one, two] = [await plug(node, 'one'), await plug(node, 'two')];
    const own = await probeOf(node.host);
    await eventually('the table', async () => (await nft(node.host, 'list', 'ruleset')).includes('inet tortie {'));
    for (const family of FAMILIES) {
      const self = node.host.address(family);
      t.equal(await seen(one.prober, world.address(family)), self, `${family}: the world sees the node`);
      t.equal(await seen(one.prober, two.addresses[family]), one.addresses[family], `${family}: pods see each other`);
      t.equal(await seen(one.prober, self), one.addresses[family], `${family}: the node sees the pod`);
      t.equal(await seen(own, one.addresses[family]), self, `${family}: the pod sees the node`);
      t.equal(await seen(own, world.address(family)), self, `${family}: the node itself is as ever`);
    }
    const status = await node.agent.status();
    t.match(
      status.conditions.find(({ name }) => name === 'masquerade'),
      { ok: true, detail: /pods4, pods6/ },
    );
    // One family by itself, by a change of the pool while the agent runs.
    const change = (natOutgoing: boolean) => setNat(node.agent, 'pods4', natOutgoing);
    await change(false);
    await eventually(
      'no more translation',
      // A connection that was there before stays as it was; each ping is a new one.
      async () => !(await pings(two.name, world.address('ipv4'))),
    );
    t.equal(await seen(two.prober, world.address('ipv6')), node.host.address('ipv6'), 'IPv6 goes on');
    await change(true);
    // Connections that were there go on as they were: the next one is translated.
    await eventually('translation again', () => pings(two.name, world.address('ipv4')));
    await change(false);
    await setNat(node.agent, 'pods6', false);
    await eventually('no table', async () => !(await nft(node.host, 'list', 'ruleset')).includes('inet tortie {'));
    t.equal(
      (await node.agent.status()).conditions.find(({ name }) => name === 'masquerade'),
      undefined,
    );
    await world.exec('ip', ['route', 'add', '10.244.0.0/16', 'via', node.host.address()]);
    t.equal(await seen(two.prober, world.address()), two.addresses.ipv4, 'then the world sees the pod itself');
    t.equal(await seen(outside, two.addresses.ipv4), world.address());
  }),
);

/** What Docker 20 and later, and kube-proxy, put in by iptables-nft. */
const FOREIGN = `
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-SERVICES -d 10.96.0.99/32 -p udp --dport 7 -j DNAT --to-destination WORLD:7
COMMIT
*filter
:FORWARD ACCEPT [0:0]
:DOCKER-USER - [0:0]
:DOCKER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
COMMIT
`;

t.test("beside Docker's and kube-proxy's rules, which stay as they are", { buffered: true }, (t) =>
  withWorld(async ({ node, world }) => {
    const { host } = node;
    const restore = { input: FOREIGN.replace('WORLD', world.address()) };
    await host.exec('iptables-nft-restore', ['--noflush'], restore);
    const before = await others(host);
    t.match(before, /KUBE-POSTROUTING/);
    const pod = await plug(node, 'pod');
    await eventually('translation', async () => (await seen(pod.prober, world.address(), 300)) === host.address());
    t.equal(await seen(pod.prober, '10.96.0.99'), host.address(), 'by a service too, whose address is no pool');
    await node.agent.restart('SIGKILL');
    await setNat(node.agent, 'pods4', false);
    await setNat(node.agent, 'pods6', false);
    await eventually(
      'no table',
      async () => !(await nft(host, 'list', 'tables')).split('\n').includes('table inet tortie'),
    );
    t.equal(await others(host), before, 'not a rule of others has changed');
  }),
);

t.test('a restart leaves the table as it is; one that was changed or flushed is made anew', { buffered: true }, (t) =>
  withWorld(async ({ node, world }) => {
    const { host, agent } = node;
    const pod = await plug(node, 'pod');
    const works = (): Promise<boolean> =>
      eventually('translation', async () => (await seen(pod.prober, world.address(), 300)) === host.address());
    await works();
    const handles = () => nft(host, '-a', '-s', 'list', 'table', 'inet', 'tortie');
    const before = await handles();
    await agent.restart('SIGKILL');
    t.equal(await seen(pod.prober, world.address()), host.address(), 'works at once');
    await eventually('the masquerade condition', async () =>
      (await agent.status()).conditions.some(({ name, ok }) => name === 'masquerade' && ok),
    );
    t.equal(await handles(), before, 'handles too are those of before');

    await nft(host, 'flush', 'ruleset');
    await eventually('a table again', async () => (await nft(host, 'list', 'ruleset')).includes('masquerade'));
    await works();
    await nft(host, 'flush', 'chain', 'inet', 'tortie', 'postrouting');
    await eventually('rules again', async () => (await nft(host, 'list', 'ruleset')).includes('masquerade'));
    await nft(host, 'add', 'element', 'inet', 'tortie', 'inside4', `{ ${world.address()} }`);
    await eventually('the element gone', async () => !(await handles()).includes(world.address()));
    await nft(host, 'insert', 'rule', 'inet', 'tortie', 'postrouting', 'drop');
    await eventually('the rule gone', async () => !(await handles()).includes('drop'));
    await works();
    const text = await handles();
    await agent.client.call('POST', '/v1/ipam/pools', { body: { name: 'more', cidr: '10.250.0.0/16' } });
    await eventually('the new pool', async () => (await handles()).includes('10.250.0.0/16'));
    const rules = (all: string): string[] => all.match(/# handle \d+/g) ?? [];
    t.same(rules(await handles()), rules(text), 'by an element alone: rules and sets have their handles still');
  }),
);

t.test('pods reach other nodes of the cluster untranslated, at all of their addresses', { buffered: true }, (t) =>
  withHosts(['node', 'other', 'world'], async (lab) => {
    const [host, other] = [lab.host('node'), lab.host('other')];
    await other.exec('ip', ['addr', 'add', '172.20.0.1/24', 'dev', 'eth0']);
    await host.exec('ip', ['route', 'add', '172.20.0.0/24', 'via', other.address()]);
    const store = { path: `${lab.directory}/store` };
    const config = { cni: {}, pools: NAT_POOLS, blocks: {}, store };
    const node = new CniNode(host, await startAgent(host, config));
    await startAgent(other, { ...config, node: 'other' });
    const pod = await plug(node, 'pod');
    for (const family of FAMILIES) {
      const range = family === 'ipv4' ? '10.244.0.0/16' : 'fd00:10:244::/112';
      await other.exec('ip', ['route', 'add', range, 'via', host.address(family)]);
    }
    const there = startProber(other, 'other', other.netns, [
      '172.20.0.1',
      ...FAMILIES.map((family) => other.address(family)),
    ]);
    await there.ready;
    for (const family of FAMILIES) {
      const asked = async () => (await seen(pod.prober, other.address(family), 300)) === pod.addresses[family];
      t.ok(await eventually(`${family} to the other node`, asked));
      t.equal(await seen(there, pod.addresses[family]), other.address(family));
    }
    t.equal(await seen(pod.prober, '172.20.0.1'), pod.addresses.ipv4, 'at an address beside the main one too');
  }),
);

t.test('without the right to change packets the status says so', { buffered: true }, (t) =>
  withHosts(['node', 'other'], async (lab) => {
    const host = lab.host('node');
    const agent = await startAgent(host, { pools: NAT_POOLS, blocks: {} });
    await eventually('the table', async () => (await nft(host, 'list', 'ruleset')).includes('masquerade'));
    await agent.stop();
    // The table's name is somebody else's, who holds it for himself alone (owner flag): the kernel refuses us with EPERM.
    await nft(host, 'delete', 'table', 'inet', 'tortie');
    const commands = host.path('commands');
    await host.exec('mkfifo', [commands]);
    const owner = host.spawn('sh', ['-c', `exec nft -i <>${commands}`], { name: 'owner' });
    await host.exec('sh', ['-c', `echo 'add table inet tortie { flags owner; }' >${commands}`]);
    await eventually('the foreign table', async () => (await nft(host, 'list', 'tables')).includes('tortie'));
    await agent.start();
    const condition = await eventually('the condition', async () => {
      const status: Status = await agent.status();
      return status.conditions.find(({ name, ok }) => name === 'masquerade' && !ok);
    });
    t.match(condition.detail, /pods4, pods6 do not reach the world.*(EPERM|not permitted|EBUSY)/);
    t.match((await agent.status()).warnings.join('\n'), /natOutgoing cannot be done/);
    await owner.stop();
    await eventually('ours, once it is free', async () => (await nft(host, 'list', 'ruleset')).includes('masquerade'));
  }),
);
