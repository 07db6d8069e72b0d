/** /v1/resources, whatever store is behind it. Longer than other files: a case for each thing that the interface promises. */
import { comparePrefixes, parsePrefix } from '@tortie/ip';
import type { Store } from '@tortie/store';
import { interceptStore, type StoreCall } from '@tortie/store/testing';
import type { Test } from 'tap';
import type { BlockPage } from '../../src/api/ipam.js';
import { type OpenStore, setUp } from './set-up.js';

const TOR = { peerIP: '192.0.2.1', asNumber: 64512 };
const document = (kind: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name, ...metadata },
  spec,
});

/** Each with a store of its own. */
export function resourceCases(t: Test, openStore: OpenStore): void {
  t.test('a resource is made, read, changed and deleted under its revision', async (t) => {
    const { call, close, agent } = await setUp({ store: await openStore() });
    t.teardown(close);
    const path = '/v1/resources/bgppeers/tor';
    t.match(await call('GET', path), { status: 404, body: { detail: 'there is no BGPPeer "tor"' } });
    const made = await call('PUT', path, document('BGPPeer', 'tor', TOR, { labels: { rack: 'r1' } }));
    t.match(made, {
      status: 201,
      body: {
        result: 'created',
        resource: { kind: 'BGPPeer', metadata: { labels: { rack: 'r1' } }, spec: TOR },
        warnings: [],
      },
    });
    const { etag } = made.headers as { etag: string };
    const read = await call('GET', '/v1/resources/BGPPeer/tor');
    t.equal(read.headers.etag, etag);
    t.match((read.body as { metadata: object }).metadata, {
      creationTimestamp: /^20/,
      resourceVersion: etag.slice(1, -1),
    });
    t.match(await call('PUT', path, read.body), { status: 200, body: { result: 'unchanged' }, headers: { etag } });
    t.match(await call('PUT', path, document('BGPPeer', 'tor', { ...TOR, asNumber: '64513' }), { 'if-match': '"0"' }), {
      status: 412,
    });
    t.match(await call('PUT', path, document('BGPPeer', 'tor', TOR), { 'if-none-match': '*' }), { status: 412 });
    t.match(await call('PUT', `${path}?dryRun=true`, document('BGPPeer', 'tor', { ...TOR, asNumber: '64513' })), {
      status: 200,
      body: { result: 'configured', resource: { spec: { asNumber: 64513 } } },
    });
    t.match(await call('GET', path), { headers: { etag } }, 'a dry run changes nothing');
    const patched = await call(
      'PATCH',
      path,
      { spec: { holdTime: '30s' }, metadata: { labels: { rack: null } } },
      { 'if-match': etag },
    );
    t.match(patched, { status: 200, body: { result: 'configured', resource: { spec: { ...TOR, holdTime: '30s' } } } });
    t.notOk('labels' in (patched.body as { resource: { metadata: object } }).resource.metadata);
    t.match(await call('DELETE', path, undefined, { 'if-match': etag }), { status: 412 });
    t.match(await call('DELETE', `${path}?dryRun=true`), { status: 204 });
    t.match(await call('DELETE', path), { status: 204 });
    t.match(await call('GET', path), { status: 404 });
    const events = agent.agent.journal.events.read({ kind: 'resource' }).events.map(({ text }) => text);
    t.strictSame(events, ['BGPPeer "tor" created', 'BGPPeer "tor" configured', 'BGPPeer "tor" deleted']);
  });

  t.test('what cannot be is answered with the place and what would be right', async (t) => {
    const { call, close } = await setUp({ store: await openStore() });
    t.teardown(close);
    t.match(await call('PUT', '/v1/resources/bgppeers/tor', document('BGPPeer', 'tor', { peerIP: 'x', asNumber: 0 })), {
      status: 400,
      body: {
        code: 'ERR_AGENT_VALIDATION',
        errors: [{ pointer: '/spec/peerIP' }, { pointer: '/spec/asNumber', detail: /is 0, expected a whole number/ }],
      },
    });
    t.match(await call('PUT', '/v1/resources/bgppeers/tor', document('BGPPeer', 'rot', TOR)), {
      status: 400,
      body: { errors: [{ pointer: '/metadata/name', detail: 'is "rot", but the path says "tor"' }] },
    });
    t.match(await call('PUT', '/v1/resources/bgppeers/tor', document('BGPFilter', 'tor', {})), {
      status: 400,
      body: { errors: [{ pointer: '/kind' }] },
    });
    t.match(await call('GET', '/v1/resources/bgppears'), { status: 404, body: { detail: /did you mean "bgppeers"/ } });
    t.match(await call('PUT', '/v1/resources/blocks/a', {}), { status: 405, body: { code: 'ERR_AGENT_READ_ONLY' } });
    t.match(await call('GET', '/v1/resources/bgppeers?labelSelector=rack'), { status: 400 });
  });

  t.test('pools, reservations and settings are those of address management', async (t) => {
    const { call, close, agent } = await setUp({
      store: await openStore(),
      yaml: 'pools: [{ name: p4, cidr: 10.244.0.0/16 }]\n',
    });
    t.teardown(close);
    const { ipam } = agent.agent;
    const pool = await call('GET', '/v1/resources/ippools/p4');
    t.match(pool.body, { spec: { cidr: '10.244.0.0/16', blockSize: 26, nodeSelector: 'all()', ipipMode: 'Never' } });
    t.match(await call('PUT', '/v1/resources/ippools/p4', pool.body), { body: { result: 'unchanged' } });
    const next = { ...(pool.body as object), spec: { cidr: '10.244.0.0/16', natOutgoing: true, ipipMode: 'Always' } };
    const labelled = { ...next, metadata: { name: 'p4', labels: { site: 'a' } } };
    t.match((await call('PUT', '/v1/resources/ippools/p4', labelled)).body, {
      result: 'configured',
      resource: { metadata: { labels: { site: 'a' } }, spec: { natOutgoing: true, ipipMode: 'Always' } },
      warnings: [],
    });
    t.match(await ipam.pools.get('p4'), { natOutgoing: true, blockSize: 26 });
    const pools = (await call('GET', '/v1/ipam/pools')).body as { pools: object[] };
    t.match(pools, { pools: [{ name: 'p4', natOutgoing: true }] });
    t.notOk('notes' in pools.pools[0]!, 'what is kept for resources is not shown there');
    const ours = { cidr: '10.244.0.0/16', wireguardMode: 'Always', hostGateway: true };
    t.notOk('wireguardMode' in (pool.body as { spec: object }).spec, 'what Calico does not know is left out');
    t.match(await call('PUT', '/v1/resources/ippools/p4', document('IPPool', 'p4', ours)), {
      body: { resource: { spec: { wireguardMode: 'Always', hostGateway: true } } },
    });
    t.match(await ipam.pools.get('p4'), { wireguardMode: 'Always', hostGateway: true });
    const without = document('IPPool', 'p4', { cidr: '10.244.0.0/16' });
    t.match(await call('PUT', '/v1/resources/ippools/p4', without), { body: { result: 'configured' } });
    t.match(await ipam.pools.get('p4'), { wireguardMode: 'Never', hostGateway: false });
    const said = document('IPPool', 'p4', { cidr: '10.244.0.0/16', wireguardMode: 'Never', hostGateway: false });
    t.match(await call('PUT', '/v1/resources/ippools/p4', said), { body: { result: 'unchanged' } });
    t.match(await call('PUT', '/v1/resources/ippools/p4', document('IPPool', 'p4', { cidr: '10.245.0.0/16' })), {
      status: 400,
      body: { errors: [{ pointer: '/spec/cidr', detail: /never changes, and is 10\.244\.0\.0\/16/ }] },
    });
    t.match(await call('PUT', '/v1/resources/ippools/p5', document('IPPool', 'p5', { cidr: '10.244.128.0/17' })), {
      status: 400,
      body: { errors: [{ pointer: '/spec/cidr', detail: /overlaps 10\.244\.0\.0\/16 of pool "p4"/ }] },
    });
    await ipam.assignAddress({ node: 'n1', handle: 'h', address: parsePrefix('10.244.0.7/32') });
    t.match(await call('DELETE', '/v1/resources/ippools/p4'), { status: 409, body: { code: 'ERR_IPAM_POOL_IN_USE' } });
    await ipam.release({ handle: 'h' });
    t.match(await call('DELETE', '/v1/resources/ippools/p4'), { status: 204 });
    t.equal(await ipam.pools.get('p4'), undefined);

    const reserved = document('IPReservation', 'gateways', { reservedCIDRs: ['10.0.0.0/30', '10.0.0.9'] });
    t.match((await call('PUT', '/v1/resources/ipreservations/gateways', reserved)).body, { result: 'created' });
    t.match((await call('PUT', '/v1/resources/ipreservations/gateways', reserved)).body, { result: 'unchanged' });
    t.equal((await ipam.reservations())[0]?.cidrs.length, 2);
    t.match(await call('DELETE', '/v1/resources/ipreservations/gateways'), { status: 204 });
    t.strictSame(await ipam.reservations(), []);

    const settings = '/v1/resources/ipamconfig/default';
    t.match((await call('GET', settings)).body, { spec: { strictAffinity: false, ipCooldownSeconds: 60 } });
    const strict = document('IPAMConfiguration', 'default', { strictAffinity: true, autoAllocateBlocks: true });
    t.match((await call('PUT', settings, strict)).body, { result: 'created' });
    t.match((await call('PUT', settings, strict)).body, { result: 'unchanged' });
    t.match(await ipam.config(), { strictAffinity: true, cooldownS: 60 });
    t.match(await call('DELETE', settings), { status: 204 });
    t.match(await ipam.config(), { strictAffinity: false });
  });

  t.test('lists are ordered, paged and selected', async (t) => {
    const { call, close } = await setUp({ store: await openStore() });
    t.teardown(close);
    for (const [name, rack] of [
      ['b', 'r2'],
      ['a', 'r1'],
      ['c', 'r1'],
    ] as const) {
      await call('PUT', `/v1/resources/bgppeers/${name}`, document('BGPPeer', name, TOR, { labels: { rack } }));
    }
    const names = async (query: string): Promise<readonly string[]> => {
      const { body } = await call('GET', `/v1/resources/bgpp${query}`);
      return (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
    };
    t.strictSame(await names(''), ['a', 'b', 'c']);
    t.strictSame(await names(`?labelSelector=${encodeURIComponent("rack == 'r1'")}`), ['a', 'c']);
    t.strictSame(await names('?limit=2'), ['a', 'b']);
    t.match(await call('GET', '/v1/resources/bgpp?limit=2'), { body: { kind: 'BGPPeerList', nextCursor: 'b' } });
    t.strictSame(await names('?limit=2&cursor=b'), ['c']);
  });

  t.test('what nodes write is read page by page, each page costing what it has', async (t) => {
    const calls: StoreCall[] = [];
    const counted = interceptStore(await openStore(), { before: (call) => void calls.push(call) });
    const listed: number[] = [];
    const store: Store = {
      ...counted,
      async list(prefix, part) {
        const listing = await counted.list(prefix, part);
        listed.push(listing.entries.length);
        return listing;
      },
    };
    const { call, close, agent } = await setUp({ store, yaml: 'pools: [{ name: p4, cidr: 10.244.0.0/16 }]\n' });
    t.teardown(close);
    const { ipam } = agent.agent;
    for (let at = 0; at < 120; at++) await ipam.assign({ node: `n-${at % 30}`, handle: `k8s.io/pod-${at}`, count4: 1 });
    await store.create('/ipam/handles/k8s.io%2Fpod-999', { recordVersion: 9 });
    for (let at = 0; at < 20; at++) await store.create(`/agent/nodes/n-${at}`, { name: `n-${at}`, asn: 64512 });
    for (let at = 10; at < 40; at++) {
      await call(
        'PUT',
        `/v1/resources/nodes/n-${at}`,
        document('Node', `n-${at}`, {}, { labels: { odd: `${at % 2}` } }),
      );
    }
    interface Page {
      readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly spec: Record<string, unknown>;
      }[];
      readonly problems: readonly string[];
      readonly nextCursor?: string;
    }
    const readAll = async (
      kind: string,
      limit: number,
      query = '',
    ): Promise<{ items: Page['items']; pages: Page[] }> => {
      const pages: Page[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; cursor = pages.at(-1)!.nextCursor) {
        const at = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const { status, body } = await call('GET', `/v1/resources/${kind}?limit=${limit}${at}${query}`);
        t.equal(status, 200);
        pages.push(body as Page);
      }
      return { items: pages.flatMap(({ items }) => items), pages };
    };
    for (const [kind, count] of [
      ['ipamhandles', 120],
      ['ipamblocks', 30],
      ['blockaffinities', 30],
      ['nodes', 41],
      ['nodestatuses', 21],
    ] as const) {
      await call('GET', `/v1/resources/${kind}?limit=1`);
      calls.length = listed.length = 0;
      const { items, pages } = await readAll(kind, 7);
      t.equal(new Set(items.map(({ metadata }) => metadata.name)).size, count, kind);
      t.equal(items.length, count, 'none twice');
      t.ok(pages.every((page) => page.items.length <= 7));
      t.ok(Math.max(...listed) <= 7, `${kind}: never more than a page is listed`);
      t.ok(calls.length < pages.length * 20, `${calls.length} calls for ${pages.length} pages`);
      const one = items.at(-2)!;
      const path = `/v1/resources/${kind}/${encodeURIComponent(one.metadata.name)}`;
      t.match((await call('GET', path)).body, { metadata: { name: one.metadata.name }, spec: one.spec });
      t.ok(Math.max(...listed) <= 7, `${kind}: nor for one of them`);
    }
    calls.length = listed.length = 0;
    const seen: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { body } = await call('GET', `/v1/ipam/assignments?limit=7${cursor && `&cursor=${cursor}`}`);
      const page = body as { assignments: { address: string }[]; nextCursor?: string };
      seen.push(...page.assignments.map(({ address }) => address));
      cursor = page.nextCursor;
    }
    t.equal(new Set(seen).size, 120);
    const numbers = seen.map((address) => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0));
    t.strictSame(
      numbers,
      [...numbers].sort((x, y) => x - y),
      'in the order of their addresses, none twice',
    );
    t.strictSame(listed, [], 'nothing is listed for them');

    const blocks: string[] = [];
    const pages: number[] = [];
    for (let query = '?limit=7'; query !== ''; ) {
      const { body } = await call('GET', `/v1/ipam/blocks${query}`);
      const page = body as BlockPage;
      pages.push(page.blocks.length);
      for (const { cidr, state, node } of page.blocks) {
        blocks.push(cidr);
        if (node !== undefined) t.equal(state, 'confirmed', cidr);
      }
      query = page.nextCursor === undefined ? '' : `?limit=7&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    t.equal(new Set(blocks).size, 30, 'every block, none twice');
    t.strictSame(
      blocks,
      [...blocks].sort((x, y) => comparePrefixes(parsePrefix(x), parsePrefix(y))),
      'in the order of their addresses',
    );
    t.ok(pages.length > 2 && pages.every((count) => count <= 7), `pages of ${pages.join(', ')}`);
    listed.length = 0;
    const ofNode = (await call('GET', '/v1/ipam/blocks?limit=1&node=n-3')).body as BlockPage;
    t.match(ofNode.blocks, [{ node: 'n-3' }]);
    t.strictSame(listed, [], 'nothing is listed for those of a node');
    t.match((await call('GET', '/v1/ipam/blocks?cursor=nonsense')).body, { status: 400, code: 'ERR_AGENT_VALIDATION' });

    const handles = await readAll('ipamhandles', 50);
    t.match(handles.items[0], { spec: { addresses: [/^10\.244\./], node: /^n-/ } });
    t.match(
      handles.pages.flatMap(({ problems }) => problems),
      [/pod-999 has version 9/],
      'one that cannot be read hides no other',
    );
    const odd = await readAll('nodes', 10, `&labelSelector=${encodeURIComponent("odd == '1'")}`);
    t.equal(odd.items.length, 15);
  });

  t.test('what a newer agent wrote is told of, not read, and not written over', async (t) => {
    const store = await openStore();
    await store.create('/cluster/bgppeers/tor', { recordVersion: 2, metadata: {}, spec: {} });
    const { call, close } = await setUp({ store });
    t.teardown(close);
    t.match(await call('GET', '/v1/resources/bgppeers'), {
      body: { items: [], problems: [/written by a newer Tortie/] },
    });
    t.match(await call('PUT', '/v1/resources/bgppeers/tor', document('BGPPeer', 'tor', TOR)), {
      status: 409,
      body: { code: 'ERR_AGENT_RECORD' },
    });
    t.match((await store.get('/cluster/bgppeers/tor'))?.value, { recordVersion: 2 });
  });

  t.test('two writers at once: both changes are there, none is lost', async (t) => {
    const store = await openStore();
    const [one, two] = await Promise.all([setUp({ store }), setUp({ store, node: 'n2' })]);
    t.teardown(async () => {
      await one.close();
      await two.close();
    });
    await one.call('PUT', '/v1/resources/bgppeers/tor', document('BGPPeer', 'tor', TOR));
    const patches = Array.from({ length: 10 }, (_, index) =>
      [one, two][index % 2]!.call('PATCH', '/v1/resources/bgppeers/tor', {
        metadata: { labels: { [`l${index}`]: 'x' } },
      }),
    );
    t.ok((await Promise.all(patches)).every(({ status }) => status === 200));
    const { body } = await one.call('GET', '/v1/resources/bgppeers/tor');
    t.equal(Object.keys((body as { metadata: { labels: object } }).metadata.labels).length, 10);
  });

  t.test('nodes are listed with what they say of themselves, whether an operator said something or not', async (t) => {
    const { call, close } = await setUp({ store: await openStore() });
    t.teardown(close);
    // The record of the node is written beside the start.
    let node = await call('GET', '/v1/resources/nodes/n1');
    for (let tries = 0; node.status === 404 && tries < 100; tries++) node = await call('GET', '/v1/resources/nodes/n1');
    t.match(node.body, { kind: 'Node', spec: {}, status: { asn: 64513, routerId: '10.0.0.1' } });
    t.match(await call('PATCH', '/v1/resources/nodes/n1', { metadata: { labels: { rack: 'r1' } } }), { status: 200 });
    t.match((await call('GET', '/v1/resources/nodes')).body, {
      items: [{ metadata: { name: 'n1', labels: { rack: 'r1' } }, status: { asn: 64513 } }],
    });
    t.match(await call('DELETE', '/v1/resources/nodes/n1'), {
      status: 409,
      body: { detail: /"n1" is this node, which runs/ },
    });
    t.match(await call('DELETE', '/v1/resources/nodes/n1?force=true'), { status: 204 });
    t.match((await call('GET', '/v1/resources/nodes')).body, { items: [{ metadata: { name: 'n1' }, spec: {} }] });
    t.match((await call('GET', '/v1/resources/nodestatuses/n1')).body, {
      kind: 'NodeStatus',
      spec: { node: 'n1', asn: 64513 },
    });
  });

  t.test('a node whose agent is gone is taken out with all that is its own; one whose agent runs is not', async (t) => {
    const store = await openStore();
    const { call, close } = await setUp({ store });
    t.teardown(close);
    const other = await setUp({ store, node: 'n2' });
    t.teardown(other.close);
    await other.call('POST', '/v1/peers', { name: 'tor', remoteAddress: '192.0.2.1', remoteAsn: 64512 });
    await other.call('POST', '/v1/originated', { prefix: '198.51.100.0/24' });
    const path = '/v1/resources/nodes/n2';
    await call('PUT', path, document('Node', 'n2', {}, { labels: { rack: 'r1' } }));
    const keys = async (): Promise<readonly string[]> =>
      (await store.list('/')).entries.map(({ key }) => key).filter((key) => /\/n2(\/|$)/.test(key));
    for (let tries = 0; (await keys()).length < 5 && tries < 500; tries++)
      await new Promise((done) => setTimeout(done, 20));
    t.strictSame(await keys(), [
      '/agent/nodes/n2',
      '/agent/originated/n2/198.51.100.0/24',
      '/agent/peers/n2/tor',
      '/cluster/nodes/n2',
      '/cluster/nodestatuses/n2',
    ]);
    await other.agent.close();
    // As a store with leases has it while the agent runs.
    await store.create('/agent/alive/n2', { host: 'h2' });
    const alive = async (): Promise<unknown> => {
      const { items } = (await call('GET', '/v1/resources/nodes')).body as {
        items: { status?: { alive?: boolean } }[];
      };
      const { status } = (await call('GET', path)).body as { status?: { alive?: boolean } };
      t.equal(items[1]?.status?.alive, status?.alive, 'the list says what one says');
      return status?.alive;
    };
    const tells = 'hold' in store;
    t.equal(await alive(), tells ? true : undefined);
    t.match(await call('DELETE', path), {
      status: 409,
      body: { detail: /an agent runs as node "n2" on host h2; stop it/ },
    });
    t.match(await call('DELETE', `${path}?force=true`), { status: 204 });
    t.match((await call('GET', path)).body, { metadata: { name: 'n2' }, spec: {}, status: { asn: 64513 } });
    t.notOk((await keys()).includes('/cluster/nodes/n2'), 'only what was said of it is gone');
    await store.delete('/agent/alive/n2', (await store.get('/agent/alive/n2'))!.revision);
    t.equal(await alive(), tells ? false : undefined);
    t.match(await call('DELETE', `${path}?dryRun=true`), { status: 204 });
    t.match(await call('DELETE', path), { status: 204 });
    t.strictSame(await keys(), []);
    t.match(await call('DELETE', path), { status: 404 });
  });

  t.test('what nodes make of pools can be read', async (t) => {
    const { call, close, agent } = await setUp({
      store: await openStore(),
      yaml: 'pools: [{ name: p4, cidr: 10.244.0.0/16 }]\n',
    });
    t.teardown(close);
    await agent.agent.ipam.assignAddress({ node: 'n1', handle: 'pod-1', address: parsePrefix('10.244.0.7/32') });
    t.match((await call('GET', '/v1/resources/blocks')).body, {
      items: [
        {
          kind: 'IPAMBlock',
          metadata: { name: '10-244-0-0-26' },
          spec: { pool: 'p4', affinity: 'host:n1', assigned: 1 },
        },
      ],
    });
    t.match((await call('GET', '/v1/resources/blocks/10-244-0-0-26')).body, {
      spec: { allocations: [{ address: '10.244.0.7', handle: 'pod-1', node: 'n1' }] },
    });
    t.match((await call('GET', '/v1/resources/blockaffinities')).body, {
      items: [{ metadata: { name: 'n1-10-244-0-0-26' }, spec: { node: 'n1', state: 'confirmed' } }],
    });
    t.match((await call('GET', '/v1/resources/handles/pod-1')).body, {
      spec: { handleID: 'pod-1', addresses: ['10.244.0.7'], node: 'n1', blocks: ['10.244.0.0/26'] },
    });
  });
}
