import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import { checkValue } from '../../src/schema/check.js';
import { closed, type Paths, resolved, responseOf } from './described.js';
import { candidate } from './routes-fixture.js';
import { setUp } from './set-up.js';

const YAML = `peers: [{ name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512, password: hunter2, export: [{ action: accept, set: { prepend: { count: 2 } } }] }]
originate: [{ prefix: 203.0.113.0/24, med: 5, communities: [no-export] }]
pools: [{ name: p4, cidr: 10.244.0.0/16 }]
`;

const TOR = {
  apiVersion: 'tortie/v1',
  kind: 'BGPPeer',
  metadata: { name: 't', labels: { rack: 'r1' } },
  spec: { peerIP: '192.0.2.1', asNumber: 64512 },
};

t.test('the document is a valid OpenAPI 3.1 description', async (t) => {
  const { call, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  const document = (await call('GET', '/openapi.json')).body as Record<string, unknown>;
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  t.ok(valid, JSON.stringify(errors));
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  t.match(document, { openapi: '3.1.0', info: { version } });
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(document.paths as Paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      t.match(operation.operationId, /^[a-z]+[A-Z]\w+$/, `${method} ${path} has a name for generators`);
      t.notOk(ids.has(operation.operationId!), `${operation.operationId} is one operation`);
      ids.add(operation.operationId!);
      t.strictSame(Object.keys(operation.responses['4XX']?.content ?? {}), ['application/problem+json']);
      t.ok(operation.summary, `${method} ${path} has a summary`);
      t.ok(operation.responses['4XX'] ?? operation.responses['4xx'], `${method} ${path} tells of problems`);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const described = (operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name);
      t.strictSame(described, named, `${method} ${path} describes its path parameters`);
    }
  }
});

