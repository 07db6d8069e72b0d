/** What an operation costs in store calls, however full the pool is. */
import { parsePrefix } from '@tortie/ip';
import { MemoryStore } from '@tortie/store';
import { interceptStore, type StoreCall } from '@tortie/store/testing';
import t from 'tap';
import { Ipam } from '../src/index.js';

function counted() {
  const calls: StoreCall[] = [];
  const store = interceptStore(new MemoryStore(), { before: (call) => void calls.push(call) });
  const take = (): Record<string, number> => {
    const counts: Record<string, number> = { get: 0, list: 0, commit: 0 };
    for (const { method } of calls.splice(0)) counts[method] = (counts[method] ?? 0) + 1;
    return counts;
  };
  return { ipam: new Ipam({ store, now: () => 1_700_000_000_000 }), take };
}

t.test('an assignment from an own block is one commit and no read', async (t) => {
  const { ipam, take } = counted();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/16') });
  await ipam.claimBlock('n', 4);
  take();
  for (let at = 0; at < 60; at++) {
    await ipam.assign({ node: 'n', handle: `h${at}`, count4: 1 });
    t.match(take(), { get: 0, list: 0, commit: 1 });
  }
});

t.test('the last tenth of a pool costs as many calls as the first', async (t) => {
  const { ipam, take } = counted();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/22'), blockSize: 28 });
  await ipam.configure({ maxBlocksPerHost: 2 });
  const tenths: number[] = [];
  const lists: number[] = [];
  for (let tenth = 0; tenth < 8; tenth++) {
    take();
    for (let at = 0; at < 128; at++) {
      await ipam.assign({ node: `node-${(tenth * 128 + at) % 40}`, handle: `h${tenth}-${at}`, count4: 1 });
    }
    const { get = 0, list = 0, commit = 0 } = take();
    tenths.push(get + list + commit);
    lists.push(list);
  }
  t.same(
    lists,
    lists.map(() => 0),
    'nothing is listed again',
  );
  const [first, last] = [tenths[0]!, tenths.at(-1)!];
  t.ok(last <= 2 * first, `${first} calls for the first eighth, ${last} for the last: ${tenths.join(' ')}`);

  take();
  for (let at = 0; at < 10; at++) {
    await t.rejects(ipam.assign({ node: 'node-1', handle: `x${at}`, count4: 1 }), {
      code: 'ERR_IPAM_POOL_FULL',
      message: 'pool p is full: 1024 of 1024 in use, 64 of 64 blocks claimed',
    });
  }
  const refused = take();
  t.match(refused, { get: 10, list: 0, commit: 0 }, 'only the handle is looked for, no block');
  t.same((await ipam.check()).findings, []);
});

t.test('a node that asks again and again of a pool that rests reads no block', async (t) => {
  const { ipam, take } = counted();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24'), blockSize: 28 });
  for (let at = 0; at < 16; at++) await ipam.assign({ node: `n${at}`, handle: `h${at}`, count4: 16 });
  for (let at = 0; at < 16; at++) await ipam.release({ handle: `h${at}` });
  take();
  await t.rejects(ipam.assign({ node: 'n0', handle: 'x', count4: 1 }), {
    message: 'pool p is full: 0 of 256 in use, 256 resting after release (first free in 60 s), 16 of 16 blocks claimed',
  });
  t.match(take(), { get: 1, list: 0, commit: 0 });
});
