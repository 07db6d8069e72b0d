import { formatPrefix, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { candidate } from './routes-fixture.js';
import { setUp } from './set-up.js';

const YAML =
  'peers: [{ name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512 }, { name: b, remoteAddress: 10.0.0.2, remoteAsn: 64513 }]';

t.test('the decision is told in sentences, for a prefix and for an address', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  speaker.names.set(1, 'tor').set(2, 'b');
  speaker.locRibEntries.push({
    prefix: parsePrefix('192.0.2.0/24'),
    candidates: [
      candidate('192.0.2.0/24', 1, { best: true }),
      candidate('192.0.2.0/24', 2, { lostBy: 'as-path-length', multipath: false }),
      candidate('192.0.2.0/24', 2, { ineligible: 'next-hop-unreachable' }),
    ],
  });
  for (const asked of ['192.0.2.0/24', '192.0.2.200']) {
    const { status, body } = await call('GET', `/v1/routes/why?prefix=${encodeURIComponent(asked)}`);
    t.equal(status, 200);
    t.match(body, {
      prefix: '192.0.2.0/24',
      explanation: [
        'The route of tor through 10.0.0.254 is best',
        'The route of b through 10.0.0.254 lost: a shorter AS path won (RFC 4271 section 9.1.2.2 a)',
        'The route of b through 10.0.0.254 is not eligible: its next hop cannot be reached (RFC 4271 section 9.1.2.1)',
      ],
      candidates: [
        {
          peer: 'tor',
          best: true,
          attributes: { asPathText: '64512 65001 {65002 65003}', communities: ['no-export', '65000:7'] },
        },
      ],
    });
  }
  t.match((await call('GET', '/v1/routes/why?prefix=198.51.100.1')).body, { status: 404, code: 'ERR_AGENT_NOT_FOUND' });
  t.match((await call('GET', '/v1/routes/why?prefix=192.0.2.64%2F26')).body, {
    status: 404,
    detail: 'no route for 192.0.2.64/26 was ever received or announced; 192.0.2.0/24 holds it',
  });
  t.match((await call('GET', '/v1/routes/why?prefix=198.51.100.1%2F24')).body, {
    status: 400,
    errors: [{ pointer: 'prefix', detail: /the prefix is 198\.51\.100\.0\/24/ }],
  });
  t.match((await call('GET', '/v1/routes/why')).body, { status: 400, detail: /"prefix" is missing/ });
});

t.test('pages of both families are one list without gaps and repetitions', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  speaker.names.set(1, 'tor');
  const prefixes = [
    ...Array.from({ length: 7 }, (_, i) => `10.${i}.0.0/16`),
    ...Array.from({ length: 5 }, (_, i) => `2001:db8:${i + 1}::/48`),
  ].map(parsePrefix);
  for (const prefix of prefixes)
    speaker.locRibEntries.push({ prefix, candidates: [candidate(formatPrefix(prefix), 1, { best: true })] });
  for (const path of ['/v1/routes?', '/v1/peers/tor/adj-rib-in?', '/v1/peers/tor/adj-rib-out?']) {
    for (const limit of [1, 3, 7, 12, 100]) {
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await call('GET', `${path}limit=${limit}${cursor}`);
        const page = body as { routes: { prefix: string }[]; nextCursor?: string };
        t.ok(page.routes.length <= limit);
        seen.push(...page.routes.map(({ prefix }) => prefix));
        cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
      } while (cursor);
      t.strictSame(seen, prefixes.map(formatPrefix), `${path} by ${limit}`);
    }
  }
  t.match((await call('GET', '/v1/routes?cursor=9.1')).body, { status: 400, errors: [{ pointer: 'cursor' }] });
  t.match((await call('GET', '/v1/routes?prefix=10.1.0.0%2F16&family=ipv6-unicast')).body, {
    status: 400,
    errors: [{ pointer: 'family' }],
  });
  t.match((await call('GET', '/v1/routes?prefix=10.0.0.0%2F8&longer=true')).body, { routes: { length: 7 } });
  t.match((await call('GET', '/v1/routes?family=ipv6-unicast')).body, { routes: { length: 5 } });
});

