import t from 'tap';
import { readResource } from '../../src/index.js';
import { formatFault } from '../../src/schema/index.js';

const resource = (kind: string, spec: unknown, metadata: unknown = { name: 'a' }) => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata,
  spec,
});

/** What is wrong, as `pointer: text`. */
const faultsOf = (document: unknown): string[] =>
  readResource(document).faults.map((fault) => `${fault.pointer}: ${formatFault(fault)}`);

const warningsOf = (document: unknown): string[] => {
  const { faults, warnings } = readResource(document);
  t.strictSame(faults, []);
  return warnings.map(({ pointer, message }) => `${pointer}: ${message}`);
};

t.test('a resource is read with its defaults left out and its numbers as numbers', async (t) => {
  const peer = resource('BGPPeer', { peerIP: '192.0.2.1:1790', asNumber: '1.10', nodeSelector: "rack == 'r1'" });
  t.strictSame(readResource(peer).resource, { ...peer, spec: { ...(peer.spec as object), asNumber: 65546 } });
  const filter = resource('BGPFilter', {
    exportV4: [{ action: 'Accept', operations: [{ prependASPath: { prefix: ['64512', 64513] } }] }],
  });
  t.match(readResource(filter).resource?.spec, {
    exportV4: [{ operations: [{ prependASPath: { prefix: [64512, 64513] } }] }],
  });
});

t.test('what exports of a Kubernetes API have besides is no fault, and is not kept', async (t) => {
  const document = {
    ...resource(
      'BGPPeer',
      { peerIP: '192.0.2.1', asNumber: 64512, node: '', nodeSelector: null, password: null, filters: [] },
      {
        name: 'tor',
        labels: { rack: '' },
        uid: '0b5a',
        resourceVersion: '1234',
        creationTimestamp: '2024-01-01T00:00:00Z',
        generation: 2,
        managedFields: [{ manager: 'kubectl' }],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'ours' },
      },
    ),
    status: { conditions: [] },
  };
  t.strictSame(readResource(document).resource, {
    ...resource('BGPPeer', { peerIP: '192.0.2.1', asNumber: 64512, filters: [] }),
    metadata: { name: 'tor', labels: { rack: '' }, annotations: { note: 'ours' } },
  });
});

t.test('other spellings of the version and of kinds are read as the same', async (t) => {
  for (const apiVersion of ['tortie/v1', 'crd.projectcalico.org/v1']) {
    const document = { ...resource('IPAMConfig', { strictAffinity: true }, { name: 'default' }), apiVersion };
    t.strictSame(
      readResource(document).resource,
      resource('IPAMConfiguration', { strictAffinity: true }, { name: 'default' }),
    );
  }
});

const FAULTS: readonly (readonly [unknown, ...string[]])[] = [
  ['text', ': is no resource, expected apiVersion, kind, metadata and spec'],
  [
    {},
    ': "apiVersion" is missing, expected apiVersion: projectcalico.org/v3',
    ': "kind" is missing, expected IPAMConfiguration, IPReservation, IPPool, Node, BGPFilter, BGPConfiguration or BGPPeer',
  ],
  [
    { ...resource('BGPPeer', {}), apiVersion: 'v1' },
    '/apiVersion: is "v1", which is not known here, expected projectcalico.org/v3, tortie/v1 or crd.projectcalico.org/v1',
  ],
  [
    resource('BgpPer', {}),
    '/kind: is "BgpPer", which is no kind, expected IPAMConfiguration, IPReservation, IPPool, Node, BGPFilter, BGPConfiguration or BGPPeer (did you mean "BGPPeer"?)',
  ],
  [
    resource('GlobalNetworkPolicy', {}),
    "/kind: GlobalNetworkPolicy is a kind of Calico's that is not taken: there are no policies yet",
  ],
  [
    resource('IPAMBlock', {}),
    '/kind: IPAMBlock is made by nodes themselves and read only: tortie get ipamblocks, expected IPAMConfiguration, IPReservation, IPPool, Node, BGPFilter, BGPConfiguration or BGPPeer',
  ],
  [
    { ...resource('BGPPeer', { peerIP: '192.0.2.1', asNumber: 1 }), data: {} },
    '/data: unknown field "data", expected apiVersion, kind, metadata and spec',
  ],
  [
    resource('BGPPeer', { perIP: '192.0.2.1', asNumber: 1, peerIP: '192.0.2.300' }, { name: 'TOR', lables: {} }),
    '/metadata/lables: unknown field "lables", did you mean "labels"?',
    '/metadata/name: "TOR" is no name; write lower case letters, digits, dashes and dots, with a letter or digit at both ends',
    '/spec/perIP: unknown field "perIP", expected node, nodeSelector, peerIP, asNumber, peerSelector, localWorkloadSelector, interface, range, reversePeering, localASNumber, password, sourceAddress, nextHopMode, keepOriginalNextHop, ttlSecurity, numAllowedLocalASNumbers, maxRestartTime, keepaliveTime, holdTime, connectRetryTime, reachableBy, filters, importPolicy, bfd',
    '/spec/peerIP: "192.0.2.300" is no address of a peer; write 192.0.2.1, 192.0.2.1:1790, 2001:db8::1 or [2001:db8::1]:1790',
  ],
  [resource('BGPPeer', {}, {}), '/metadata: "name" is missing: name of the resource'],
  [{ ...resource('BGPPeer', {}), metadata: undefined }, ': "metadata" is missing, expected metadata: { name: … }'],
  [
    resource('BGPPeer', { peerIP: '192.0.2.1', asNumber: 0, holdTime: '90', nodeSelector: 'rack = 1' }),
    '/spec/asNumber: is 0, expected a whole number 1 to 4294967295, or external or internal',
    '/spec/holdTime: "90" is no duration; write a number with its unit, like 90s, 2m or 1m30s',
    '/spec/nodeSelector: selector "rack = 1", column 5: "= 1" is not understood',
  ],
];

