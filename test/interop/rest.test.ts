/** The REST API of a real agent process: what it is told happens, is answered truthfully, and outlives the process. */
import { writeFileSync } from 'node:fs';
import type { Impact, OriginatedList, Peer, PeerChange, PeerPatch, PoolList } from '@tortie/agent/api';
import { type Agent, type Bird, enterNamespaces, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig } from './bird-text.js';
import { eventually } from './eventually.js';
import { fromHost, type HttpGet, overSocket } from './http-call.js';
import { established, LOCAL_ASN, lastEvent, lost, peerAt, startAgent } from './start-agent.js';
import { bgpConnections } from './tcp-connections.js';

await enterNamespaces();
t.jobs = 2;

/** An iBGP BIRD, and an agent that does not know of it yet. */
async function withTwo(work: (agent: Agent, router: Bird, bird: Host) => Promise<void>): Promise<void> {
  await withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    const router = await startBird(
      bird,
      birdConfig('10.0.0.1', [
        {
          name: 'tortie',
          local: bird.address(),
          localAsn: LOCAL_ASN,
          remote: tortie.address(),
          remoteAsn: LOCAL_ASN,
          options: 'passive yes;',
        },
      ]),
    );
    await work(await startAgent(tortie), router, bird);
  });
}

const refusal = (status: number, code: string) => ({ problem: { status, code } });

/** Waits for a request to be refused, and gives its error. */
const refused = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (answer) => ({ answer }),
    (error: unknown) => error,
  );

t.test('a peer comes and goes at run time, and BIRD sees it', { buffered: true }, (t) =>
  withTwo(async (agent, router, bird) => {
    const { pid } = agent;
    const spec = peerAt(bird, LOCAL_ASN);
    const created = await agent.client.call<Peer>('POST', '/v1/peers', { body: spec });
    t.equal(created.status, 201);
    t.match(created.body, { name: 'bird', origin: 'api', spec });
    t.equal(created.etag, `"${created.body.revision}"`);
    await established(agent);
    t.equal((await router.protocol('tortie')).info, 'Established');
    t.match(await refused(agent.client.call('POST', '/v1/peers', { body: spec })), refusal(409, 'ERR_AGENT_EXISTS'));

    t.equal((await agent.client.call('DELETE', '/v1/peers/bird')).status, 204);
    t.match(await refused(agent.peer('bird')), refusal(404, 'ERR_AGENT_NOT_FOUND'));
    await eventually('the end in BIRD', async () => {
      return /Received: .*(de-?configured)/i.test((await router.protocol('tortie')).info);
    });
    t.same(await agent.peers(), []);
    t.equal(agent.pid, pid);
    t.equal(agent.process.ended, undefined, 'it is still the same process');
  }),
);

/** What a change answers, and whether the TCP connection must be another one after it. */
const CHANGES: readonly (readonly [patch: PeerPatch, impact: Impact])[] = [
  [{ description: 'the one and only' }, 'applied'],
  [{ description: 'the one and only' }, 'none'],
  [{ connectRetryS: 2 }, 'applied'],
  [{ maxPrefixes: 1000 }, 'applied'],
  [{ routeReflectorClient: true }, 'soft-refresh'],
  [{ nextHopMode: 'self' }, 'soft-refresh'],
  [{ import: [{ action: 'accept', set: { localPref: 200 } }] }, 'soft-refresh'],
  [{ export: [{ match: { prefixes: [{ prefix: '203.0.113.0/24' }] }, action: 'reject' }] }, 'soft-refresh'],
  [{ holdTimeS: 30 }, 'session-reset'],
  [{ holdTimeS: 30, description: null }, 'applied'],
  [{ families: ['ipv4-unicast'] }, 'session-reset'],
  [{ ttlSecurityHops: null }, 'none'],
];