t.test('whoever asks for the description again is told the same', async (t) => {
  const { call, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  const { body } = await call('GET', '/openapi.json');
  t.strictSame((await call('GET', '/openapi.json')).body, body);
});

t.test('what every path answers is what its schema says, and nothing besides', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  speaker.names.set(1, 'tor');
  speaker.states.set('tor', 'established');
  speaker.locRibEntries.push({
    prefix: parsePrefix('192.0.2.0/24'),
    candidates: [candidate('192.0.2.0/24', 1, { best: true }), candidate('192.0.2.0/24', 1, { lostBy: 'med' })],
  });
  speaker.locRibEntries.push({
    prefix: parsePrefix('2001:db8::/32'),
    candidates: [candidate('2001:db8::/32', 1, { ineligible: 'as-loop' })],
  });
  const document = resolved((await call('GET', '/openapi.json')).body as { paths: Paths });
  const seen = new Set<string>();
  for (const [method, path, template, body] of [
    ['GET', '/v1/status', '/v1/status'],
    ['GET', '/v1/health/live', '/v1/health/live'],
    ['GET', '/v1/health/ready', '/v1/health/ready'],
    ['GET', '/v1/events?limit=5', '/v1/events'],
    ['GET', '/metrics', '/metrics'],
    ['POST', '/v1/peers', '/v1/peers', { name: 'b', remoteAddress: '10.0.0.2', remoteAsn: 64513, password: 'x' }],
    ['GET', '/v1/peers', '/v1/peers'],
    ['GET', '/v1/peers/tor', '/v1/peers/{name}'],
    ['PATCH', '/v1/peers/b', '/v1/peers/{name}', { holdTimeS: 9 }],
    ['POST', '/v1/peers/tor/drain', '/v1/peers/{name}/drain', { drain: true }],
    ['POST', '/v1/peers/tor/reset', '/v1/peers/{name}/reset', { mode: 'soft' }],
    ['GET', '/v1/peers/tor/adj-rib-in?policy=before', '/v1/peers/{name}/adj-rib-in'],
    ['GET', '/v1/peers/tor/adj-rib-out', '/v1/peers/{name}/adj-rib-out'],
    ['DELETE', '/v1/peers/b', '/v1/peers/{name}'],
    ['POST', '/v1/peer-ranges', '/v1/peer-ranges', { name: 'r', prefix: '10.0.1.0/24', remoteAsn: 64513 }],
    ['GET', '/v1/peer-ranges', '/v1/peer-ranges'],
    ['GET', '/v1/peer-ranges/r', '/v1/peer-ranges/{name}'],
    ['PATCH', '/v1/peer-ranges/r', '/v1/peer-ranges/{name}', { limit: 9 }],
    ['DELETE', '/v1/peer-ranges/r', '/v1/peer-ranges/{name}'],
    ['GET', '/v1/routes', '/v1/routes'],
    ['GET', '/v1/routes/why?prefix=192.0.2.7', '/v1/routes/why'],
    ['GET', '/v1/fib', '/v1/fib'],
    ['POST', '/v1/originated', '/v1/originated', { prefix: '10.9.0.0/16', localPref: 7 }],
    ['GET', '/v1/originated', '/v1/originated'],
    ['DELETE', '/v1/originated/10.9.0.0%2F16', '/v1/originated/{prefix}'],
    ['PUT', '/v1/services/web', '/v1/services/{name}', { addresses: ['192.0.2.9'] }],
    ['GET', '/v1/services', '/v1/services'],
    ['DELETE', '/v1/services/web', '/v1/services/{name}'],
    ['POST', '/v1/bmp-collectors', '/v1/bmp-collectors', { name: 'c', address: '192.0.2.7', monitor: ['loc-rib'] }],
    ['GET', '/v1/bmp-collectors', '/v1/bmp-collectors'],
    ['GET', '/v1/bmp-collectors/c', '/v1/bmp-collectors/{name}'],
    ['DELETE', '/v1/bmp-collectors/c', '/v1/bmp-collectors/{name}'],
    ['GET', '/v1/pods', '/v1/pods'],
    ['POST', '/v1/mrt/dumps', '/v1/mrt/dumps'],
    ['GET', '/v1/mrt', '/v1/mrt'],
    ['GET', '/v1/cluster', '/v1/cluster'],
    ['POST', '/v1/plan', '/v1/plan', { resources: [] }],
    ['GET', '/v1/doctor', '/v1/doctor'],
    ['POST', '/v1/drain', '/v1/drain', { drain: true }],
    ['GET', '/v1/drain', '/v1/drain'],
    ['GET', '/v1/wireguard', '/v1/wireguard'],
    ['POST', '/v1/wireguard/rotate', '/v1/wireguard/rotate'],
    ['POST', '/v1/cluster/confirm', '/v1/cluster/confirm', { id: '00000000' }],
    ['PUT', '/v1/secrets/bgp', '/v1/secrets/{name}', { data: { tor: 'hunter2' } }],
    ['PATCH', '/v1/secrets/bgp', '/v1/secrets/{name}', { data: { spine: 'hunter3' } }],
    ['GET', '/v1/secrets', '/v1/secrets'],
    ['DELETE', '/v1/secrets/bgp', '/v1/secrets/{name}'],
    ['POST', '/v1/ipam/pools', '/v1/ipam/pools', { name: 'p6', cidr: 'fd00:10::/112', blockSize: 122 }],
    ['GET', '/v1/ipam/pools', '/v1/ipam/pools'],
    ['GET', '/v1/ipam/pools/p4', '/v1/ipam/pools/{name}'],
    ['PATCH', '/v1/ipam/pools/p4', '/v1/ipam/pools/{name}', { natOutgoing: true }],
    ['POST', '/v1/ipam/assignments', '/v1/ipam/assignments', { handle: 'pod-1', ipv4: 2, ipv6: 1 }],
    ['GET', '/v1/ipam/assignments?handle=pod-1', '/v1/ipam/assignments'],
    ['GET', '/v1/ipam/blocks?map=true', '/v1/ipam/blocks'],
    ['GET', '/v1/ipam/usage', '/v1/ipam/usage'],
    ['GET', '/v1/ipam/nodes', '/v1/ipam/nodes'],
    ['DELETE', '/v1/ipam/nodes/n9', '/v1/ipam/nodes/{name}'],
    ['GET', '/v1/ipam/addresses/10.244.0.1', '/v1/ipam/addresses/{address}'],
    ['GET', '/v1/ipam/config', '/v1/ipam/config'],
    ['PATCH', '/v1/ipam/config', '/v1/ipam/config', { leakGraceS: 600 }],
    ['PUT', '/v1/ipam/reservations/gw', '/v1/ipam/reservations/{name}', { cidrs: ['10.244.0.0/30'] }],
    ['GET', '/v1/ipam/reservations', '/v1/ipam/reservations'],
    ['DELETE', '/v1/ipam/reservations/gw', '/v1/ipam/reservations/{name}'],
    ['GET', '/v1/ipam/check', '/v1/ipam/check'],
    ['POST', '/v1/ipam/repair', '/v1/ipam/repair', { dryRun: true }],
    ['POST', '/v1/ipam/gc', '/v1/ipam/gc', { dryRun: true }],
    ['POST', '/v1/ipam/leaks/release', '/v1/ipam/leaks/release', { cluster: 'x', leaks: [] }],
    ['DELETE', '/v1/ipam/pools/p4?drain=true', '/v1/ipam/pools/{name}'],
    ['POST', '/v1/ipam/pools/p6/split', '/v1/ipam/pools/{name}/split', { parts: 2 }],
    ['DELETE', '/v1/ipam/assignments/pod-1', '/v1/ipam/assignments/{handle}'],
    ['DELETE', '/v1/ipam/pools/p6-0', '/v1/ipam/pools/{name}'],
    ['GET', '/v1/resources', '/v1/resources'],
    ['PUT', '/v1/resources/bgppeers/t', '/v1/resources/{kind}/{name}', TOR],
    ['PATCH', '/v1/resources/bgppeers/t', '/v1/resources/{kind}/{name}', { spec: { holdTime: '30s' } }],
    ['GET', '/v1/resources/bgppeers/t', '/v1/resources/{kind}/{name}'],
    ['GET', '/v1/resources/ippools', '/v1/resources/{kind}'],
    ['DELETE', '/v1/resources/bgppeers/t', '/v1/resources/{kind}/{name}'],
    ['GET', '/v1/schemas/bgppeer', '/v1/schemas/{kind}'],
    ['POST', '/v1/apply', '/v1/apply', { resources: [TOR, { kind: 'x' }], dryRun: true }],
    ['GET', '/v1/peers/nobody', '/v1/peers/{name}'],
    ['GET', '/v1/routes?limit=x', '/v1/routes'],
  ] as const) {
    const answer = await call(method, path, body);
    seen.add(`${method} ${template}`);
    const response = responseOf(document.paths[template]![method.toLowerCase()]!, answer.status);
    if (!t.ok(response, `${method} ${path} may answer ${answer.status}`)) continue;
    if (answer.status === 204 || path === '/metrics') continue;
    const schema = Object.values(response!.content ?? {})[0]!.schema;
    t.strictSame(
      checkValue(closed(schema), answer.body),
      [],
      `${method} ${path}: ${JSON.stringify(answer.body).slice(0, 300)}`,
    );
  }
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of Object.keys(operations))
      t.ok(seen.has(`${method.toUpperCase()} ${path}`), `${method} ${path} was tried`);
  }
});

