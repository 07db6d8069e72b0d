import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type LabPlan, planLab } from '../../src/index.js';

const plan = (text: string): LabPlan => planLab(text, 'some/where/lab.yaml');

t.test('addresses follow from the order of the file', async (t) => {
  const { hosts, name } = plan(
    'networks: { one: , two: { hosts: b } }\nhosts: { a: { asn: 1 }, b: { asn: 1, pods: 2 } }',
  );
  t.equal(name, 'lab', 'the name is that of the file');
  t.same(
    hosts.map((host) => host.interfaces),
    [
      [{ name: 'eth0', segment: 'one', addresses: { ipv4: '10.0.0.1/24', ipv6: 'fd00::1/64' } }],
      [
        { name: 'eth0', segment: 'one', addresses: { ipv4: '10.0.0.2/24', ipv6: 'fd00::2/64' } },
        { name: 'eth1', segment: 'two', addresses: { ipv4: '10.0.1.1/24', ipv6: 'fd00:0:0:1::1/64' } },
      ],
    ],
  );
  t.same(
    hosts.map(({ routerId, pods }) => ({ routerId, pods })),
    [
      { routerId: '10.0.0.1', pods: [] },
      { routerId: '10.0.0.2', pods: ['b-pod-1', 'b-pod-2'] },
    ],
  );
});

t.test('links have two addresses and no more', async (t) => {
  const { segments, hosts } = plan('links: [[s-*, t]]\nhosts: { s-1: { asn: 1 }, s-2: { asn: 1 }, t: { asn: 2 } }');
  t.same(
    segments.map(({ name, hosts, prefixes }) => [name, hosts, prefixes]),
    [
      ['link0', ['s-1', 't'], { ipv4: '10.1.0.0/31', ipv6: 'fd00:0:1::/127' }],
      ['link1', ['s-2', 't'], { ipv4: '10.1.0.2/31', ipv6: 'fd00:0:1::2/127' }],
    ],
  );
  t.same(
    hosts[2]!.interfaces.map(({ addresses }) => addresses.ipv4),
    ['10.1.0.1/31', '10.1.0.3/31'],
  );
});

t.test('one family alone', async (t) => {
  const { hosts, pools, sessions } = plan(
    'families: [ipv6]\nhosts: { a: { asn: 1, routerId: 1.1.1.1 }, b: { asn: 1, routerId: 1.1.1.2 } }\nsessions: [{ mesh: "*" }]',
  );
  t.same(hosts[0]!.interfaces[0]!.addresses, { ipv6: 'fd00::1/64' });
  t.same(
    pools.map(({ name }) => name),
    ['default-ipv6'],
  );
  t.same(
    sessions.map(({ over }) => over),
    ['ipv6'],
  );
});

t.test('sessions: types, names, clients, transports', async (t) => {
  const hosts = 'hosts: { t: { run: bird, asn: 1 }, a: { asn: 2 }, b: { asn: 2 }, c: { asn: 2 } }';
  const { sessions } = plan(
    `${hosts}\nsessions:\n  - { between: [t, [a, b]], password: x, holdTimeS: 9 }\n  - { reflector: a, clients: [b, c], transport: ipv4 }`,
  );
  t.same(
    sessions.map(({ type, over, families, password, holdTimeS, ends: [left, right] }) =>
      [
        type,
        over,
        families.join(),
        password,
        holdTimeS,
        left.host,
        left.peer,
        left.client,
        right.host,
        right.peer,
        right.client,
        right.remoteAddress,
      ].join(' '),
    ),
    [
      'ebgp ipv4 ipv4 x 9 t a-v4 false a t-v4 false 10.0.0.1',
      'ebgp ipv6 ipv6 x 9 t a-v6 false a t-v6 false fd00::1',
      'ebgp ipv4 ipv4 x 9 t b-v4 false b t-v4 false 10.0.0.1',
      'ebgp ipv6 ipv6 x 9 t b-v6 false b t-v6 false fd00::1',
      'ibgp ipv4 ipv4,ipv6   a b true b a false 10.0.0.2',
      'ibgp ipv4 ipv4,ipv6   a c true c a false 10.0.0.2',
    ],
  );
});

t.test('an unnumbered session has the interfaces of a link, and agents at both ends', async (t) => {
  const text =
    'hosts: { a: { asn: 1 }, b: { asn: 2 } }\nlinks: [[a, b]]\nsessions: [{ between: [a, b], transport: unnumbered }]';
  const [session, ...others] = plan(text).sessions;
  t.same(others, []);
  t.match(session, {
    families: ['ipv4', 'ipv6'],
    ends: [
      { peer: 'b', interface: 'eth0' },
      { peer: 'a', interface: 'eth0' },
    ],
  });
  t.throws(() => plan(text.replace('asn: 2', 'asn: 2, run: bird')), /needs an agent on b, and it runs bird/);
});

t.test('a mesh of n has n(n-1)/2 pairs, each once', async (t) => {
  const { sessions } = plan(
    'defaults: { asn: 1 }\nhosts: { a: , b: , c: , d: , e: }\nsessions: [{ mesh: "*", transport: ipv6 }]',
  );
  t.equal(sessions.length, 10);
  t.equal(new Set(sessions.map(({ ends }) => ends.map(({ host }) => host).join())).size, 10);
});

t.test('defaults hold for every host that does not say otherwise', async (t) => {
  const { hosts } = plan('defaults: { asn: 5, pods: [x] }\nhosts: { a: , b: { pods: 0 }, c: { asn: 6 } }');
  t.same(
    hosts.map(({ asn, pods }) => [asn, pods.join()]),
    [
      [5, 'a-x'],
      [5, ''],
      [6, 'c-x'],
    ],
  );
});

t.test('etcd and resources: members need no AS, and the pools of agents are those of resources', async (t) => {
  const { hosts, pools, resources } = plan(
    `hosts: { e: { run: etcd }, a: { asn: 1 } }
resources:
  - { apiVersion: projectcalico.org/v3, kind: IPPool, metadata: { name: p }, spec: { cidr: 10.9.0.0/16 } }`,
  );
  t.same(
    hosts.map(({ run }) => run),
    ['etcd', 'agent'],
  );
  t.same(pools, []);
  t.match(resources, [{ kind: 'IPPool', metadata: { name: 'p' }, spec: { cidr: '10.9.0.0/16' } }]);
});

const labs = new URL('../../../../../examples/labs/', import.meta.url);
for (const file of readdirSync(labs)) {
  t.test(`examples/labs/${file} is a lab, named like its file and described`, async (t) => {
    const lab = planLab(readFileSync(new URL(file, labs), 'utf8'), file);
    t.equal(`${lab.name}.yaml`, file);
    t.not(lab.description, '');
    t.ok(lab.sessions.length + lab.resources.length > 0);
  });
}
