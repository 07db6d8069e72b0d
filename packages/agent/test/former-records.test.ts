/**
 * Records of other versions of this program: those that commit 277e12c wrote, which are its API's and address management's, and
 * such as a later one may write.
 */
import { readFileSync } from 'node:fs';
import { formatAddress } from '@tortie/ip';
import { MemoryStore, parseDump, type Store } from '@tortie/store';
import t from 'tap';
import { setUp } from './rest/set-up.js';
import { until } from './until.js';

const FIXTURE = new URL('../../test/fixtures/store-277e12c.jsonl', import.meta.url);

async function formerStore(): Promise<Store> {
  const store = new MemoryStore();
  for (const { key, value } of parseDump(readFileSync(FIXTURE, 'utf8')).entries) await store.create(key, value);
  return store;
}

t.test('what 277e12c wrote is read as it was meant, and written over only where something changes', async (t) => {
  const store = await formerStore();
  const before = new Map((await store.list('/')).entries.map(({ key, value }) => [key, value]));
  const { call, close, agent } = await setUp({ store, claim: true });
  t.teardown(close);
  const get = async (path: string): Promise<unknown> => (await call('GET', path)).body;
  t.match(await get('/v1/peers/tor'), { spec: { remoteAsn: 65000 }, passwordSet: true, origin: 'api' });
  t.match(await get('/v1/peer-ranges'), { peerRanges: [{ spec: { name: 'rack', prefix: '192.0.2.128/25' } }] });
  t.match(JSON.stringify(await get('/v1/originated')), /"198\.51\.100\.0\/24","origin":"api"/);
  t.match(await get('/v1/bmp-collectors'), { collectors: [{ spec: { name: 'station', port: 11019 } }] });
  for (const [path, spec] of [
    ['bgppeers/rr', { nodeSelector: 'all()', peerSelector: 'has(rr)', filters: ['f'] }],
    ['bgpfilters/f', { importV4: [{ action: 'Accept' }] }],
    ['bgpconfigurations/default', { nodeToNodeMeshEnabled: false }],
    ['nodes/n1', { bgp: { routeReflectorClusterID: '1.0.0.1' } }],
    ['ippools/p5', { cidr: '10.245.0.0/24', natOutgoing: true }],
    ['ipreservations/gateways', { reservedCIDRs: ['10.244.255.0/30'] }],
    ['ipamconfigurations/default', { ipCooldownSeconds: 30 }],
    ['nodestatuses/n1', { node: 'n1', asn: 64513 }],
  ] as const) {
    t.match(await get(`/v1/resources/${path}`), { spec }, path);
  }
  t.match(await get('/v1/ipam/check'), { ok: true, findings: [], assignments: 5 });
  const { ipam } = agent.agent;
  const again = await ipam.assign({ node: 'n1', handle: 'pod-1', count4: 1, count6: 1 });
  t.match(
    again.map(({ address, owner }) => [formatAddress(address), owner]),
    [
      [/^10\.244\./, { pod: 'web', namespace: 'default' }],
      [/^fd00:/, { pod: 'web', namespace: 'default' }],
    ],
  );
  t.equal((await ipam.blocksOf('n1')).length, 3, 'no other block is claimed');
  t.equal((await ipam.release({ handle: 'borrower' })).length, 1);
  t.equal((await ipam.assign({ node: 'n1', handle: 'new', count4: 1 })).length, 1);
  t.match(await get('/v1/ipam/check'), { ok: true });

  const touched = /^\/agent\/nodes\/|^\/cluster\/nodestatuses\/|^\/ipam\/(blocks|handles|identity)/;
  const after = new Map((await store.list('/')).entries.map(({ key, value }) => [key, value]));
  for (const [key, value] of before) if (!touched.test(key)) t.strictSame(after.get(key), value, `${key} is untouched`);
});

t.test('what a later version wrote with another number is refused by name, and nothing else with it', async (t) => {
  const store = await formerStore();
  for (const key of [
    '/agent/peers/n1/later',
    '/agent/peer-ranges/n1/later',
    '/agent/bmp/n1/later',
    '/agent/originated/n1/203.0.113.0/24',
  ]) {
    await store.create(key, { recordVersion: 2, name: 'later', remoteAddress: { of: 'another kind' } });
  }
  const { call, close, agent } = await setUp({ store });
  t.teardown(close);
  const refusal = /"later" was written by a newer Tortie \(version 2, this one reads up to 1\); update this agent/;
  const errorOf = async (path: string): Promise<string | undefined> =>
    ((await call('GET', path)).body as { error?: string }).error;
  t.match(await errorOf('/v1/peers/later'), refusal);
  t.match(await errorOf('/v1/peer-ranges/later'), refusal);
  t.match(await errorOf('/v1/bmp-collectors/later'), refusal);
  t.match(agent.agent.status().warnings.join('\n'), refusal);
  t.ok(
    agent.agent.speaker.peers().some(({ name }) => name === 'tor'),
    'the others are in force',
  );
  t.notOk(agent.agent.speaker.peers().some(({ name }) => name === 'later'));
  t.match(await call('PATCH', '/v1/peers/later', { holdTimeS: 9 }), {
    status: 409,
    body: { code: 'ERR_AGENT_RECORD' },
  });
  t.match((await store.get('/agent/peers/n1/later'))!.value, { recordVersion: 2 });
  const announced = JSON.stringify((await call('GET', '/v1/originated')).body);
  t.match(announced, '198.51.100.0/24');
  t.notMatch(announced, '203.0.113.0/24');
  await until('the refused prefix to be told', async () =>
    agent.agent.journal.events
      .read({})
      .events.some(({ text }) => /203\.0\.113\.0\/24" was written by a newer/.test(text)),
  );
});
