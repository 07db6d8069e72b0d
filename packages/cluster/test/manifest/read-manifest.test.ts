import t from 'tap';
import { readManifest, writeManifest } from '../../src/manifest/index.js';

const faultsOf = (text: string): string[] =>
  readManifest(text, 'peers.yaml').faults.map(
    ({ file, line, pointer, detail }) => `${file}:${line}: ${pointer}: ${detail}`,
  );

const TWO = `# peers of the rack
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: tor-a
spec:
  peerIP: 192.0.2.1
  asNumber: 64512
---
---
{ "apiVersion": "tortie/v1", "kind": "IPPool", "metadata": { "name": "p" }, "spec": { "cidr": "10.0.0.0/16" } }
---
# nothing
`;

t.test('documents of YAML and JSON in one file, empty ones left out', async (t) => {
  const { items, faults } = readManifest(TWO, 'a.yaml');
  t.strictSame(faults, []);
  t.match(items, [
    { line: 2, resource: { kind: 'BGPPeer', metadata: { name: 'tor-a' } } },
    { line: 11, resource: { kind: 'IPPool', spec: { cidr: '10.0.0.0/16' } } },
  ]);
  t.strictSame(items[0]!.place('/spec/asNumber'), { line: 8, column: 13 });
});

t.test('lists are as many resources as they have items', async (t) => {
  const pool = (name: string, third: number) => ({ metadata: { name }, spec: { cidr: `10.${third}.0.0/16` } });
  const typed = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'IPPoolList',
    metadata: {},
    items: [pool('a', 1), pool('b', 2)],
  };
  const whole = {
    apiVersion: 'v1',
    kind: 'List',
    items: [{ ...pool('c', 3), apiVersion: 'tortie/v1', kind: 'IPPool' }, typed],
  };
  const { items, faults } = readManifest(JSON.stringify(whole, undefined, 1), 'all.json');
  t.strictSame(faults, []);
  t.strictSame(
    items.map(({ resource }) => resource.metadata.name),
    ['c', 'a', 'b'],
  );
  const broken = readManifest(
    'kind: List\nitems:\n  - kind: IPPool\n    apiVersion: tortie/v1\n    metadata: { name: a }\n    spec: { cidr: 10.0.0.0/33 }\n',
    'a',
  );
  t.match(broken.faults, [{ line: 6, pointer: '/spec/cidr', detail: /10\.0\.0\.0\/33/ }]);
});

t.test('every fault of every document has its line and its pointer', async (t) => {
  t.strictSame(
    faultsOf(`apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: tor-a
spec:
  peerIP: 192.0.2.1
  asNumber: ten
  nodeSelecter: all()
---
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: { name: f }
spec:
  importV4:
    - action: Accept
      cidr: 10.0.0.0/8
    - action: Drop
`),
    [
      'peers.yaml:7: /spec/asNumber: is "ten", expected a whole number 1 to 4294967295, or external or internal',
      'peers.yaml:8: /spec/nodeSelecter: unknown field "nodeSelecter", did you mean "nodeSelector"?',
      'peers.yaml:17: /spec/importV4/1/action: is "Drop", expected Accept or Reject',
    ],
  );
});

t.test('text that is no YAML, and what is there twice', async (t) => {
  t.strictSame(faultsOf('kind: [\n'), [
    'peers.yaml:2: : this is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ]);
  t.strictSame(faultsOf(TWO.replaceAll('---\n---', `---\n${TWO.split('---')[0]}---`)), [
    'peers.yaml:14: /metadata/name: BGPPeer "tor-a" is there already, in line 2',
  ]);
  t.match(
    faultsOf(
      'a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n',
    ),
    [/Excessive alias count/],
  );
});

t.test('what is written is read as the same', async (t) => {
  const resources = readManifest(TWO, 'a.yaml').items.map(({ resource }) => resource);
  const again = readManifest(writeManifest(resources), 'b.yaml');
  t.strictSame(again.faults, []);
  t.strictSame(
    again.items.map(({ resource }) => resource),
    resources,
  );
});
