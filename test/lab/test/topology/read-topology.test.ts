import t from 'tap';
import { LabError, planLab } from '../../src/index.js';

/** Text of a topology, and the whole message it is refused with. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['no YAML', 'hosts: [', 'lab.yaml:1:9: '],
  ['a list', '- a', 'lab.yaml:1:1: a topology is a mapping with at least "hosts:"'],
  ['nothing', '', 'lab.yaml:1:1: a topology is a mapping with at least "hosts:"'],
  ['no hosts', 'name: x', 'lab.yaml:1:1: must have required properties hosts'],
  ['no host', 'hosts: {}', 'lab.yaml:1:1: hosts: a lab has at least one host'],
  [
    'an unknown key',
    'hosts:\n  a: { asn: 1 }\nsesions: []',
    'lab.yaml:3:1: sesions: unknown key; known here: name, description',
  ],
  [
    'an unknown key of a host',
    'hosts:\n  a:\n    asn: 1\n    color: red',
    'lab.yaml:4:5: hosts.a.color: unknown key; known here: run, asn',
  ],
  [
    'a wrong word',
    'hosts:\n  a: { run: brid, asn: 1 }',
    'lab.yaml:2:8: hosts.a.run: must be one of agent, bird, etcd, none, is "brid"',
  ],
  [
    'a resource that is none',
    'hosts: { a: { asn: 1 } }\nresources:\n  - apiVersion: projectcalico.org/v3\n    kind: IPPool\n    metadata: { name: p }\n    spec: { cidr: 10.9.0.1/16 }',
    'lab.yaml:6:13: resources.0.spec.cidr: ',
  ],
  ['AS 0', 'hosts:\n  a: { asn: 0 }', 'lab.yaml:2:8: hosts.a.asn: must be >= 1, is 0'],
  ['no AS', 'hosts:\n  a: { pods: 1 }', 'lab.yaml:2:3: hosts.a: "asn" is missing; a host that runs an agent needs one'],
  ['a bad name', 'hosts:\n  A_b: { asn: 1 }', 'lab.yaml:2:3: hosts.A_b: a host is named by 1 to 15'],
  [
    'a bad router ID',
    'hosts:\n  a: { asn: 1, routerId: x }',
    'lab.yaml:2:16: hosts.a.routerId: "x" is not written like an IPv4 address',
  ],
  [
    'a bad prefix',
    'hosts:\n  a: { asn: 1, originate: [10.0.0.0] }',
    'lab.yaml:2:28: hosts.a.originate.0: must be a prefix like',
  ],
  [
    'bits behind the prefix',
    'hosts:\n  a: { asn: 1, originate: [10.0.0.1/24] }',
    'lab.yaml:2:28: hosts.a.originate.0: "10.0.0.1/24" is no prefix',
  ],
  [
    'pods on BIRD',
    'hosts:\n  a: { run: bird, asn: 1, pods: 1 }',
    'lab.yaml:2:27: hosts.a.pods: only hosts with "run: agent" have pods',
  ],
  [
    'too small a network',
    'networks:\n  n: { ipv4: 10.0.0.0/31 }\nhosts: { a: { asn: 1 }, b: { asn: 1 } }',
    'lab.yaml:2:3: networks.n: 10.0.0.0/31 is too small for 2 hosts',
  ],
  [
    'a long network name',
    'networks:\n  networkname: {}\nhosts: { a: { asn: 1 } }',
    'lab.yaml:2:3: networks.networkname: a network is named by',
  ],
  [
    'a pattern of nobody',
    'hosts: { a: { asn: 1 } }\nsessions:\n  - mesh: b*',
    'lab.yaml:3:5: sessions.0.mesh: no host is named "b*"; hosts: a',
  ],
  [
    'two kinds of session',
    'hosts: { a: { asn: 1 }, b: { asn: 1 } }\nsessions:\n  - { mesh: a, between: [a, b] }',
    'lab.yaml:3:5: sessions.0: a session is one of',
  ],
  [
    'clients without reflector',
    'hosts: { a: { asn: 1 } }\nsessions:\n  - clients: a',
    'lab.yaml:3:5: sessions.0: a session is one of',
  ],
  [
    'reflection to another AS',
    'hosts: { a: { asn: 1 }, b: { asn: 2 } }\nsessions:\n  - { reflector: a, clients: b }',
    'lab.yaml:3:5: sessions.0: a (AS 1) cannot reflect to b (AS 2)',
  ],
  [
    'a session twice',
    'hosts: { a: { asn: 1 }, b: { asn: 2 } }\nsessions:\n  - between: [a, b]\n  - between: [b, a]',
    'lab.yaml:4:5: sessions.1: b and a already have a session above',
  ],
  [
    'no wire between',
    'links: [[a, b]]\nhosts: { a: { asn: 1 }, b: { asn: 1 }, c: { asn: 1, routerId: 1.1.1.1 } }\nsessions: [{ between: [a, c] }]',
    'lab.yaml:3:12: sessions.0: a and c share no IPv4 network or link',
  ],
  [
    'an agent in a container',
    'hosts:\n  a: { asn: 1, container: true }',
    'lab.yaml:2:16: hosts.a.container: only hosts with "run: bird" are put into a container',
  ],
  [
    'a link to itself',
    'links:\n  - [a, a]\nhosts: { a: { asn: 1, routerId: 1.1.1.1 } }',
    'lab.yaml:2:5: links.0: a link joins two hosts; both ends are a',
  ],
];

for (const [what, text, message] of REFUSED) {
  t.test(`refuses ${what}`, async (t) => {
    try {
      planLab(text, 'lab.yaml');
      t.fail('was taken');
    } catch (error) {
      t.type(error, LabError);
      t.equal((error as LabError).code, 'ERR_LAB_TOPOLOGY');
      t.ok((error as LabError).message.startsWith(message), (error as LabError).message);
    }
  });
}

t.test('all faults are told at once', async (t) => {
  const text = 'hosts:\n  a: { asn: 0, run: x }\n  b: { nothing: 1 }';
  for (const place of ['f:2:8: hosts.a.asn', 'f:2:16: hosts.a.run', 'f:3:8: hosts.b.nothing']) {
    t.throws(() => planLab(text, 'f'), { message: new RegExp(place) });
  }
});
