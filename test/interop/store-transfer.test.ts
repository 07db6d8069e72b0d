/** A host goes from the embedded store to etcd: its blocks, assignments and peers come along, and no route is lost meanwhile. */
import { writeFileSync } from 'node:fs';
import type { AssignmentResult, IpamCheck } from '@tortie/agent/api';
import { enterNamespaces, startBird, tortieCommand, withHosts } from '@tortie/lab';
import { EtcdCluster, etcdMissing } from '@tortie/store/testing/etcd';
import t from 'tap';
import { stringify } from 'yaml';
import { birdConfig, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();

const BIRD_ASN = 65002;

t.test('a host moves from the embedded store to etcd and keeps everything', { skip: etcdMissing }, (t) =>
  withHosts(['etcd', 'bird', 'n1'], async (lab) => {
    const [bird, n1, place] = [lab.host('bird'), lab.host('n1'), lab.host('etcd')];
    const etcd = await EtcdCluster.start({
      placeOf: () => ({ address: place.address(), enter: ['nsenter', `--net=/run/netns/${place.netns}`, '--'] }),
    });
    t.teardown(() => etcd.stop());
    const session = {
      name: 'n1',
      local: bird.address(),
      localAsn: BIRD_ASN,
      remote: n1.address(),
      remoteAsn: LOCAL_ASN,
    };
    const routes = staticRoutes('static4', 'ipv4', ['198.51.100.0/24']);
    await startBird(bird, birdConfig('10.0.0.2', [session], routes));
    const settings = {
      pools: [{ name: 'p4', cidr: '10.244.0.0/16', blockSize: 28 }],
      blocks: { ipv4: true, ipv6: false },
    };
    const before = await startAgent(n1, { ...settings, store: { path: n1.path('embedded') } });
    await before.client.call('POST', '/v1/peers', { body: peerAt(bird, BIRD_ASN) });
    const body = { handle: 'pod-1', ipv4: 3 };
    const had = (await before.client.call<AssignmentResult>('POST', '/v1/ipam/assignments', { body })).body;
    await established(before, 'bird');
    const installed = async (): Promise<boolean> =>
      (await n1.kernelRoutes('ipv4', 201)).some(({ dst }) => dst === '198.51.100.0/24');
    await eventually('a route of BIRD', installed);
    const { blocks } = await before.status();
    await before.stop('SIGTERM');
    t.ok(await installed(), 'the kernel forwards on');

    const file = n1.path('store.jsonl');
    const tortie = async (verb: 'export' | 'import', store: object): Promise<string> => {
      const config = n1.path(`${verb}.yaml`);
      writeFileSync(config, stringify({ node: 'n1', asn: LOCAL_ASN, store }));
      const [program, ...args] = [...tortieCommand(), 'store', verb, file, '-c', config];
      return (await n1.exec(program!, args)).stdout;
    };
    const remote = { path: n1.path('store'), etcd: { endpoints: [...etcd.endpoints] } };
    t.match(await tortie('export', { path: n1.path('embedded') }), /\d+ entries of .*embedded/);
    t.match(await tortie('import', remote), /^etcd at .* below \/tortie\/: \d+ entries of /);

    const after = await startAgent(n1, { ...settings, store: remote });
    t.ok(await installed(), 'all the time');
    await established(after, 'bird');
    t.same((await after.status()).blocks, blocks);
    const again = (await after.client.call<AssignmentResult>('POST', '/v1/ipam/assignments', { body })).body;
    t.same(
      again.assignments.map(({ address }) => address),
      had.assignments.map(({ address }) => address),
    );
    t.match(await after.client.get<IpamCheck>('/v1/ipam/check'), { ok: true });
    await eventually('the route confirmed', installed);
  }),
);
