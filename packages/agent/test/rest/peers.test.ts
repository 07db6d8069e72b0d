import { MemoryStore } from '@tortie/store';
import t from 'tap';
import { type Answer, setUp } from './set-up.js';

const FILE_PEER = 'peers: [{ name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512, password: hunter2-secret }]';
const B = { name: 'b', remoteAddress: '10.0.0.2', remoteAsn: 64513 };

const problem = (answer: Answer) =>
  answer.body as { code: string; status: number; detail: string; errors?: { pointer: string; detail: string }[] };

t.test('a peer is created, read, changed and deleted while the agent runs', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: FILE_PEER });
  t.teardown(close);
  const created = await call('POST', '/v1/peers', {
    ...B,
    password: 'top-secret-key',
    import: [{ action: 'accept', set: { localPref: 200 } }],
  });
  t.equal(created.status, 201);
  t.equal(created.headers.location, '/v1/peers/b');
  t.match(created.body, {
    name: 'b',
    origin: 'api',
    passwordSet: true,
    spec: { remoteAsn: 64513 },
    session: { state: 'connect', type: 'ibgp' },
  });
  t.match(speaker.configs.get('b'), { remoteAsn: 64513, password: 'top-secret-key' });
  const read = await call('GET', '/v1/peers/b');
  t.equal(read.headers.etag, created.headers.etag);
  t.strictSame(read.body, created.body);

  for (const [patch, impact] of [
    [{ description: 'rack 2' }, 'applied'],
    [{ description: 'rack 2' }, 'none'],
    [{ routeReflectorClient: true }, 'soft-refresh'],
    [{ holdTimeS: 30 }, 'session-reset'],
    [{ remoteAsn: 64514, role: 'customer', routeReflectorClient: false }, 'session-reset'],
    [{ remoteAsn: 64513, role: null, routeReflectorClient: true }, 'session-reset'],
    [{ password: null }, 'session-reset'],
    [{ import: null, description: null }, 'soft-refresh'],
  ] as const) {
    const changed = await call('PATCH', '/v1/peers/b', patch);
    t.equal(changed.status, 200, JSON.stringify(patch));
    t.match(changed.body, { impact, peer: { name: 'b' } }, JSON.stringify(patch));
  }
  t.match(speaker.configs.get('b'), {
    holdTimeS: 30,
    routeReflectorClient: true,
    password: undefined,
    description: '',
  });

  const gone = await call('DELETE', '/v1/peers/b');
  t.equal(gone.status, 204);
  t.notOk(speaker.configs.has('b'));
  t.match(problem(await call('GET', '/v1/peers/b')), { code: 'ERR_AGENT_NOT_FOUND', status: 404 });
});

t.test('a password is never shown and never logged', async (t) => {
  const { call, log, close } = await setUp({ yaml: FILE_PEER });
  t.teardown(close);
  const answers = [
    await call('POST', '/v1/peers', { ...B, password: 'top-secret-key' }),
    await call('PATCH', '/v1/peers/b', { password: 'other-secret-key' }),
    await call('POST', '/v1/peers', { ...B, name: 'c', password: ['top-secret-key'] }),
    await call('POST', '/v1/peers', { ...B, name: 'c', password: `top-secret-key${'x'.repeat(80)}` }),
    await call('POST', '/v1/peers', '{"password": "top-secret-key", '),
    await call('GET', '/v1/peers'),
    await call('GET', '/v1/peers/tor'),
    await call('GET', '/v1/events'),
    await call('GET', '/v1/status'),
    await call('GET', '/metrics'),
  ];
  t.equal(answers[2]!.status, 400);
  t.notMatch(JSON.stringify(answers.map(({ body }) => body)), /secret-key|hunter2/);
  t.notMatch(log.join(''), /secret-key|hunter2/);
});

