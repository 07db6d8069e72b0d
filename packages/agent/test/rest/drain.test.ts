import t from 'tap';
import { until } from '../until.js';
import { setUp } from './set-up.js';

const YAML = `peers: [{ name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512 }]
peerRanges: [{ name: vms, prefix: 10.1.0.0/24, remoteAsn: 64512 }]
originate: [{ prefix: 203.0.113.0/24 }]
`;

t.test('a node is drained in two steps, and used again', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  const told = () => {
    const { gracefulShutdown, export: policy } = speaker.configs.get('tor')!;
    return [gracefulShutdown, policy?.otherwise ?? 'accept'];
  };
  t.strictSame((await call('GET', '/v1/drain')).body, { phase: 'off' });
  t.strictSame(told(), [false, 'accept']);
  const answer = await call('POST', '/v1/drain', { drain: true, waitS: 3600 });
  t.match(answer, { status: 200, body: { phase: 'draining', withdrawAt: /Z$/ } });
  t.strictSame(told(), [true, 'accept'], 'first routes for graceful shutdown');
  t.match((await call('GET', '/v1/status')).body, { warnings: [/^This node drains: .*tortie undrain/] });
  t.equal(speaker.ranges.get('vms')?.peer.gracefulShutdown, true, 'to peers of ranges as well');
  await call('POST', '/v1/drain', { drain: true, waitS: 0 });
  await until('it has withdrawn', async () => told()[1] === 'reject');
  t.strictSame((await call('GET', '/v1/drain')).body, { phase: 'withdrawn' });
  t.match((await call('GET', '/v1/status')).body, { warnings: [/^This node is drained: it announces nothing/] });
  t.ok(speaker.configs.has('tor'), 'sessions stay');
  t.match(await call('POST', '/v1/drain', { drain: false }), { status: 200, body: { phase: 'off' } });
  t.strictSame(told(), [false, 'accept']);
  t.match(await call('POST', '/v1/drain', { drain: true, waitS: -1 }), { status: 400 });
});
