import { readdirSync, readFileSync } from 'node:fs';
import { readConfig } from '@tortie/agent';
import t from 'tap';
import { stringify } from 'yaml';
import { agentConfig, planLab } from '../../src/index.js';

const paths = { socket: '/run/x.sock', store: '/var/x' };

t.test('peers, reflection, ECMP, and what the topology adds', async (t) => {
  const plan = planLab(
    `hosts:
  r: { asn: 1, multipath: 2, originate: [10.9.0.0/16], config: { importPolicy: all, bgp: { listen: [] } } }
  c: { asn: 1 }
sessions: [{ reflector: r, clients: c, password: secret, peer: { passive: true } }]`,
    'lab',
  );
  const config = agentConfig(plan, plan.hosts[0]!, paths);
  t.match(config, {
    node: 'r',
    asn: 1,
    routerId: '10.0.0.1',
    clusterId: '10.0.0.1',
    api: { socket: '/run/x.sock' },
    bgp: { listen: [], multipath: 2 },
    importPolicy: 'all',
    originate: [{ prefix: '10.9.0.0/16' }],
    peers: [
      {
        name: 'c-v4',
        remoteAddress: '10.0.0.2',
        remoteAsn: 1,
        families: ['ipv4-unicast'],
        routeReflectorClient: true,
        password: 'secret',
        passive: true,
      },
      { name: 'c-v6', remoteAddress: 'fd00::2', families: ['ipv6-unicast'] },
    ],
  });
  t.equal(agentConfig(plan, plan.hosts[1]!, paths).clusterId, undefined, 'a client is no reflector');
});

t.test('agents share the members of etcd, where there are any', async (t) => {
  const plan = planLab(
    'hosts: { e-1: { run: etcd }, e-2: { run: etcd }, a: { asn: 1 }, b: { asn: 1, store: own } }',
    'lab',
  );
  t.same(agentConfig(plan, plan.hosts[2]!, paths).store, {
    path: '/var/x',
    etcd: { endpoints: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379'] },
  });
  t.same(agentConfig(plan, plan.hosts[3]!, paths).store, { path: '/var/x' });
});

const labs = new URL('../../../../../examples/labs/', import.meta.url);
for (const file of readdirSync(labs)) {
  t.test(`the agent takes what is made for ${file}`, async (t) => {
    const plan = planLab(readFileSync(new URL(file, labs), 'utf8'), file);
    for (const host of plan.hosts.filter(({ run }) => run === 'agent')) {
      const text = stringify(agentConfig(plan, host, paths));
      t.doesNotThrow(() => readConfig({ text, file, hostName: 'x' }), host.name);
    }
  });
}