t.test('peers of the file are shown and left alone', async (t) => {
  const { call, close } = await setUp({ yaml: FILE_PEER });
  t.teardown(close);
  t.match((await call('GET', '/v1/peers')).body, { peers: [{ name: 'tor', origin: 'file', source: /node\.yaml:9$/ }] });
  for (const answer of [
    await call('PATCH', '/v1/peers/tor', { holdTimeS: 9 }),
    await call('DELETE', '/v1/peers/tor'),
  ]) {
    t.match(problem(answer), { status: 409, code: 'ERR_AGENT_FILE_ORIGIN', detail: /is configured in .*node\.yaml:9/ });
  }
  t.match(problem(await call('POST', '/v1/peers', { ...B, name: 'tor' })), { status: 409, code: 'ERR_AGENT_EXISTS' });
});

t.test('what cannot be is refused with a pointer to it', async (t) => {
  const { call, store, close } = await setUp({ yaml: FILE_PEER });
  t.teardown(close);
  for (const [body, pointer, detail] of [
    [{ ...B, remoteAsn: 0 }, '/remoteAsn', /is 0/],
    [{ ...B, holdTimeS: 2 }, '/holdTimeS', /0 \(no keepalives\) or 3 to 65535/],
    [{ ...B, holdTime: 9 }, '/holdTime', /did you mean "holdTimeS"/],
    [{ ...B, remoteAddress: 'fe80::1' }, '/remoteAddress', /device/],
    [{ ...B, remoteAddress: '10.0.0.254' }, '/remoteAddress', /already peer "tor"/],
    [{ ...B, remoteAsn: 64999, routeReflectorClient: true }, '/routeReflectorClient', /own AS 64513/],
    [{ ...B, families: ['ipv4'] }, '/families/0', /did you mean ipv4-unicast/],
    [{ ...B, name: '../x' }, '/name', /no name/],
    [{ ...B, import: [{ action: 'allow' }] }, '/import/0/action', /accept, reject or next/],
    [{ name: 'b' }, '', /"remoteAsn" is missing/],
    [{ name: 'b', remoteAsn: 'external' }, '', /neither "remoteAddress" nor "interface"/],
    [{ ...B, interface: 'eth0' }, '/remoteAddress', /excludes interface/],
    [{ ...B, remoteAsn: 'exteral' }, '/remoteAsn', /did you mean external/],
    [[], '', /a list/],
  ] as const) {
    const answer = await call('POST', '/v1/peers', body);
    t.match(answer.headers['content-type'], /^application\/problem\+json/);
    const { status, code, errors } = problem(answer);
    t.match({ status, code }, { status: 400, code: 'ERR_AGENT_VALIDATION' }, JSON.stringify(body));
    t.match(errors?.[0], { pointer, detail });
  }
  t.strictSame((await store.list('/agent/peers/')).entries, [], 'nothing of it was kept');
});

t.test('two writers at once: If-Match decides, and nobody overwrites unseen', async (t) => {
  const { call, close } = await setUp();
  t.teardown(close);
  await call('POST', '/v1/peers', B);
  const seen = (await call('GET', '/v1/peers/b')).headers.etag as string;
  const [first, second] = await Promise.all([
    call('PATCH', '/v1/peers/b', { description: 'first' }, { 'if-match': seen }),
    call('PATCH', '/v1/peers/b', { description: 'second' }, { 'if-match': seen }),
  ]);
  t.strictSame([first.status, second.status].sort(), [200, 412]);
  t.match(problem(first.status === 412 ? first : second), { code: 'ERR_AGENT_REVISION' });
  const now = (await call('GET', '/v1/peers/b')).headers.etag as string;
  t.not(now, seen);
  t.equal((await call('DELETE', '/v1/peers/b', undefined, { 'if-match': seen })).status, 412);
  t.equal((await call('DELETE', '/v1/peers/b', undefined, { 'if-match': now })).status, 204);
});

