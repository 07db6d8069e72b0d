/** What befalls a store on one host: its file is damaged, its disk is full, the clock of the host jumps. Real agents throughout. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assignment, AssignmentResult, Doctor, IpamCheck } from '@tortie/agent/api';
import { type Agent, enterNamespaces, runCommand, startBird, tortieCommand, withHosts, withLab } from '@tortie/lab';
import { EtcdCluster, etcdMissing } from '@tortie/store/testing/etcd';
import t from 'tap';
import { parse } from 'yaml';
import { birdConfig, staticRoutes } from './bird-text.js';
import { CniNode } from './cni-rig.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 4;

const POOLS = [{ name: 'p4', cidr: '10.244.0.0/16', blockSize: 28 }];
const BLOCKS = { ipv4: true, ipv6: false };

const assign = async (agent: Agent, handle: string): Promise<Assignment> => {
  const body = { handle, ipv4: 1 };
  return (await agent.client.call<AssignmentResult>('POST', '/v1/ipam/assignments', { body })).body.assignments[0]!;
};
const release = (agent: Agent, handle: string): Promise<unknown> =>
  agent.client.call('DELETE', `/v1/ipam/assignments/${handle}`);
const problemOf = (request: Promise<unknown>): Promise<unknown> =>
  request.then(
    () => undefined,
    (error) => error.problem,
  );
const check = (agent: Agent): Promise<IpamCheck> => agent.client.get<IpamCheck>('/v1/ipam/check');

t.test(
  'a full disk under the store is told, and pods are plugged in again when there is room',
  { buffered: true },
  (t) =>
    withHosts(['node'], async (lab) => {
      const host = lab.host('node');
      const place = host.path('disk');
      mkdirSync(place);
      const mount = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', place], {
        allowFailure: true,
      });
      if (mount.code !== 0) return void t.plan(0, 'no disk can be mounted here');
      try {
        const config = { cni: {}, pools: POOLS, blocks: {}, store: { path: join(place, 'store') } };
        const agent = await startAgent(host, config);
        const node = new CniNode(host, agent);
        const [one, two] = [await node.pod(), await node.pod()];
        const full = async () =>
          (await agent.client.get<Doctor>('/v1/doctor')).findings.filter(({ code }) => code === 'store-full');
        await node.add(one);
        t.same(await full(), []);
        const fill = (mib: number | undefined) =>
          host.exec('sh', ['-c', `head -c ${mib === undefined ? '64M' : `${mib}M`} /dev/zero > ${place}/fill || true`]);
        await fill(16);
        t.match(await full(), [{ severity: 'warning', text: /where the store is, has \d+ KiB left/ }]);
        await fill(undefined);
        t.match(await full(), [{ severity: 'error', text: /is full: pods and changes are refused/ }]);
        t.match((await agent.status()).warnings.join(), /where the store is, is full/);
        t.match(await agent.client.get<string>('/metrics'), /^tortie_store_free_octets \d{1,5}$/m);
        rmSync(`${place}/fill`);
        await node.add(two);
        t.same(await full(), []);
        await node.silent('STATUS', { containerId: '', version: '1.1.0' });
        await agent.stop();
      } finally {
        await runCommand('umount', ['-l', place]);
      }
    }),
);

t.test('a damaged file is refused with the way back, and that way leads back', { buffered: true }, (t) =>
  withHosts(['n1'], async (lab) => {
    const n1 = lab.host('n1');
    const path = n1.path('store');
    const agent = await startAgent(n1, { pools: POOLS, blocks: BLOCKS, store: { path } });
    await agent.client.call('POST', '/v1/originated', { body: { prefix: '198.51.100.0/24' } });
    const had = await assign(agent, 'pod-1');
    const { blocks } = await agent.status();
    const store = async (verb: 'export' | 'import'): Promise<string> => {
      const [program, ...args] = [
        ...tortieCommand(),
        'store',
        verb,
        n1.path('copy.jsonl'),
        '-c',
        n1.path('agent.yaml'),
      ];
      return (await n1.exec(program!, args)).stdout;
    };
    await store('export');
    await agent.stop();
    const file = join(path, 'data.mdb');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x55, 0, 4096));
    await t.rejects(agent.start(), { message: /exit code 1/ });
    const said = agent.process.logTail(2000);
    t.match(said, `${file} is damaged or no LMDB database`);
    t.match(said, /move .*\/store away .*"tortie store import"/);
    t.strictSame(
      (await n1.kernelRoutes('ipv4', 201)).map(({ dst }) => dst),
      blocks,
      'routes stay meanwhile',
    );

    renameSync(path, `${path}.damaged`);
    t.match(await store('import'), /entries of/);
    await agent.start();
    t.match(await check(agent), { ok: true, findings: [], assignments: 1 });
    t.strictSame((await agent.status()).blocks, blocks);
    t.equal((await assign(agent, 'pod-1')).address, had.address);
    t.match(JSON.stringify(await agent.client.get('/v1/originated')), '198.51.100.0/24');
  }),
);

t.test(
  'a store that begins anew under pods that run: they are named until they are made anew',
  { buffered: true },
  (t) =>
    withLab(
      { name: 'anew', families: ['ipv4'], hosts: { 'node-1': { asn: 64512, pods: 2, store: 'own' } } },
      async (lab) => {
        const agent = lab.agent('node-1');
        const pods = [lab.pod('node-1-pod-1'), lab.pod('node-1-pod-2')] as const;
        const unknown = async (): Promise<readonly string[]> =>
          (await agent.client.get<Doctor>('/v1/doctor')).findings
            .filter(({ code }) => code === 'pod-unknown')
            .map(({ subject }) => subject)
            .sort();
        await agent.restart();
        t.strictSame(await unknown(), [], 'not where the store knows them');
        await agent.stop();
        const { store } = parse(readFileSync(agent.configFile, 'utf8')) as { store: { path: string } };
        renameSync(store.path, `${store.path}.lost`);
        await agent.start();
        t.strictSame(await unknown(), ['lab/node-1-pod-1', 'lab/node-1-pod-2']);
        t.match(
          (await agent.status()).warnings.join(' '),
          /2 pods of this node run with addresses that the store does not/,
        );
        await agent.host.exec('ip', ['link', 'delete', pods[0].hostInterface]);
        await eventually('the one that is gone to be forgotten', async () => (await unknown()).length === 1);
      },
    ),
);

t.test('a full disk refuses changes and nothing else, until there is room', { buffered: true }, (t) =>
  withHosts(['n1'], async (lab) => {
    const n1 = lab.host('n1');
    const path = n1.path('store');
    const mounted = `mkdir -p ${path} && mount -t tmpfs -o size=4m tmpfs ${path} && exec "$@"`;
    const command = ['unshare', '-m', 'sh', '-c', mounted, 'sh', ...tortieCommand()];
    const agent = await startAgent(n1, { pools: POOLS, blocks: BLOCKS, store: { path } }, { command });
    const inside = (script: string) => n1.exec('nsenter', [`--mount=/proc/${agent.pid}/ns/mnt`, 'sh', '-c', script]);
    const held = [await assign(agent, 'first')];
    await inside(`dd if=/dev/zero of=${path}/filler bs=64k 2>/dev/null || true`);
    let refused: unknown;
    for (let at = 0; !refused && at < 2000; at++) {
      refused = await problemOf(assign(agent, `pod-${at}`).then((one) => held.push(one)));
    }
    t.match(refused, { status: 503, code: 'ERR_STORE_FULL', detail: /no space left/ });
    t.match(await problemOf(agent.client.call('POST', '/v1/originated', { body: { prefix: '192.0.2.0/24' } })), {
      status: 503,
    });
    t.match(await check(agent), { ok: true, findings: [], assignments: held.length }, 'it is read, and whole');
    t.ok((await agent.status()).blocks.length > 0);
    await inside(`rm ${path}/filler`);
    held.push(await assign(agent, 'there-is-room'));
    await release(agent, 'first');
    t.match(await check(agent), { ok: true, findings: [], assignments: held.length - 1 }, 'without a restart');
  }),
);

const faketime = readdirSync('/usr/lib', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    try {
      const folder = join('/usr/lib', name, 'faketime');
      return readdirSync(folder).includes('libfaketimeMT.so.1') ? [join(folder, 'libfaketimeMT.so.1')] : [];
    } catch {
      return [];
    }
  })[0];
const noClock = faketime === undefined && 'needs libfaketime (apt-get install faketime)';

t.test(
  'the clock of the host jumps: sessions, the claim of the name and assignments go on',
  { skip: etcdMissing || noClock, buffered: true },
  (t) =>
    withHosts(['etcd', 'bird', 'n1'], async (lab) => {
      const [place, bird, n1] = [lab.host('etcd'), lab.host('bird'), lab.host('n1')];
      const etcd = await EtcdCluster.start({
        placeOf: () => ({ address: place.address(), enter: ['nsenter', `--net=/run/netns/${place.netns}`, '--'] }),
      });
      t.teardown(() => etcd.stop());
      const session = {
        name: 'n1',
        local: bird.address(),
        localAsn: 65002,
        remote: n1.address(),
        remoteAsn: LOCAL_ASN,
      };
      const late = Array.from({ length: 3 }, (_, at) => staticRoutes(`late${at}`, 'ipv4', [`203.0.${113 + at}.0/24`]));
      const router = await startBird(bird, birdConfig('10.0.0.2', [session], late.join('')));
      const clock = n1.path('clock');
      const jump = (seconds: number): void => writeFileSync(clock, `${seconds < 0 ? '' : '+'}${seconds}\n`);
      jump(0);
      const env = {
        LD_PRELOAD: faketime!,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      };
      const store = { path: n1.path('store'), etcd: { endpoints: [...etcd.endpoints], timeoutS: 2 } };
      const peers = [peerAt(bird, 65002, { holdTimeS: 9 })];
      const agent = await startAgent(n1, { pools: POOLS, blocks: BLOCKS, store, peers }, { env });
      await established(agent, 'bird');
      const installed = async (prefix: string): Promise<boolean> =>
        (await n1.kernelRoutes('ipv4', 201)).some(({ dst }) => dst === prefix);
      await eventually('a route', () => installed('203.0.113.0/24'));
      const held: Assignment[] = [await assign(agent, 'before')];
      for (const [at, seconds] of [7200, -7200, 0].entries()) {
        jump(seconds);
        const behindS = async (): Promise<number> => {
          const { events } = await agent.client.get<{ events: { time: string }[] }>('/v1/events', { limit: 1000 });
          return Date.parse(events.at(-1)!.time) / 1000 - Date.now() / 1000;
        };
        await router.birdc(`disable late${at}`);
        await eventually('what BIRD takes back', async () => !(await installed(`203.0.${113 + at}.0/24`)));
        await release(agent, held.at(-1)!.handle);
        held.push(await assign(agent, `pod-${at}`));
        await agent.client.call('POST', '/v1/originated', { body: { prefix: `192.0.2.${at}/32` } });
        await eventually('the event of it', async () => Math.abs((await behindS()) - seconds) < 600);
        t.ok(Math.abs((await behindS()) - seconds) < 600, `the agent's clock is off by ${seconds} s`);
        const { uptimeS, warnings } = await agent.status();
        t.ok(uptimeS > 0 && uptimeS < 600, `it runs for ${uptimeS} s`);
        t.match(warnings, [], 'nothing to warn of');
      }
      const sequences = held.map(({ sequence = 0 }) => sequence);
      t.strictSame(
        sequences,
        [...sequences].sort((x, y) => x - y),
        'sequence numbers rise',
      );
      t.equal(new Set(held.map(({ address }) => address)).size, held.length, 'released addresses rest');
      t.match((await agent.peer('bird')).session, { state: 'established', flaps: 0 });
      t.match(await check(agent), { ok: true, findings: [] });
    }),
);
