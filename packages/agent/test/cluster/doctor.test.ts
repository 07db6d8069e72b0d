/** Each finding of a running node, provoked once, on nodes that are healthy before. */
import type { Finding } from '@tortie/cluster';
import t from 'tap';
import { examine } from '../../node/status/doctor.js';
import { ClusterRig, PORT } from './cluster-rig.js';

/** A passive peer is told of after a minute. */
const LATER_MS = 61_000;

const rig = new ClusterRig();
t.teardown(() => rig.close());

const findings = async (name = 'n1'): Promise<Finding[]> => {
  const { agent } = rig.agents.get(name)!;
  return examine(agent, performance.now() + LATER_MS);
};
const about = async (code: string, name?: string): Promise<Finding[]> =>
  (await findings(name)).filter((one) => one.code === code);

t.before(async () => {
  await rig.start(1, { importPolicy: 'pools' });
  await rig.start(2);
  await rig.start(3);
  // A ToR: no node of the cluster.
  await rig.start(9, {
    cluster: undefined as never,
    asn: 65009,
    store: { path: `${rig.folder('n1')}-tor` },
    peers: ['n1'].map((name) => ({
      name,
      remoteAddress: '127.0.0.1',
      localAddress: '127.0.0.9',
      remotePort: PORT,
      remoteAsn: 64512,
    })),
    originate: [{ prefix: '203.0.113.0/24' }, { prefix: '0.0.0.0/0' }],
  });
  await rig.until(
    'the mesh is up',
    () => rig.sessions('n1').filter((one) => / mesh established/.test(one)).length === 2,
  );
});

interface Row {
  readonly code: string;
  readonly severity: Finding['severity'];
  readonly text: RegExp;
  readonly provoke: () => Promise<unknown>;
  readonly cure: () => Promise<unknown>;
}

const resource =
  (kind: string, name: string, spec: object, labels?: Readonly<Record<string, string>>) => (): Promise<void> =>
    rig.put(kind, name, spec, labels);
const removed = (kind: string, name: string) => (): Promise<void> => rig.remove(kind, name);
const stored = (key: string, value: unknown) => ({
  provoke: (): Promise<unknown> => rig.store.create(key, value),
  cure: async (): Promise<unknown> => rig.store.delete(key, (await rig.store.get(key))!.revision),
});
const QUIET = { name: 'quiet', remoteAddress: '127.0.0.88', remoteAsn: 65000, passive: true };

const ROWS: readonly Row[] = [
  {
    code: 'node-conflict',
    severity: 'error',
    text: /router ID 10\.0\.0\.1 is also that of node "twin"/,
    ...stored('/agent/nodes/twin', { name: 'twin', asn: 64512, routerId: '10.0.0.1', version: '0', startedAt: '' }),
  },
  {
    code: 'asn-not-in-force',
    severity: 'error',
    text: /give this node AS 64999, but it runs in AS 64512/,
    provoke: resource('BGPConfiguration', 'node.n1', { asNumber: 64999 }),
    cure: removed('BGPConfiguration', 'node.n1'),
  },
  {
    code: 'port-not-in-force',
    severity: 'warning',
    text: /listen on port 1790, but it listens on \d+/,
    provoke: resource('BGPConfiguration', 'node.n1', { listenPort: 1790 }),
    cure: removed('BGPConfiguration', 'node.n1'),
  },
  {
    code: 'resource-unreadable',
    severity: 'error',
    text: /BGPPeer "future" was written by a newer Tortie/,
    ...stored('/cluster/bgppeers/future', { recordVersion: 99, metadata: {}, spec: {} }),
  },
  {
    code: 'filter-missing',
    severity: 'warning',
    text: /there is no BGPFilter nowhere/,
    provoke: resource('BGPPeer', 'two', { node: 'n1', peerSelector: 'all()', filters: ['nowhere'] }),
    cure: removed('BGPPeer', 'two'),
  },
  {
    code: 'selector-empty',
    severity: 'error',
    text: /nodeSelector of BGPPeer x selects no node: has\(gone\)/,
    provoke: resource('BGPPeer', 'x', { nodeSelector: 'has(gone)', peerIP: '192.0.2.1', asNumber: 65000 }),
    cure: removed('BGPPeer', 'x'),
  },
  {
    code: 'peer-sends-more',
    severity: 'info',
    text: /sends 1 prefix outside pools, service ranges and the default route \(203\.0\.113\.0\/24\)/,
    provoke: resource('BGPPeer', 'tor', { node: 'n1', peerIP: `127.0.0.9:${PORT}`, asNumber: 65009 }),
    cure: removed('BGPPeer', 'tor'),
  },
  {
    code: 'passive-idle',
    severity: 'warning',
    text: /peer quiet is passive here and has not dialled/,
    provoke: () => rig.call('n1', 'POST', '/v1/peers', QUIET),
    cure: () => rig.call('n1', 'DELETE', '/v1/peers/quiet'),
  },
  {
    code: 'session-down',
    severity: 'warning',
    text: /peer away has no session: TCP connection refused/,
    provoke: () => rig.call('n1', 'POST', '/v1/peers', { ...QUIET, name: 'away', passive: false }),
    cure: () => rig.call('n1', 'DELETE', '/v1/peers/away'),
  },
  {
    code: 'change-held',
    severity: 'warning',
    text: /2 sessions stay although a change would end them/,
    provoke: resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    cure: removed('BGPConfiguration', 'default'),
  },
];

t.test('a healthy node has none', async (t) => {
  const all = await findings();
  t.strictSame(
    all.filter(({ severity }) => severity !== 'info'),
    [],
  );
  t.match((await rig.call('n1', 'GET', '/v1/doctor')).body, { ok: true });
});

for (const { code, severity, text, provoke, cure } of ROWS) {
  t.test(code, async (t) => {
    t.strictSame(await about(code), []);
    await provoke();
    const [finding] = await rig.until(`${code} to be found`, async () => {
      const found = await about(code);
      return found.length > 0 && found;
    });
    t.match(finding, { severity, text, subject: /./, remedy: /./ });
    const { body } = await rig.call('n1', 'GET', '/v1/doctor');
    if (code !== 'passive-idle') t.match(body, { ok: severity === 'info' });
    await cure();
    await rig.until(`${code} to be gone`, async () => (await about(code)).length === 0);
  });
}

t.test('a node that takes no part says so, and that is no fault', async (t) => {
  t.match(await about('no-cluster', 'n9'), [{ severity: 'info' }]);
});