t.test('without If-Match, changes of different fields by many writers all survive', async (t) => {
  const { call, speaker, close } = await setUp();
  t.teardown(close);
  await call('POST', '/v1/peers', B);
  const patches = [
    { holdTimeS: 33 },
    { connectRetryS: 7 },
    { description: 'x' },
    { passive: true },
    { maxPrefixes: 9 },
    { idleHoldMaxS: 5 },
  ];
  const answers = await Promise.all(patches.map((patch) => call('PATCH', '/v1/peers/b', patch)));
  t.ok(answers.every(({ status }) => status === 200));
  t.match(speaker.configs.get('b'), {
    holdTimeS: 33,
    connectRetryS: 7,
    description: 'x',
    passive: true,
    maxPrefixes: 9,
    idleHoldMaxS: 5,
  });
  const created = await Promise.all(
    [1, 2, 3].map(() => call('POST', '/v1/peers', { ...B, name: 'c', remoteAddress: '10.0.0.3' })),
  );
  t.strictSame(created.map(({ status }) => status).sort(), [201, 409, 409]);
});

t.test('any peer can be drained, those of the file too; undone without a trace', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: FILE_PEER });
  t.teardown(close);
  await call('POST', '/v1/peers', { ...B, gracefulShutdown: true });
  for (const [name, drain, draining, expected] of [
    ['tor', true, true, true],
    ['tor', true, true, true],
    ['tor', false, false, false],
    ['b', true, true, true],
    ['b', false, true, true],
  ] as const) {
    const answer = await call('POST', `/v1/peers/${name}/drain`, { drain });
    t.strictSame(answer.body, { peer: name, draining });
    t.equal(speaker.configs.get(name)?.gracefulShutdown, expected);
    t.match((await call('GET', `/v1/peers/${name}`)).body, { session: { draining: draining || undefined } });
  }
  t.match((await call('PATCH', '/v1/peers/b', { gracefulShutdown: null })).body, { impact: 'soft-refresh' });
  t.equal(speaker.configs.get('b')?.gracefulShutdown, false);
  t.match(problem(await call('POST', '/v1/peers/c/drain', { drain: true })), { code: 'ERR_AGENT_NOT_FOUND' });
  await call('POST', '/v1/peers/b/drain', { drain: true });
  await call('DELETE', '/v1/peers/b');
  await call('POST', '/v1/peers', B);
  t.equal(speaker.configs.get('b')?.gracefulShutdown, false, 'a new peer of that name is not drained');
});

t.test('a reset says what it can do', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: FILE_PEER });
  t.teardown(close);
  t.match(problem(await call('POST', '/v1/peers/tor/reset', { mode: 'soft-in' })), {
    status: 409,
    code: 'ERR_AGENT_SESSION',
  });
  speaker.states.set('tor', 'established');
  for (const mode of ['hard', 'soft', 'soft-in', 'soft-out']) {
    t.match((await call('POST', '/v1/peers/tor/reset', { mode })).body, { peer: 'tor', mode });
  }
  t.strictSame(speaker.resets, ['tor hard', 'tor soft', 'tor soft-in', 'tor soft-out']);
  t.match(problem(await call('POST', '/v1/peers/x/reset', { mode: 'hard' })), { status: 404 });
});

t.test('peers and prefixes of the API are there again after a restart', async (t) => {
  const store = new MemoryStore();
  const first = await setUp({ store });
  await first.call('POST', '/v1/peers', { ...B, password: 'top-secret-key' });
  await first.call('POST', '/v1/originated', { prefix: '198.51.100.0/24', communities: ['no-export', '64513:1:2'] });
  await first.close();
  t.match(first.speaker.closed, { graceful: true });
  const second = await setUp({ store });
  t.teardown(second.close);
  t.match(second.speaker.configs.get('b'), { password: 'top-secret-key' });
  t.match(second.speaker.originated.get('198.51.100.0/24'), {
    communities: [0xffffff01],
    largeCommunities: [[64513, 1, 2]],
  });
  t.match((await second.call('GET', '/v1/peers/b')).body, { origin: 'api', passwordSet: true });
});

