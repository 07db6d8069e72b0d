/** Agents on several hosts whose store is a real etcd: they share pools, and they route on while it is away. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type {
  AgentConfigFile,
  Assignment,
  AssignmentPage,
  AssignmentResult,
  Doctor,
  Health,
  IpamCheck,
  Status,
} from '@tortie/agent/api';
import { type Agent, dropPackets, enterNamespaces, type Host, startBird, withHosts } from '@tortie/lab';
import { EtcdCluster, type EtcdClusterOptions, etcdMissing, makeCertificates } from '@tortie/store/testing/etcd';
import t from 'tap';
import { parse } from 'yaml';
import { birdConfig, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, events, LOCAL_ASN, lastEvent, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 4;

const EXAMPLE = new URL('../../../../examples/agents/etcd.yaml', import.meta.url);

const BIRD_ASN = 65002;
const STALE = '198.18.0.0/24';
const POOLS = [
  { name: 'p4', cidr: '10.244.0.0/16', blockSize: 28 },
  { name: 'p6', cidr: 'fd00:10:244::/112', blockSize: 124 },
];

/** What the API refuses with; undefined where it does not. */
const problemOf = (request: Promise<unknown>): Promise<unknown> =>
  request.then(
    () => undefined,
    (error) => error.problem,
  );

const assign = async (agent: Agent, body: Readonly<Record<string, unknown>>): Promise<AssignmentResult> =>
  (await agent.client.call<AssignmentResult>('POST', '/v1/ipam/assignments', { body })).body;

const readiness = async (agent: Agent): Promise<Health> =>
  agent.client.get<Health>('/v1/health/ready').catch((error) => error.problem);

/** What the agent says of its store. */
const storeCondition = async (agent: Agent): Promise<{ readonly ok: boolean; readonly detail: string }> =>
  (await agent.status()).conditions.find(({ name }) => name === 'store')!;

const etcdOn = (host: Host, options: EtcdClusterOptions = {}): Promise<EtcdCluster> =>
  EtcdCluster.start({
    ...options,
    placeOf: () => ({ address: host.address(), enter: ['nsenter', `--net=/run/netns/${host.netns}`, '--'] }),
  });

t.test(
  'agents of several hosts share pools, and never take the same block',
  { skip: etcdMissing, buffered: true },
  (t) =>
    withHosts(['etcd', 'n1', 'n2', 'n3'], async (lab) => {
      const etcd = await etcdOn(lab.host('etcd'));
      t.teardown(() => etcd.stop());
      const store = (host: Host) => ({ path: host.path('store'), etcd: { endpoints: [...etcd.endpoints] } });
      // All at once, so that they meet over the pools and the first blocks.
      const agents = await Promise.all(
        ['n1', 'n2', 'n3'].map((name) =>
          startAgent(lab.host(name), {
            store: store(lab.host(name)),
            pools: POOLS,
            blocks: { ipv4: true, ipv6: true },
          }),
        ),
      );
      const results = await Promise.all(
        agents.flatMap((agent) =>
          Array.from({ length: 40 }, (_, at) =>
            assign(agent, { handle: `${agent.host.name}-pod-${at}`, ipv4: 1, ipv6: 1 }),
          ),
        ),
      );
      const addresses = results.flatMap(({ assignments }) => assignments.map(({ address }) => address));
      t.equal(addresses.length, 240);
      t.equal(new Set(addresses).size, 240, 'no address twice');
      t.match(await agents[0]!.client.get<IpamCheck>('/v1/ipam/check'), { ok: true, findings: [], assignments: 240 });
      await eventually('the blocks of each node', async () => {
        const blocks = await Promise.all(agents.map(async (agent) => (await agent.status()).blocks));
        return blocks.every((one) => one.length === 6) && new Set(blocks.flat()).size === 18;
      });
      for (const agent of agents) t.match(await readiness(agent), { ok: true });
    }),
);

