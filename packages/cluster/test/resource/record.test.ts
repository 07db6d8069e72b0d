import t from 'tap';
import { fromRecord, RECORD_VERSION, readResource, toRecord } from '../../src/index.js';

const { resource } = readResource({
  apiVersion: 'projectcalico.org/v3',
  kind: 'BGPPeer',
  metadata: { name: 'tor', labels: { rack: 'r1' } },
  spec: { peerIP: '192.0.2.1', asNumber: 64512 },
});

t.test('a resource comes back from its record with its revision', async (t) => {
  const record = JSON.parse(JSON.stringify(toRecord(resource!, '2026-01-01T00:00:00Z')));
  t.strictSame(fromRecord('BGPPeer', 'tor', record, 7), {
    resource: {
      ...resource,
      metadata: { ...resource!.metadata, creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '7' },
    },
  });
});

t.test('a record of a newer format, or none at all, is told of and not read', async (t) => {
  const newer = { ...toRecord(resource!, ''), recordVersion: RECORD_VERSION + 1 };
  t.match(fromRecord('BGPPeer', 'tor', newer, 7), { problem: /BGPPeer "tor" was written by a newer Tortie/ });
  for (const value of [null, {}, { recordVersion: 1 }, 'text']) {
    t.match(fromRecord('BGPPeer', 'tor', value, 7), { problem: /cannot be read/ });
  }
});

t.test('a field that this program does not know stays in the spec', async (t) => {
  const record = { ...toRecord(resource!, ''), spec: { peerIP: '192.0.2.1', later: true } };
  t.match(fromRecord('BGPPeer', 'tor', record, 7), { resource: { spec: { later: true } } });
});
