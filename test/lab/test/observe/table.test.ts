import t from 'tap';
import type { LabSnapshot } from '../../src/index.js';
import { labState, labTable } from '../../src/observe/table.js';

const snapshot: LabSnapshot = {
  lab: 'x',
  id: 'abcde',
  families: ['ipv4', 'ipv6'],
  hosts: [
    {
      name: 'node-1',
      run: 'agent',
      asn: 64513,
      sessions: [
        {
          peer: 'tor-v4',
          remoteHost: 'tor',
          remoteAddress: '10.0.0.1',
          remoteAsn: 64512,
          type: 'ebgp',
          state: 'established',
          received: 12,
          advertised: 3,
        },
      ],
      learned: { ipv4: 12, ipv6: 0 },
      kernel: { routes: 11, multipath: 0, failed: [] },
      prefixes: [],
      blocks: ['10.244.0.0/26'],
    },
  ],
  pods: [
    { name: 'p-1', node: 'node-1', addresses: { ipv4: '10.244.0.1', ipv6: 'fd00::1' } },
    { name: 'p-2', node: 'node-1', addresses: { ipv4: '10.244.0.2', ipv6: 'fd00::2' } },
  ],
  probes: [
    { from: 'p-1', to: 'p-2', family: 'ipv4', ok: true },
    { from: 'p-1', to: 'p-2', family: 'ipv6', ok: true },
    { from: 'p-2', to: 'p-1', family: 'ipv4', ok: true },
    { from: 'p-2', to: 'p-1', family: 'ipv6', ok: false },
    { from: 'p-2', to: 'node-1', family: 'ipv4', ok: true },
    { from: 'node-1', to: 'p-1', family: 'ipv6', ok: false },
  ],
  reasons: ['p-2 does not reach p-1 over IPv6'],
};

t.test('sessions, routes, the matrix, and what is missing', async (t) => {
  t.same(labTable(snapshot, { color: false }), [
    'HOST    RUNS   PEER    ADDRESS   ASN      TYPE  SESSION      IN  OUT',
    'node-1  agent  tor-v4  10.0.0.1  AS64512  ebgp  established  12    3',
    '',
    'HOST    RIB IPv4  RIB IPv6  KERNEL  ECMP  FAILED  OWN BLOCKS',
    'node-1        12         0      11     0       0  10.244.0.0/26',
    '',
    '   POD  IPv4        IPv6     1   2',
    '1  p-1  10.244.0.1  fd00::1  ·   46',
    '2  p-2  10.244.0.2  fd00::2  4-  ·',
    'between nodes and pods: 1 of 2 answers',
  ]);
  t.same(labState(snapshot, { color: false }), ['not converged: 1 missing', '  p-2 does not reach p-1 over IPv6']);
});

t.test('colours are laid over the same text', async (t) => {
  const styles = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
  const painted = labTable(snapshot, { color: true });
  t.ok(painted.some((line) => styles.test(line)));
  t.same(
    painted.map((line) => line.replace(styles, '')),
    labTable(snapshot, { color: false }),
  );
});