t.test('what no path is, no method is, and no JSON is', async (t) => {
  const { call, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  for (const [method, path, body, status, code] of [
    ['GET', '/v2/peers', undefined, 404, 'ERR_AGENT_NO_ROUTE'],
    ['PUT', '/v1/peers/tor', undefined, 405, 'ERR_AGENT_METHOD'],
    ['POST', '/v1/peers', '{"name": ', 400, 'ERR_AGENT_BODY'],
    ['POST', '/v1/peers', undefined, 400, 'ERR_AGENT_VALIDATION'],
    ['POST', '/v1/peers', `"${'x'.repeat(1024 * 1024)}"`, 413, 'ERR_AGENT_BODY_TOO_LARGE'],
    ['GET', '/v1/routes?limit=0', undefined, 400, 'ERR_AGENT_VALIDATION'],
    ['GET', '/v1/routes?limits=5', undefined, 400, 'ERR_AGENT_VALIDATION'],
    ['GET', '/v1/%zz', undefined, 400, 'ERR_AGENT_VALIDATION'],
    ['DELETE', '/v1/originated/10.0.0.1%2F8', undefined, 400, 'ERR_AGENT_VALIDATION'],
  ] as const) {
    const answer = await call(method, path, body);
    t.match(answer.body, { status, code, type: `urn:tortie:problem:${code}` }, `${method} ${path}`);
    t.equal(answer.status, status);
    t.match(answer.headers['content-type'], /^application\/problem\+json/);
    if (status === 405) t.equal(answer.headers.allow, 'GET, PATCH, DELETE');
  }
  const form = await call('POST', '/v1/peers', 'name=x', { 'content-type': 'application/x-www-form-urlencoded' });
  t.match(form.body, { status: 415, code: 'ERR_AGENT_MEDIA_TYPE', detail: /content-type: application\/json/ });
});

t.test('why says which term of which policy decided, on the way in and on the way out', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  for (const [i, name] of ['tor', 'b', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'].entries())
    speaker.names.set(i + 1, name);
  const by = (verdict: 'accept' | 'reject', name?: string, ...passed: string[]) => ({
    verdict,
    decided: name === undefined ? undefined : { index: 1, name },
    passed: passed.map((each) => ({ index: 0, name: each })),
  });
  speaker.locRibEntries.push({
    prefix: parsePrefix('192.0.2.0/24'),
    candidates: [
      candidate('192.0.2.0/24', 1, { best: true, importPolicy: by('accept', 'pools', 'import[0]') }),
      candidate('192.0.2.0/24', 2, { lostBy: 'med', importPolicy: by('accept') }),
      candidate('192.0.2.0/24', 2, { ineligible: 'rejected-by-policy', importPolicy: by('reject', 'own blocks') }),
      candidate('192.0.2.0/24', 2, { ineligible: 'as-loop', importPolicy: by('accept', 'pools') }),
    ],
  });
  speaker.exported.push(
    { peer: 1, fate: 'source', exportPolicy: undefined },
    { peer: 2, fate: 'rejected-by-policy', exportPolicy: by('reject', 'export[1]') },
    ...[3, 4, 5, 6, 7, 8, 9].map((peer) => ({ peer, fate: 'advertised' as const, exportPolicy: undefined })),
  );
  const { body } = await call('GET', '/v1/routes/why?prefix=192.0.2.0%2F24');
  t.match(body, {
    explanation: [
      'The route of tor through 10.0.0.254 is best; the import policy accepted it: "import[0]" went on, "pools" decided',
      'The route of b through 10.0.0.254 lost: a lower MED of the same neighbouring AS won (RFC 4271 section 9.1.2.2 c); the import policy accepted it: no term decided',
      'The route of b through 10.0.0.254 is not eligible: the import policy refused it: "own blocks" decided',
      'The route of b through 10.0.0.254 is not eligible: our own AS is in its AS path (RFC 4271 section 9.1.2)',
      'Not advertised to b: the export policy refused it: "export[1]" decided',
      'Advertised to c1, c2, c3, c4, c5 and 2 more',
    ],
    candidates: [
      { policy: { verdict: 'accept', term: 'pools', passed: ['import[0]'] } },
      { policy: { verdict: 'accept' } },
      { policy: { verdict: 'reject', term: 'own blocks' } },
      {},
    ],
    exports: [
      { peer: 'tor', advertised: false, reason: 'source' },
      { peer: 'b', advertised: false, reason: 'rejected-by-policy', policy: { verdict: 'reject', term: 'export[1]' } },
      { peer: 'c1', advertised: true },
    ],
  });
});
