/** /v1/peer-ranges over the real socket. */
import { MemoryStore } from '@tortie/store';
import t from 'tap';
import { type Answer, setUp } from './set-up.js';

const RANGE = { name: 'nodes', prefix: '10.0.1.0/24', remoteAsn: 64513, routeReflectorClient: true };
const FILE_RANGE = 'peerRanges:\n  - { name: racks, prefix: 10.9.0.0/16, remoteAsn: 64600 }\n';

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}
const problem = ({ status, body }: Answer) => ({ status, ...(body as Problem) });

t.test('added, shown, changed with its impact, deleted; kept in the store', async (t) => {
  const store = new MemoryStore();
  const { call, speaker, close } = await setUp({ store });
  const created = await call('POST', '/v1/peer-ranges', RANGE);
  t.match(created, { status: 201, headers: { location: '/v1/peer-ranges/nodes', etag: /^"\d+"$/ } });
  t.match(created.body, { name: 'nodes', origin: 'api', spec: RANGE, peers: [] });
  t.match(speaker.ranges.get('nodes'), { peer: { remoteAsn: 64513, routeReflectorClient: true } });
  t.match(problem(await call('POST', '/v1/peer-ranges', RANGE)), { status: 409, code: 'ERR_AGENT_EXISTS' });

  const change = async (body: object, headers = {}) => call('PATCH', '/v1/peer-ranges/nodes', body, headers);
  t.match((await change({ limit: 10 })).body, { impact: 'none' }, 'no session feels a limit');
  t.match((await change({ description: 'rack 7' })).body, { impact: 'applied', peerRange: { spec: { limit: 10 } } });
  t.match((await change({ import: [{ action: 'reject' }] })).body, { impact: 'soft-refresh' });
  t.match((await change({ import: null, limit: null })).body, { impact: 'soft-refresh' });
  t.match(problem(await change({ limit: 3 }, { 'if-match': created.headers.etag as string })), {
    status: 412,
    code: 'ERR_AGENT_REVISION',
  });
  await close();

  const again = await setUp({ store });
  t.teardown(again.close);
  t.match((await again.call('GET', '/v1/peer-ranges')).body, {
    peerRanges: [{ name: 'nodes', spec: { description: 'rack 7' } }],
  });
  t.ok(again.speaker.ranges.has('nodes'), 'a new agent has it from the store');
  t.equal((await again.call('DELETE', '/v1/peer-ranges/nodes')).status, 204);
  t.notOk(again.speaker.ranges.has('nodes'));
  t.match(problem(await again.call('GET', '/v1/peer-ranges/nodes')), { status: 404, code: 'ERR_AGENT_NOT_FOUND' });
});

t.test('its peers are shown among the peers, can be reset, and are changed with the range alone', async (t) => {
  const { call, speaker, close } = await setUp();
  t.teardown(close);
  await call('POST', '/v1/peer-ranges', RANGE);
  speaker.join('nodes', '10.0.1.7');
  t.match((await call('GET', '/v1/peer-ranges/nodes')).body, { peers: ['nodes/10.0.1.7'] });
  t.match((await call('GET', '/v1/peers')).body, {
    peers: [
      {
        name: 'nodes/10.0.1.7',
        origin: 'range',
        source: 'nodes',
        spec: { remoteAddress: '10.0.1.7', remoteAsn: 64513, routeReflectorClient: true },
        session: { state: 'established' },
      },
    ],
  });
  const path = `/v1/peers/${encodeURIComponent('nodes/10.0.1.7')}`;
  t.match((await call('GET', path)).body, { name: 'nodes/10.0.1.7' });
  t.equal((await call('GET', `${path}/adj-rib-in`)).status, 200);
  t.match((await call('POST', `${path}/reset`, { mode: 'hard' })).body, { peer: 'nodes/10.0.1.7', mode: 'hard' });
  for (const answer of [await call('PATCH', path, { holdTimeS: 9 }), await call('DELETE', path)]) {
    t.match(problem(answer), { status: 409, code: 'ERR_AGENT_RANGE_ORIGIN', detail: /peer range "nodes"/ });
  }
  t.match((await call('GET', '/v1/status')).body, { sessions: { configured: 1, established: 1 } });
  t.equal((await call('GET', '/v1/peers/nodes%2F10.0.1.8')).status, 404);
});

t.test('ranges of the file are shown and left alone', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: FILE_RANGE });
  t.teardown(close);
  t.ok(speaker.ranges.has('racks'));
  t.match((await call('GET', '/v1/peer-ranges')).body, {
    peerRanges: [{ name: 'racks', origin: 'file', source: /node\.yaml:10$/ }],
  });
  for (const answer of [
    await call('PATCH', '/v1/peer-ranges/racks', { limit: 9 }),
    await call('DELETE', '/v1/peer-ranges/racks'),
  ]) {
    t.match(problem(answer), {
      status: 409,
      code: 'ERR_AGENT_FILE_ORIGIN',
      detail: /is configured in .*node\.yaml:10/,
    });
  }
  const twice = problem(await call('POST', '/v1/peer-ranges', { ...RANGE, prefix: '10.9.0.0/16' }));
  t.match(twice, { status: 400, errors: [{ pointer: '/prefix', detail: /already peer range "racks"/ }] });
});

t.test('what cannot be is refused with a pointer to it', async (t) => {
  const { call, close } = await setUp();
  t.teardown(close);
  for (const [body, pointer, detail] of [
    [{ ...RANGE, prefix: '10.0.1.1/24' }, '/prefix', /host bits|10\.0\.1\.0\/24/],
    [{ ...RANGE, limit: 0 }, '/limit', /1/],
    [{ ...RANGE, bfd: {} }, '/bfd', /unknown field/],
    [{ ...RANGE, password: 'x'.repeat(81) }, '/password', /80/],
    [{ ...RANGE, holdTimeS: 2 }, '/holdTimeS', /RFC 4271/],
    [{ ...RANGE, remoteAsn: 64999 }, '/routeReflectorClient', /own AS 64513/],
    [{ ...RANGE, prefix: '224.0.0.0/24' }, '/prefix', /no single host/],
    [{ ...RANGE, prefix: 'fe80::/64' }, '/prefix', /device/],
  ] as const) {
    const answer = problem(await call('POST', '/v1/peer-ranges', body));
    t.equal(answer.status, 400);
    t.match(answer.errors, [{ pointer, detail }], JSON.stringify(body));
  }
  t.same((await call('GET', '/v1/peer-ranges')).body, { peerRanges: [] });
});

t.test('the key of a range is kept and never shown', async (t) => {
  const { call, close } = await setUp();
  t.teardown(close);
  const made = await call('POST', '/v1/peer-ranges', { ...RANGE, password: 'secret key' });
  t.match(made, { status: 201, body: { passwordSet: true } });
  const all = [made, await call('GET', '/v1/peer-ranges'), await call('GET', '/v1/peer-ranges/nodes')];
  t.notMatch(JSON.stringify(all.map(({ body }) => body)), /secret key|"password"/);
  await call('PATCH', '/v1/peer-ranges/nodes', { password: null });
  t.match((await call('GET', '/v1/peer-ranges/nodes')).body, { passwordSet: false });
});
