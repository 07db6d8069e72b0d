/** /v1/apply, whatever store is behind it. */
import type { Test } from 'tap';
import { type OpenStore, setUp } from './set-up.js';

const resource = (kind: string, name: string, spec: object) => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name },
  spec,
});
const POOL = resource('IPPool', 'p4', { cidr: '10.244.0.0/16' });
const TOR = resource('BGPPeer', 'tor', { peerIP: '192.0.2.1', asNumber: 64512, filters: ['f'] });
const FILTER = resource('BGPFilter', 'f', { importV4: [{ action: 'Accept' }] });

interface Answer {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly results: readonly { readonly result: string }[];
}

/** Each with a store of its own. */
export function applyCases(t: Test, openStore: OpenStore): void {
  t.test('many resources at once: created, configured, unchanged', async (t) => {
    const { call, close, agent } = await setUp({ store: await openStore() });
    t.teardown(close);
    const apply = async (resources: unknown[], dryRun = false): Promise<Answer> =>
      (await call('POST', '/v1/apply', { resources, dryRun })).body as Answer;

    const dry = await apply([TOR, POOL, FILTER], true);
    t.match(dry, { ok: true, dryRun: true, counts: { created: 3 } });
    t.match(await call('GET', '/v1/resources/bgppeers'), { body: { items: [] } }, 'a dry run changes nothing');
    t.equal(await agent.agent.ipam.pools.get('p4'), undefined);

    t.match(await apply([TOR, POOL, FILTER]), {
      ok: true,
      counts: { created: 3 },
      results: [
        { kind: 'BGPPeer', name: 'tor', result: 'created', after: { spec: TOR.spec } },
        { kind: 'IPPool' },
        { kind: 'BGPFilter' },
      ],
    });
    const order = agent.agent.journal.events.read({ kind: 'resource' }).events.map(({ subject }) => subject);
    t.strictSame(order, ['IPPool/p4', 'BGPFilter/f', 'BGPPeer/tor'], 'what others name comes first');
    t.match(await apply([TOR, POOL, FILTER]), { ok: true, counts: { unchanged: 3, created: 0, configured: 0 } });
    const other = { ...TOR, spec: { ...TOR.spec, holdTime: '30s' } };
    const changed = await apply([other, POOL]);
    t.match(changed, {
      results: [
        { result: 'configured', before: { spec: TOR.spec }, after: { spec: { holdTime: '30s' } } },
        { result: 'unchanged' },
      ],
    });
  });

  t.test('lists are what they have, as exports of calicoctl are', async (t) => {
    const { call, close, agent } = await setUp({ store: await openStore() });
    t.teardown(close);
    const { apiVersion } = POOL;
    const { kind: _kind, apiVersion: _version, ...bare } = TOR;
    const list = (kind: string, ...items: unknown[]) => ({ apiVersion, kind, items });
    const resources = [list('List', POOL, list('BGPPeerList', bare)), FILTER, list('BGPFilterList')];
    t.match((await call('POST', '/v1/apply', { resources })).body, {
      ok: true,
      counts: { created: 3 },
      results: [
        { kind: 'IPPool', at: '/0/items/0' },
        { kind: 'BGPPeer', name: 'tor', at: '/0/items/1/items/0', after: { spec: TOR.spec } },
        { kind: 'BGPFilter', at: undefined },
      ],
    });
    t.ok(await agent.agent.ipam.pools.get('p4'));
    t.match((await call('POST', '/v1/apply', { resources: [list('List', TOR), TOR] })).body, {
      results: [{ result: 'skipped' }, { faults: [{ message: /is there twice/ }] }],
    });
    const many = list('List', ...Array.from({ length: 5001 }, () => TOR));
    t.match(await call('POST', '/v1/apply', { resources: [many, many] }), {
      status: 400,
      body: {
        errors: [{ pointer: '/resources', detail: /10002 resources with those of lists, expected at most 10000/ }],
      },
    });
    const deep = `${'{"apiVersion":"projectcalico.org/v3","kind":"List","items":['.repeat(100_000)}{}${']}'.repeat(100_000)}`;
    t.match(await call('POST', '/v1/apply', `{"resources":[${deep}]}`), {
      status: 200,
      body: { counts: { invalid: 1 }, results: [{ faults: [{ pointer: '/kind' }] }] },
    });
  });

  t.test('where one is not valid nothing is done, and each says what is wrong', async (t) => {
    const { call, close, agent } = await setUp({
      store: await openStore(),
      yaml: 'pools: [{ name: old, cidr: 10.0.0.0/16 }]\n',
    });
    t.teardown(close);
    const wrong = resource('BGPPeer', 'b', { peerIP: '192.0.2.1', asNumbr: 1 });
    const overlap = resource('IPPool', 'p5', { cidr: '10.0.128.0/17' });
    const { body } = await call('POST', '/v1/apply', { resources: [POOL, wrong, overlap, { kind: 'Pod' }, POOL] });
    t.match(body, {
      ok: false,
      counts: { skipped: 1, invalid: 4 },
      results: [
        { name: 'p4', result: 'skipped' },
        {
          name: 'b',
          result: 'invalid',
          faults: [
            { pointer: '/spec/asNumbr', message: 'unknown field "asNumbr"', suggestion: 'asNumber', atKey: true },
          ],
        },
        { name: 'p5', faults: [{ pointer: '/spec/cidr', message: /overlaps/ }] },
        { faults: [{ message: '"apiVersion" is missing' }, { pointer: '/kind' }] },
        { faults: [{ pointer: '/metadata/name', message: /is there twice, at 0 and at 4/ }] },
      ],
    });
    t.equal(await agent.agent.ipam.pools.get('p4'), undefined);
  });

  t.test('one that fails keeps no other from being applied', async (t) => {
    const { call, close, agent } = await setUp({ store: await openStore() });
    t.teardown(close);
    // Each is fine by itself and beside what is there; together they are not.
    const inside = resource('IPPool', 'p5', { cidr: '10.244.128.0/17' });
    const { body } = await call('POST', '/v1/apply', { resources: [POOL, inside, TOR] });
    t.match(body, {
      ok: false,
      counts: { created: 2 },
      results: [{ result: 'created' }, { result: /invalid|failed/ }, { result: 'created' }],
    });
    t.ok(await agent.agent.ipam.pools.get('p4'));
    t.equal(await agent.agent.ipam.pools.get('p5'), undefined);
  });

  t.test('a body beyond the common limit is taken, one beyond its own is not', async (t) => {
    const { call, close } = await setUp({ store: await openStore() });
    t.teardown(close);
    const annotated = (octets: number) =>
      Array.from({ length: octets / 50_000 }, (_, index) => ({
        ...TOR,
        metadata: { name: `tor-${index}`, annotations: { text: 'x'.repeat(50_000) } },
      }));
    t.match(await call('POST', '/v1/apply', { resources: annotated(2_000_000), dryRun: true }), {
      status: 200,
      body: { ok: true, counts: { created: 40 } },
    });
    t.match(await call('POST', '/v1/apply', { resources: annotated(17_000_000) }), { status: 413 });
  });
}