t.test('another process that writes to the store is followed without a restart', async (t) => {
  const { store, speaker, call, close } = await setUp();
  t.teardown(close);
  await store.create('/agent/peers/n1/x', { name: 'x', remoteAddress: '10.0.0.9', remoteAsn: 5 });
  while (!speaker.configs.has('x')) await new Promise(setImmediate);
  t.match((await call('GET', '/v1/peers/x')).body, { origin: 'api' });
  await store.create('/agent/peers/n2/y', { name: 'y', remoteAddress: '10.0.0.8', remoteAsn: 5 });
  await call('GET', '/v1/peers');
  t.notOk(speaker.configs.has('y'), 'that is a peer of another node');
});

const NAMED = `${FILE_PEER}
prefixSets: [{ name: racks, prefixes: [{ prefix: 10.1.0.0/16, le: 24 }] }]
policies: [{ name: leaf, terms: [{ match: { prefixSets: [racks] }, action: accept }], default: reject }]`;

t.test('policies by name, changed by PATCH; a change that alters nothing costs nothing', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: NAMED });
  t.teardown(close);
  t.equal((await call('POST', '/v1/peers', { ...B, import: [{ policy: 'leaf' }] })).status, 201);
  const terms = () => speaker.configs.get('b')?.import?.terms.map(({ name }) => name);
  t.same(terms()?.slice(0, 2), ['leaf[0]', 'leaf default']);
  const same = { match: { prefixes: [{ prefix: '10.1.0.0/16', le: 24 }] }, action: 'accept' };
  for (const [patch, impact] of [
    [{ import: [{ policy: 'leaf' }] }, 'none'],
    // The same routes, under other names.
    [{ import: [same], importDefault: 'reject' }, 'applied'],
    [{ import: [{ ...same, name: 'racks' }] }, 'applied'],
    [{ import: [{ ...same, match: { asPaths: ['^64512$'] } }] }, 'soft-refresh'],
    [{ exportDefault: 'accept' }, 'none'],
    [{ exportDefault: 'reject' }, 'soft-refresh'],
    [{ allowAsIn: 2 }, 'soft-refresh'],
    [{ allowAsIn: null, exportDefault: null }, 'soft-refresh'],
  ] as const) {
    t.match((await call('PATCH', '/v1/peers/b', patch)).body, { impact }, JSON.stringify(patch));
  }
  for (const [patch, pointer, detail] of [
    [{ import: [{ policy: 'leef' }] }, '/import/0/policy', /did you mean "leaf"/],
    [{ import: [{ match: { asPaths: ['(1'] }, action: 'accept' }] }, '/import/0/match/asPaths/0', /without "\)"/],
    [{ export: [{ action: 'accept', set: { nextHop: 'peer' } }] }, '/export/0/set/nextHop', /export takes self/],
    [{ asOverride: true }, '/asOverride', /of the own AS 64513/],
    [{ allowAsIn: 0 }, '/allowAsIn', /1 to 10/],
  ] as const) {
    const answer = problem(await call('PATCH', '/v1/peers/b', patch));
    t.match(answer, { status: 400, errors: [{ pointer, detail }] }, JSON.stringify(patch));
  }
});

t.test('a peer of the store whose policy the file no longer has is not taken, and says why', async (t) => {
  const store = new MemoryStore();
  const first = await setUp({ yaml: NAMED, store });
  await first.call('POST', '/v1/peers', { ...B, import: [{ policy: 'leaf' }] });
  await first.close();
  const { call, speaker, close } = await setUp({ yaml: FILE_PEER, store });
  t.teardown(close);
  t.match((await call('GET', '/v1/peers/b')).body, { error: '"leaf" is not in policies of the configuration file' });
  t.notOk(speaker.configs.has('b'), 'no session without its policy');
  t.match((await call('PATCH', '/v1/peers/b', { import: null })).body, { impact: 'applied', peer: { name: 'b' } });
  t.ok(speaker.configs.has('b'));
});