for (const [document, ...expected] of FAULTS) {
  t.test(`faults of ${JSON.stringify(document)}`, async (t) => {
    const found = faultsOf(document);
    t.strictSame(found.toSorted(), expected.toSorted());
  });
}

t.test('a field without the effect it has in Calico is taken with a warning', async (t) => {
  t.strictSame(warningsOf(resource('IPPool', { cidr: '10.0.0.0/16', ipipMode: 'Always' })), []);
  t.strictSame(warningsOf(resource('BGPConfiguration', { bindMode: 'NodeIP' }, { name: 'default' })), [
    '/spec/bindMode: has no effect: bgp.listen of the agent says where it listens',
  ]);
});

t.test('a field that is refused says why', async (t) => {
  t.strictSame(faultsOf(resource('BGPPeer', { localWorkloadSelector: "app == 'x'", asNumber: 64512 })), [
    '/spec/localWorkloadSelector: is not accepted: nodes do not peer with their workloads',
  ]);
  t.strictSame(faultsOf(resource('IPPool', { cidr: '10.0.0.0/16', ipip: { enabled: true } })), [
    '/spec/ipip: is not accepted: this is of an older API, and Calico refuses it as well',
  ]);
});

t.test('what is too much is refused before anything walks it', async (t) => {
  let nested: unknown = {};
  for (let level = 0; level < 100_000; level++) nested = [nested];
  t.strictSame(faultsOf(resource('BGPPeer', { peerIP: nested })), [
    '/spec: is nested deeper than 32 levels, which nothing here is',
  ]);
  const annotations = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`a${index}`, 'x'.repeat(50_000)]));
  t.match(faultsOf(resource('BGPPeer', { peerIP: '192.0.2.1', asNumber: 1 }, { name: 'a', annotations })), [
    /^\/metadata\/annotations: have 3000\d\d characters, expected at most 262144 characters in all$/,
  ]);
});

t.test('what is written for other programs is known as such', async (t) => {
  const foreign = (document: object): boolean => readResource(document).foreign ?? false;
  t.ok(foreign(resource('FelixConfiguration', {})));
  t.ok(foreign({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: {} }));
  t.ok(foreign(resource('IPAMBlock', {})));
  t.ok(foreign(resource('CalicoNodeStatus', { node: 'n1', classes: ['BGP'] })));
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'bgp' }, stringData: { tor: 'x' } };
  t.ok(foreign(secret));
  t.match(faultsOf(secret), [/expected its passwords by "tortie secrets set NAME KEY"$/]);
  t.notOk(foreign(resource('BGPPear', {})), 'a mistake is none');
  t.notOk(foreign({ ...resource('BGPPeer', {}), apiVersion: 'v1' }));
});