t.test(
  'routing goes on while etcd is away, also over a restart of the agent',
  { skip: etcdMissing, buffered: true },
  (t) =>
    withHosts(['etcd', 'bird', 'n1', 'n2'], async (lab) => {
      const [bird, n1] = [lab.host('bird'), lab.host('n1')];
      const etcd = await etcdOn(lab.host('etcd'));
      t.teardown(() => etcd.stop());
      const towards = (agent: Host, name: string) => ({
        name,
        local: bird.address(),
        localAsn: BIRD_ASN,
        remote: agent.address(),
        remoteAsn: LOCAL_ASN,
      });
      const statics = (...prefixes: readonly string[]) => staticRoutes('static4', 'ipv4', prefixes);
      const router = await startBird(
        bird,
        birdConfig(
          '10.0.0.2',
          [towards(n1, 'n1')],
          statics('198.51.100.0/24') + staticRoutes('late', 'ipv4', ['203.0.113.0/24']),
        ),
      );
      await router.birdc('disable late');
      const settings = (host: Host) => ({
        store: { path: host.path('store'), etcd: { endpoints: [...etcd.endpoints], timeoutS: 1 } },
        pools: POOLS,
        blocks: { ipv4: true, ipv6: false },
        bgp: { gracefulRestart: { deferralS: 1 } },
        cni: { socket: host.path('cni.sock') },
      });
      const agent = await startAgent(n1, settings(n1));
      const other = await startAgent(lab.host('n2'), settings(lab.host('n2')));
      // Of the API, so that it is known to the store alone.
      const peer = peerAt(bird, BIRD_ASN);
      await agent.client.call('POST', '/v1/peers', { body: peer });
      await established(agent, 'bird');
      const [block] = (await agent.status()).blocks as [string];
      const learned = async (): Promise<boolean> => (await router.birdc('show route')).includes(block);
      const installed = async (prefix: string): Promise<boolean> =>
        (await n1.kernelRoutes('ipv4', 201)).some(({ dst }) => dst === prefix);
      const cniStarts = (): number => agent.process.logTail(10_000).split('the CNI plugin is answered').length - 1;
      await eventually('the block at BIRD', learned);
      await eventually('a route of BIRD', () => installed('198.51.100.0/24'));

      await t.test('gone while it runs', async (t) => {
        const before = await lastEvent(agent);
        await etcd.kill(0);
        await eventually('the agent to notice', async () =>
          (await storeCondition(agent)).detail.includes('nothing can be changed'),
        );
        t.match(await readiness(agent), { ok: true }, 'it is ready: it routes');
        for (const [path, body] of [
          ['/v1/peers', { ...peer, name: 'another', remoteAddress: '10.0.0.77' }],
          ['/v1/ipam/assignments', { handle: 'pod', ipv4: 1 }],
        ] as const) {
          t.match(await problemOf(agent.client.call('POST', path, { body })), {
            status: 503,
            code: 'ERR_STORE_UNAVAILABLE',
            title: /read-only/,
            detail: /etcd does not answer \(http:.*: the connection is refused\)/,
          });
        }
        t.match(await agent.peers(), [{ spec: { name: 'bird' }, session: { state: 'established' } }]);
        await router.birdc('enable late');
        await eventually('a route that came meanwhile', () => installed('203.0.113.0/24'));
        t.ok(await learned(), 'the block is still announced');
        t.match(
          (await events(agent, before)).filter(({ text }) => /the store is away/.test(text)),
          { length: 1 },
          'said once',
        );
      });

      await t.test('still gone when the agent starts again', async (t) => {
        const metric = String((await agent.status()).fib.metric);
        await agent.stop('SIGKILL');
        // As if a peer had told it whose routes nobody tells now.
        await n1.exec('ip', ['route', 'add', STALE, 'via', bird.address(), 'proto', '201', 'metric', metric]);
        await agent.start();
        t.match(await storeCondition(agent), { ok: false, detail: /goes by its copy of .*nothing can be changed/ });
        t.match(await problemOf(agent.client.get('/v1/health/ready')), { status: 503 });
        t.match((await agent.status()).warnings.join(' '), /The store is away: etcd does not answer/);
        await established(agent, 'bird');
        await eventually('the block at BIRD, from the copy', learned);
        t.strictSame((await agent.status()).blocks, [block]);
        await eventually('what BIRD confirms', async () => (await agent.status()).fib.stale === 1);
        t.ok(await installed(STALE), 'what nobody confirms stays');
        t.equal(cniStarts(), 1, 'which pods there are only the store knows');
      });

      await t.test('back', async (t) => {
        etcd.spawn(0);
        await eventually('the agent to be ready', async () => (await readiness(agent)).ok);
        await eventually('the stale route to go', async () => !(await installed(STALE)));
        const told = (await events(agent)).map(({ text }) => text);
        const back = told.findIndex((text) => text.startsWith('the store is back after'));
        t.ok(back >= 0);
        t.ok(back < told.indexOf('removed 1 stale route'), 'no sooner than the store was read');
        await eventually('the CNI plugin to be answered', () => cniStarts() === 2);
        t.match(await assign(agent, { handle: 'pod', ipv4: 1 }), { assignments: [{ node: 'n1', block }] });
        t.equal((await agent.peer('bird')).session?.state, 'established');
      });

      await t.test(
        'a start without etcd and without a copy: routes stay until its peers have sent theirs',
        async (t) => {
          await agent.stop('SIGKILL');
          await etcd.kill(0);
          rmSync(n1.path('store/copy-n1.json'));
          await agent.start();
          t.match((await agent.status()).fib, { stale: 3 });
          t.strictSame(await agent.peers(), [], 'whom it peers with only the store knows');
          // Longer than the routes wait for End-of-RIB.
          await new Promise((resolve) => setTimeout(resolve, 1500));
          const monitor = n1.spawn('ip', ['-4', 'monitor', 'route'], { name: 'monitor' });
          etcd.spawn(0);
          await eventually('the sweep', async () =>
            (await events(agent)).some(({ kind, text }) => kind === 'fib' && /stale route/.test(text)),
          );
          await established(agent, 'bird');
          for (const prefix of ['198.51.100.0/24', '203.0.113.0/24']) {
            t.ok(await installed(prefix));
            t.notMatch(monitor.logTail(10_000), `Deleted ${prefix}`, 'without a gap');
          }
          await monitor.stop('SIGTERM');
        },
      );

      await t.test('cut off alone, it catches up with what the others did', async (t) => {
        const etcdAddress = lab.host('etcd').address();
        const heal = await dropPackets(n1, `ip saddr ${etcdAddress}`, `ip daddr ${etcdAddress}`);
        const address = block.replace(/\.\d+\/\d+$/, `.${Number(/(\d+)\/\d+$/.exec(block)![1]) + 9}`);
        t.match(await assign(other, { handle: 'guest', address }), { assignments: [{ address, borrowed: true }] });
        await etcd.etcdctl(['put', '/tortie/data/agent/originated/n1/192.0.2.0/24', '{"prefix":"192.0.2.0/24"}']);
        t.match(await problemOf(assign(agent, { handle: 'late', ipv4: 1 })), {
          status: 503,
          code: 'ERR_STORE_UNAVAILABLE',
          detail: /no answer in time/,
        });
        await heal();
        await eventually('what was configured meanwhile', async () =>
          (await router.birdc('show route')).includes('192.0.2.0/24'),
        );
        t.match(await agent.client.get<IpamCheck>('/v1/ipam/check'), { ok: true });
        t.match((await agent.status()) as Status, { blocks: [block] });
      });

      const findings = async (): Promise<Doctor['findings']> => (await agent.client.get<Doctor>('/v1/doctor')).findings;
      const holders = async (handle: string): Promise<readonly string[]> =>
        (await other.client.get<AssignmentPage>('/v1/ipam/assignments', { handle })).assignments.map(
          ({ address, node }) => `${address} ${node}`,
        );
      // The watches have seen it when the copy has: what is not there is lost.
      const copied = (text: string): Promise<boolean> =>
        eventually('the copy', () =>
          ['copy-n1.json', 'copy-n1.json.changes'].some((file) =>
            readFileSync(n1.path(`store/${file}`), 'utf8').includes(text),
          ),
        );
      const warning = /went back from revision \d+ to \d+: it was restored from an older copy/;

      await t.test('restored from an older copy, it records again what it holds, and tells the rest', async (t) => {
        const saved = await etcd.save();
        const { assignments } = await assign(agent, { handle: 'forgotten', ipv4: 1 });
        await agent.client.call('POST', '/v1/originated', { body: { prefix: '192.0.2.128/25' } });
        await agent.client.call('PUT', '/v1/services/web', { body: { addresses: ['203.0.113.7'] } });
        await copied('"forgotten"');
        await copied('192.0.2.128/25');
        await copied('203.0.113.7');
        await etcd.restore(saved);
        await eventually('the address to be known again', async () => (await holders('forgotten')).length === 1);
        t.strictSame(await holders('forgotten'), [`${assignments[0]!.address} n1`]);
        await eventually('the service', async () =>
          JSON.stringify(await agent.client.get('/v1/services')).includes('"web"'),
        );
        await eventually('the warning', async () => warning.test((await agent.status()).warnings.join(' ')));
        const told = (await events(agent)).filter(({ text }) => warning.test(text));
        t.equal(told.length, 1, 'said once');
        const of = (code: string, text: RegExp) => [{ code, text }];
        t.match(
          (await findings()).filter(({ code }) => code === 'store-restored'),
          of('store-restored', /1 address of this node was recorded again/),
        );
        t.match(
          (await findings()).filter(({ code }) => code === 'configuration-lost'),
          of('configuration-lost', /\/agent\/originated\/n1\/192\.0\.2\.128\/25/),
        );
        const kept = readFileSync(n1.path('store/copy-n1-before-restore.json'), 'utf8');
        t.match(kept, /192\.0\.2\.128\/25/, 'it is kept for the operator');
        t.match(await agent.client.get<IpamCheck>('/v1/ipam/check'), { ok: true, findings: [] });
        t.strictSame((await agent.status()).blocks, [block]);
        await agent.restart();
        t.notMatch((await agent.status()).warnings.join(' '), warning, 'the next run begins where the store is');
      });

      await t.test('restored while it did not run, and somebody was faster: that is told', async (t) => {
        const saved = await etcd.save();
        const { assignments } = await assign(agent, { handle: 'mine', ipv4: 2 });
        await copied('"mine"');
        await agent.stop();
        await etcd.restore(saved);
        const [taken, free] = assignments as [Assignment, Assignment];
        await eventually('another to take one', async () => assign(other, { handle: 'thief', address: taken.address }));
        await agent.start();
        t.strictSame(await holders('mine'), [`${free.address} n1`], 'before it is ready');
        const lost = (await findings()).filter(({ code }) => code === 'address-lost');
        t.match(lost, [{ severity: 'error', text: /of mine cannot be recorded again: .* is in use by thief on n2/ }]);
        await other.client.call('DELETE', '/v1/ipam/assignments/thief');
        await eventually('it to have both again', async () => (await holders('mine')).length === 2);
        t.strictSame(
          (await findings()).filter(({ code }) => code === 'address-lost'),
          [],
        );
        t.match(await agent.client.get<IpamCheck>('/v1/ipam/check'), { ok: true, findings: [] });
      });
    }),
);