t.test('schemas are there once, under their names, and whoever reads a resource is told its ETag', async (t) => {
  const { call, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  const document = (await call('GET', '/openapi.json')).body as { paths: Paths; components: { schemas: object } };
  const reference = (name: string): object => ({
    'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
  });
  t.match(document.paths['/v1/peers']!.post, {
    operationId: 'postPeers',
    requestBody: { content: reference('PeerSpec') },
    responses: { 201: { content: reference('Peer') } },
  });
  t.match(document.paths['/v1/peers/{name}']!.get, { responses: { 200: { headers: { ETag: { schema: {} } } } } });
  for (const name of ['Peer', 'PeerSpec', 'Problem', 'Status']) t.ok(name in document.components.schemas, name);
  t.strictSame(
    (JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? []).filter(
      (one) => !(one.split('/').at(-1)! in document.components.schemas),
    ),
    [],
    'nothing refers to what is not there',
  );
});

t.test('examples are taken as they are', async (t) => {
  const { call, close } = await setUp({ yaml: `${YAML}cluster: {}\n` });
  t.teardown(close);
  const { paths } = (await call('GET', '/openapi.json')).body as { paths: Paths };
  let tried = 0;
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { requestBody }] of Object.entries(operations)) {
      const example = requestBody?.content['application/json']?.example;
      if (example === undefined) continue;
      const place = path.replace('{name}', path.startsWith('/v1/peers') && method === 'patch' ? 'tor-a' : 'tor');
      const { status, body } = await call(method.toUpperCase(), place, example);
      t.ok(
        status < 300 || (body as { code: string }).code === 'ERR_AGENT_SESSION',
        `${method} ${place}: ${JSON.stringify(body)}`,
      );
      tried++;
    }
  }
  t.equal(tried, 12);
});

t.test('an empty body that is called JSON is none, where none is wanted', async (t) => {
  const { call, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  await call('POST', '/v1/originated', { prefix: '10.9.0.0/16' });
  t.equal((await call('DELETE', '/v1/originated/10.9.0.0%2F16', '')).status, 204);
  t.match(await call('POST', '/v1/originated', ''), { status: 400, body: { code: 'ERR_AGENT_BODY' } });
  t.match(await call('POST', '/v1/originated', '{"__proto__": 1}'), { status: 400, body: { code: 'ERR_AGENT_BODY' } });
});
