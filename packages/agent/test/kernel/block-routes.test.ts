import { type Prefix, parsePrefix, prefixOf } from '@tortie/ip';
import t from 'tap';
import { BlockRoutes, type BlockRoutesOptions } from '../../node/kernel/block-routes.js';

const POOL = parsePrefix('10.0.0.0/8');

t.test('a route of others that takes packets to all blocks is told by a few of them, after one reading', async (t) => {
  let asked = 0;
  let read = 0;
  const events: string[] = [];
  const blocks = Array.from({ length: 2000 }, (_, at) => prefixOf({ ...POOL, a: POOL.a + at * 64 }, 26));
  const routes = new BlockRoutes({
    node: 'n1',
    protocol: 201,
    linkName: () => 'eth0',
    journal: { event: ({ text }: { text: string }) => void events.push(text) },
    ipam: { pools: { list: async () => [{ cidr: POOL }] } },
    fib: { walk: () => blocks.map((prefix) => ({ prefix, target: { kind: 'unicast' }, state: 'installed' })) },
    rtnetlink: {
      matchingRoute: async (_: Prefix) => void asked++,
      async *routes() {
        read++;
        yield { prefix: POOL, type: 'blackhole', protocol: 4, metric: 0, table: 254, nextHops: [] };
      },
    },
  } as unknown as BlockRoutesOptions);
  await routes.reconcile();
  t.equal(read, 1);
  t.equal(asked, 4000);
  t.equal(routes.taken.length, 16, 'both ends of a block are one problem');
  t.match(routes.taken[0], {
    code: 'route-taken',
    subject: '10.0.0.0/26',
    text: /packets to 10\.0\.0\.0\/26 go by a route of others, blackhole 10\.0\.0\.0\/8/,
  });
  t.equal(events.length, routes.taken.length);
  await routes.reconcile();
  t.equal(events.length, routes.taken.length, 'each is told once');
});