t.test('a name belongs to one agent, whichever host it runs on', { skip: etcdMissing, buffered: true }, (t) =>
  withHosts(['etcd', 'n1', 'n2'], async (lab) => {
    const etcd = await etcdOn(lab.host('etcd'));
    t.teardown(() => etcd.stop());
    const [n1, n2] = [lab.host('n1'), lab.host('n2')];
    const config = (host: Host) => ({
      node: 'n1',
      store: { path: host.path('store'), etcd: { endpoints: [...etcd.endpoints], timeoutS: 1 } },
    });
    const taken = /another agent is running as node "n1" on host .* since .*; stop it, or give this one another name/;
    const first = await startAgent(n1, config(n1));
    await t.rejects(startAgent(n2, config(n2)), { message: taken });
    await first.restart('SIGKILL');
    t.match(await readiness(first), { ok: true }, 'one that was killed finds its own claim');
    await first.stop();
    const second = await startAgent(n2, config(n2));
    t.pass('one that ended gives the name back at once');

    // Cut off for longer than its claim lasts, the second loses the name to the first, and says so when it is back.
    const address = lab.host('etcd').address();
    const heal = await dropPackets(n2, `ip saddr ${address}`, `ip daddr ${address}`);
    await eventually('the end of the claim', async () => first.start().then(() => true));
    await heal();
    await eventually('the second to say so', async () => taken.test((await second.status()).warnings.join(' ')));
    t.match(await problemOf(second.client.get('/v1/health/ready')), { status: 503 });
    await first.stop();
    await eventually('the second to have the name again', async () => (await readiness(second)).ok);
  }),
);