t.test('each change says what it does to the session, and does just that', { buffered: true }, (t) =>
  withTwo(async (agent, _router, bird) => {
    await agent.client.call('POST', '/v1/peers', { body: peerAt(bird, LOCAL_ASN) });
    await established(agent);
    const ports = async (): Promise<readonly number[]> =>
      (await bgpConnections(bird)).map(({ remotePort }) => remotePort).sort();
    for (const [patch, impact] of CHANGES) {
      const [what, before, event] = [JSON.stringify(patch), await ports(), await lastEvent(agent)];
      const { body } = await agent.client.call<PeerChange>('PATCH', '/v1/peers/bird', { body: patch });
      t.equal(body.impact, impact, what);
      if (impact === 'session-reset') await lost(agent, 'bird', event);
      await established(agent);
      const after = await eventually('one connection', async () => {
        const now = await ports();
        return now.length === 1 && now;
      });
      t.equal(after.join() !== before.join(), impact === 'session-reset', `${what}: the connection in the kernel`);
    }
    const { spec, session } = await agent.peer('bird');
    t.match(spec, { holdTimeS: 30, maxPrefixes: 1000, routeReflectorClient: true });
    t.equal(spec.description, undefined, 'null takes a field away');
    t.equal(session?.holdTimeS, 30, 'negotiated');
    t.equal(session?.flaps, 2);
  }),
);

t.test('a hard reset makes a new session; a soft one needs a session', { buffered: true }, (t) =>
  withTwo(async (agent, router, bird) => {
    await agent.client.call('POST', '/v1/peers', { body: peerAt(bird, LOCAL_ASN) });
    await established(agent);
    const before = await lastEvent(agent);
    await agent.client.call('POST', '/v1/peers/bird/reset', { body: { mode: 'hard' } });
    await lost(agent, 'bird', before);
    await established(agent);
    t.equal((await agent.peer('bird')).session?.flaps, 1);
    await router.stop();
    await lost(agent, 'bird', before);
    await eventually('the refusal', async () => {
      const answer = await overSocket(agent.socket, '/v1/peers/bird/reset', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"mode":"soft-in"}',
      });
      return answer.status === 409 && /ERR_AGENT_SESSION/.test(answer.text);
    });
    t.pass();
  }),
);

t.test('what was answered is kept: an agent killed with -9 comes back with all of it', { buffered: true }, (t) =>
  withTwo(async (agent, router, bird) => {
    const { call } = agent.client;
    await call('POST', '/v1/peers', { body: { ...peerAt(bird, LOCAL_ASN), description: 'first', holdTimeS: 30 } });
    await call('POST', '/v1/peers', {
      body: { name: 'away', remoteAddress: '10.0.0.99', remoteAsn: 65099, password: 'geheim' },
    });
    await call('POST', '/v1/peers', { body: { name: 'deleted', remoteAddress: '10.0.0.98', remoteAsn: 65099 } });
    await call('POST', '/v1/originated', { body: { prefix: '203.0.113.0/24', communities: ['65001:1'] } });
    await call('POST', '/v1/ipam/pools', { body: { name: 'late', cidr: '10.99.0.0/24', blockSize: 28 } });
    const assigned = await call('POST', '/v1/ipam/assignments', { body: { handle: 'pod-1', ipv4: 2, pool: 'late' } });
    const before = await agent.peers();
    await call('DELETE', '/v1/peers/deleted');
    const { etag } = await call<PeerChange>('PATCH', '/v1/peers/bird', { body: { description: 'second' } });
    // Not a moment between the last answer and the end.
    await agent.stop('SIGKILL');
    await agent.start();

    t.same(
      (await agent.peers()).map(({ name }) => name),
      ['away', 'bird'],
    );
    const { body: peer, etag: now } = await call<Peer>('GET', '/v1/peers/bird');
    t.match(peer.spec, { description: 'second', holdTimeS: 30 });
    t.equal(now, etag, 'revisions go on');
    t.equal((await agent.peer('away')).passwordSet, true);
    t.equal(before.length, 3);
    await established(agent, 'bird');
    await eventually('the originated prefix in BIRD', async () =>
      (await router.birdc('show route 203.0.113.0/24 all')).includes('(65001,1)'),
    );
    const again = await call('POST', '/v1/ipam/assignments', { body: { handle: 'pod-1', ipv4: 2, pool: 'late' } });
    t.same(again.body, assigned.body, 'the same addresses for the same handle');
    t.match(await agent.client.get<PoolList>('/v1/ipam/pools'), { pools: [{ name: 'late', assigned: 2 }] });
    t.match(await agent.client.get('/v1/ipam/check'), { ok: true });
  }),
);

