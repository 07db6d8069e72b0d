import t from 'tap';
import { planLab } from '../../src/index.js';
import type { HostSnapshot } from '../../src/observe/host-snapshot.js';
import { missing } from '../../src/observe/missing.js';
import type { Probe } from '../../src/observe/reachability.js';

const plan = planLab(
  'families: [ipv4]\nhosts: { a: { asn: 1, pods: 1 }, b: { asn: 1, multipath: 2, pods: 1 } }\nsessions: [{ mesh: "*" }]',
  'lab',
);

const session = {
  peer: 'x',
  remoteHost: 'x',
  remoteAddress: '',
  remoteAsn: 1,
  type: 'ibgp',
  received: 1,
  advertised: 1,
} as const;
const up = { ...session, state: 'established' };

const host = (name: string, block: string, other: string): HostSnapshot => ({
  name,
  run: 'agent',
  asn: 1,
  sessions: [up],
  learned: { ipv4: 2, ipv6: 0 },
  kernel: { routes: 1, multipath: name === 'b' ? 1 : 0, failed: [] },
  prefixes: [other],
  blocks: [block],
});

const a = host('a', '10.0.0.0/26', '10.0.0.64/26');
const b = host('b', '10.0.0.64/26', '10.0.0.0/26');
const good: Probe = { from: 'a-pod-1', to: 'b-pod-1', family: 'ipv4', ok: true };

const CASES: readonly (readonly [string, readonly HostSnapshot[], readonly Probe[], readonly string[]])[] = [
  ['nothing', [a, b], [good], []],
  [
    'a session',
    [{ ...a, sessions: [{ ...session, state: 'active', cause: 'refused' }] }, b],
    [good],
    ['a: session with x is active (refused)'],
  ],
  ['a route', [{ ...a, prefixes: [] }, b], [good], ['a: no route in the kernel to 10.0.0.64/26 of b']],
  [
    'what the kernel refused',
    [{ ...a, kernel: { ...a.kernel, failed: ['10.1.0.0/16: no'] } }, b],
    [good],
    ['a: the kernel refused 10.1.0.0/16: no'],
  ],
  [
    'a second next hop',
    [a, { ...b, kernel: { ...b.kernel, multipath: 0 } }],
    [good],
    ['b: multipath is on, but no route in the kernel has more than one next hop'],
  ],
  ['a block', [a, { ...b, blocks: [] }], [good], ['b: owns 0 of 1 blocks']],
  ['a host', [{ ...a, error: 'no answer' }, b], [good], ['a: no answer']],
  ['an answer', [a, b], [{ ...good, ok: false }], ['a-pod-1 does not reach b-pod-1 over IPv4']],
  [
    'its own address',
    [a, b],
    [{ ...good, ok: false, seenAs: '10.0.0.2' }],
    ['b-pod-1 sees a-pod-1 as 10.0.0.2, which is not its address'],
  ],
];

t.test('missing: the sessions of a node that takes part in a cluster', async (t) => {
  const cluster = planLab(
    'families: [ipv4]\nhosts: { a: { asn: 1, config: { cluster: {} } }, e: { run: etcd } }',
    'lab',
  );
  const e: HostSnapshot = { ...a, name: 'e', run: 'etcd', sessions: [], blocks: [] };
  t.same(missing(cluster, [{ ...a, prefixes: [] }, e], []), []);
  t.same(missing(cluster, [{ ...a, sessions: [] }, e], []), ['a: has no sessions yet']);
});

for (const [what, hosts, probes, reasons] of CASES) {
  t.test(`missing: ${what}`, async (t) => t.same(missing(plan, hosts, probes), reasons));
}