t.test(
  'examples/agents/etcd.yaml, with the files and the etcd of this place',
  { skip: etcdMissing, buffered: true },
  (t) =>
    withHosts(['etcd', 'node-1'], async (lab) => {
      const [server, node] = [lab.host('etcd'), lab.host('node-1')];
      const tls = await makeCertificates(server.directory, { name: 'etcd', address: server.address() });
      const etcd = await etcdOn(server, { tls });
      t.teardown(() => etcd.stop());
      const config = parse(readFileSync(EXAMPLE, 'utf8')) as AgentConfigFile;
      const { prefix, username } = config.store!.etcd!;
      for (const words of [
        'user add root:boss',
        `user add ${username}:sesame`,
        `role add ${username}`,
        `role grant-permission ${username} readwrite --prefix=true ${prefix}`,
        `user grant-role ${username} ${username}`,
        'user grant-role root root',
        'auth enable',
      ]) {
        await etcd.etcdctl(words.split(' '));
      }
      const passwordFile = node.path('password');
      writeFileSync(passwordFile, 'sesame\n', { mode: 0o600 });
      const files = { caFile: tls.ca, certFile: tls.cert, keyFile: tls.key, passwordFile };
      const agent = await startAgent(node, {
        ...config,
        blocks: { ipv4: true, ipv6: true },
        store: { path: node.path('store'), etcd: { ...config.store!.etcd!, ...files, endpoints: [...etcd.endpoints] } },
      });
      t.match((await agent.status()).blocks, { length: 2 });
      t.match(await storeCondition(agent), { ok: true });
      t.match(await agent.client.get<IpamCheck>('/v1/ipam/check'), { ok: true, pools: 2, blocks: 2 });
      const said = `${agent.process.logTail(100_000)}${JSON.stringify(await events(agent))}`;
      t.notMatch(said, /sesame/, 'no secret is told');
    }),
);