t.test('of writers who saw the same revision one wins, the others are told (412)', { buffered: true }, (t) =>
  withTwo(async (agent, _router, bird) => {
    const { call } = agent.client;
    const { etag } = await call<Peer>('POST', '/v1/peers', { body: peerAt(bird, LOCAL_ASN) });
    const texts = Array.from({ length: 8 }, (_, i) => `writer ${i}`);
    const race = async (ifMatch: string | undefined): Promise<readonly string[]> => {
      const results = await Promise.allSettled(
        texts.map((description) => call('PATCH', '/v1/peers/bird', { body: { description }, ifMatch })),
      );
      for (const result of results) {
        if (result.status === 'rejected') t.match(result.reason, refusal(412, 'ERR_AGENT_REVISION'));
      }
      return texts.filter((_, i) => results[i]!.status === 'fulfilled');
    };
    const winners = await race(etag);
    t.equal(winners.length, 1, 'one wins');
    const { body, etag: newer } = await call<Peer>('GET', '/v1/peers/bird');
    t.equal(body.spec.description, winners[0], 'and its words stand');
    t.not(newer, etag);
    t.same(await race(undefined), texts, 'who names no revision is not refused');
    t.match(await refused(call('DELETE', '/v1/peers/bird', { ifMatch: etag })), refusal(412, 'ERR_AGENT_REVISION'));
    t.ok(await agent.peer('bird'), 'it is still there');
    const { etag: newest } = await call<Peer>('GET', '/v1/peers/bird');
    t.equal((await call('DELETE', '/v1/peers/bird', { ifMatch: newest })).status, 204);
  }),
);

t.test('of creators of the same name one wins', { buffered: true }, (t) =>
  withTwo(async (agent) => {
    const bodies = Array.from({ length: 8 }, (_, i) => ({
      name: 'x',
      remoteAddress: `10.0.0.${100 + i}`,
      remoteAsn: 65099,
    }));
    const results = await Promise.allSettled(bodies.map((body) => agent.client.call('POST', '/v1/peers', { body })));
    const won = bodies.filter((_, i) => results[i]!.status === 'fulfilled');
    t.equal(won.length, 1);
    for (const result of results) {
      if (result.status === 'rejected') t.match(result.reason, refusal(409, 'ERR_AGENT_EXISTS'));
    }
    t.equal((await agent.peer('x')).spec.remoteAddress, won[0]!.remoteAddress);
  }),
);

t.test('over TCP the bearer token lets in, and nothing else does', { buffered: true }, (t) =>
  withHosts(['tortie', 'far'], async (lab) => {
    const [tortie, far] = [lab.host('tortie'), lab.host('far')];
    const [tokenFile, token] = [tortie.path('token'), '0123456789abcdef0123456789abcdef'];
    writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
    await startAgent(tortie, { api: { listen: `${tortie.address()}:9179`, tokenFile } });
    const get = (path: string, authorization?: string): HttpGet => ({
      url: `http://${tortie.address()}:9179${path}`,
      headers: authorization === undefined ? {} : { authorization },
    });
    const refused = ['/v1/status', '/metrics', '/openapi.json', '/v1/peers', '/nowhere'].flatMap((path) =>
      [undefined, 'Bearer 0123456789abcdef0123456789abcdee', `Basic ${token}`].map((one) => get(path, one)),
    );
    const refusals = await fromHost(far, refused);
    for (const [i, { status, headers, text }] of refusals.entries()) {
      t.equal(status, 401, JSON.stringify(refused[i]));
      t.match(headers['content-type'], /^application\/problem\+json\b/);
      t.match(JSON.parse(text), { status: 401, code: 'ERR_AGENT_TOKEN' });
      t.notOk(text.includes(token));
    }
    const [status, metrics] = await fromHost(
      far,
      ['/v1/status', '/metrics'].map((path) => get(path, `Bearer ${token}`)),
    );
    t.equal(status?.status, 200);
    t.match(JSON.parse(status!.text), { node: 'tortie', asn: LOCAL_ASN });
    t.match(metrics?.text, /^tortie_node_info\{/m);
  }),
);

t.test(
  'every path without parameters that OpenAPI names answers, and metrics tell what the tables hold',
  { buffered: true },
  (t) =>
    withTwo(async (agent, router, bird) => {
      await agent.client.call('POST', '/v1/peers', { body: peerAt(bird, LOCAL_ASN) });
      await established(agent);
      const api = await agent.client.get<{ openapi: string; paths: Record<string, Record<string, unknown>> }>(
        '/openapi.json',
      );
      t.match(api.openapi, /^3\.1/);
      const plain = Object.keys(api.paths).filter((path) => 'get' in api.paths[path]! && !path.includes('{'));
      t.ok(plain.length > 12, plain.join(' '));
      for (const path of plain) {
        // Without its parameter it is no question.
        const { status } = await overSocket(
          agent.socket,
          path === '/v1/routes/why' ? `${path}?prefix=192.0.2.1` : path,
        );
        t.match(status, path === '/v1/routes/why' ? 404 : 200, path);
      }
      await agent.client.call('POST', '/v1/originated', { body: { prefix: '203.0.113.0/24' } });
      await eventually('the prefix in BIRD', async () => (await router.protocol('tortie')).imported === 1);
      const { headers, text } = await overSocket(agent.socket, '/metrics');
      t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
      t.match(text, /^tortie_bgp_session_established\{[^}]*peer="bird"[^}]*\} 1$/m);
      t.match(text, /^tortie_bgp_prefixes\{[^}]*peer="bird"[^}]*\} 1$/m);
      t.match(text, /^tortie_rib_prefixes\{[^}]*ipv4[^}]*\} 1$/m);
    }),
);

/** What a program may do wrong, and what it is told. */
const WRONG: readonly (readonly [
  what: string,
  method: string,
  path: string,
  body: string | undefined,
  status: number,
  code: string,
  detail: RegExp,
])[] = [
  ['no JSON', 'POST', '/v1/peers', '{"name":', 400, 'ERR_AGENT_BODY', /JSON/],
  [
    'a field that is not known',
    'POST',
    '/v1/peers',
    '{"name":"a","remoteAddress":"10.0.0.9","remoteAsn":1,"holdTime":9}',
    400,
    'ERR_AGENT_VALIDATION',
    /holdTime.*did you mean "holdTimeS"/,
  ],
  [
    'an impossible value',
    'POST',
    '/v1/peers',
    '{"name":"a","remoteAddress":"10.0.0.9","remoteAsn":1,"holdTimeS":2}',
    400,
    'ERR_AGENT_VALIDATION',
    /holdTimeS.*0.*or 3 to 65535/,
  ],
  [
    'no address',
    'POST',
    '/v1/peers',
    '{"name":"a","remoteAddress":"10.0.0.999","remoteAsn":1}',
    400,
    'ERR_AGENT_VALIDATION',
    /remoteAddress/,
  ],
  [
    'a client in another AS',
    'POST',
    '/v1/peers',
    '{"name":"a","remoteAddress":"10.0.0.9","remoteAsn":1,"routeReflectorClient":true}',
    400,
    'ERR_AGENT_VALIDATION',
    /routeReflectorClient/,
  ],
  ['host bits', 'POST', '/v1/originated', '{"prefix":"10.0.0.1/8"}', 400, 'ERR_AGENT_VALIDATION', /prefix/],
  ['nothing there', 'DELETE', '/v1/peers/nobody', undefined, 404, 'ERR_AGENT_NOT_FOUND', /nobody/],
  ['an unknown path', 'GET', '/v2/peers', undefined, 404, 'ERR_AGENT_NO_ROUTE', /\/v2\/peers/],
  ['a wrong method', 'DELETE', '/v1/status', undefined, 405, 'ERR_AGENT_METHOD', /GET/],
  ['an unknown parameter', 'GET', '/v1/routes?famly=ipv4-unicast', undefined, 400, 'ERR_AGENT_VALIDATION', /famly/],
  ['a peer of the file', 'DELETE', '/v1/peers/tor', undefined, 409, 'ERR_AGENT_FILE_ORIGIN', /agent\.yaml/],
];

t.test('what is wrong is answered with a problem that says so, and changes nothing', { buffered: true }, (t) =>
  withHosts(['tortie'], async (lab) => {
    const agent = await startAgent(lab.host('tortie'), {
      peers: [{ name: 'tor', remoteAddress: '10.0.0.254', remoteAsn: 65002 }],
    });
    for (const [what, method, path, body, status, code, detail] of WRONG) {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await overSocket(agent.socket, path, { method, headers, ...(body === undefined ? {} : { body }) });
      t.equal(answer.status, status, what);
      t.match(answer.headers['content-type'], /^application\/problem\+json\b/, what);
      const problem = JSON.parse(answer.text);
      t.match(problem, { status, code, type: `urn:tortie:problem:${code}` }, what);
      t.match(problem.detail, detail, what);
    }
    t.same(
      (await agent.peers()).map(({ name }) => name),
      ['tor'],
    );
    t.same((await agent.client.get<OriginatedList>('/v1/originated')).originated, []);
  }),
);
