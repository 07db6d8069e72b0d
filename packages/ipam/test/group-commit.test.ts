/** Assignments and releases that come at the same time share commits, and each is as it would be alone. */
import { formatAddress, parsePrefix } from '@tortie/ip';
import { MemoryStore, StoreError } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { Ipam, type IpamOptions } from '../src/index.js';

async function setUp(blockSize = 26, options: Partial<IpamOptions> = {}) {
  const clock = { now: 1_700_000_000_000 };
  const memory = new MemoryStore();
  let commits = 0;
  let failure: Error | undefined;
  const store = interceptStore(memory, {
    before: ({ method }) => {
      if (method !== 'commit') return;
      commits++;
      if (failure) throw failure;
    },
  });
  const ipam = new Ipam({ store, now: () => clock.now, ...options });
  await ipam.pools.create({ name: 'p4', cidr: parsePrefix('10.0.0.0/24'), blockSize });
  await ipam.pools.create({ name: 'p6', cidr: parsePrefix('fd00::/124'), blockSize: 126 });
  await ipam.claimBlock('n', 4);
  return {
    ipam,
    clock,
    another: () => new Ipam({ store: memory, now: () => clock.now }),
    commits: () => {
      const counted = commits;
      commits = 0;
      return counted;
    },
    fail: (error: Error | undefined) => {
      failure = error;
    },
  };
}

const clean = async (t: Test, ipam: Ipam): Promise<void> => {
  t.same((await ipam.check()).findings, []);
};

t.test('fifty at once: each its own address, in a few commits', async (t) => {
  const { ipam, commits } = await setUp();
  commits();
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, i) => ipam.assign({ node: 'n', handle: `h${i}`, count4: 1 })),
  );
  t.equal(new Set(all.map(([one]) => formatAddress(one!.address))).size, 50);
  t.ok(commits() <= 3, 'the first, and what waited meanwhile, 32 at a time');
  for (const [i, [one]] of all.entries()) t.equal(one!.handle, `h${i}`);
  await clean(t, ipam);
});

t.test('fifty releases at once in a few commits, and what they gave back is there again', async (t) => {
  const { ipam, commits } = await setUp();
  const handles = Array.from({ length: 50 }, (_, i) => `h${i}`);
  for (const handle of handles) await ipam.assign({ node: 'n', handle, count4: 1 });
  commits();
  const all = await Promise.all(handles.map((handle) => ipam.release({ handle })));
  t.equal(new Set(all.map(([one]) => formatAddress(one!.address))).size, 50);
  t.same(
    all.map(([one]) => one!.handle),
    handles,
  );
  t.ok(commits() <= 3, 'the first, and what waited meanwhile, 32 at a time');
  t.same(await ipam.assignments(), []);
  await clean(t, ipam);
});

t.test('a group gathers as long as more comes, although what comes reads first', async (t) => {
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const { ipam, commits } = await setUp(26, { gather: () => turn().then(turn) });
  commits();
  const assign = async (index: number) => {
    for (let i = 0; i < index; i++) await turn();
    await ipam.pools.list();
    await ipam.assign({ node: 'n', handle: `h${index}`, count4: 1 });
  };
  await Promise.all(Array.from({ length: 50 }, (_, index) => assign(index)));
  t.ok(commits() <= 3, 'one comes with each turn, 32 go together');
  await assign(50);
  t.equal(commits(), 1, 'and nothing waits where nothing comes');
  t.equal((await ipam.assignments()).length, 51);
  await clean(t, ipam);
});

t.test('assigned and released at once: what the handle had before goes too', async (t) => {
  const { ipam } = await setUp();
  const before = await ipam.assign({ node: 'n', handle: 'h', count4: 1 });
  const [, , , released] = await Promise.all([
    ipam.assign({ node: 'n', handle: 'other', count4: 1 }),
    ipam.assign({ node: 'n', handle: 'another', count4: 1 }),
    ipam.assign({ node: 'n', handle: 'h', count4: 2 }),
    ipam.release({ handle: 'h' }),
  ]);
  t.equal(released.length, 2);
  t.ok(released.some(({ address }) => formatAddress(address) === formatAddress(before[0]!.address)));
  t.same(await ipam.assignments({ handle: 'h' }), []);
  await clean(t, ipam);
});

t.test('assigned, released and assigned again at once', async (t) => {
  const { ipam } = await setUp();
  const assign = (handle: string) => ipam.assign({ node: 'n', handle, count4: 1 });
  const [, , , again] = await Promise.all([assign('other'), assign('h'), ipam.release({ handle: 'h' }), assign('h')]);
  t.same(await ipam.assignments({ handle: 'h' }), again);
  await clean(t, ipam);
});

t.test('a group ends where a block is claimed: no block is claimed twice over', async (t) => {
  const { ipam } = await setUp(28);
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, i) => ipam.assign({ node: 'n', handle: `h${i}`, count4: 1 })),
  );
  t.equal(new Set(all.flat().map(({ address }) => formatAddress(address))).size, 100);
  t.equal((await ipam.blocksOf('n')).length, 7, '16 addresses each');
  await clean(t, ipam);
});

t.test('what cannot be done is refused alone, with its own reason, and leaves nothing', async (t) => {
  const { ipam } = await setUp();
  const results = await Promise.allSettled([
    ipam.assign({ node: 'n', handle: 'a', count4: 1 }),
    ipam.assign({ node: 'n', handle: 'many', count4: 1, count6: 17 }),
    ipam.assign({ node: 'n', handle: 'b', count4: 1, pool: 'no-such-pool' }),
    ipam.assign({ node: 'n', handle: 'bad handle', count4: 0 }),
    ipam.assign({ node: 'n', handle: 'c', count4: 1, count6: 1 }),
    ipam.assign({ node: 'n', handle: 'a', count4: 2 }),
  ]);
  t.same(
    results.map((one) => (one.status === 'fulfilled' ? one.value.length : (one.reason as { code: string }).code)),
    [1, 'ERR_IPAM_POOL_FULL', 'ERR_IPAM_NO_POOL', 'ERR_IPAM_INVALID', 2, 2],
  );
  t.equal((await ipam.assignments({ handle: 'many' })).length, 0);
  t.equal((await ipam.assignments()).length, 4);
  await clean(t, ipam);
});

t.test('another writer in between: the group is planned anew', async (t) => {
  const { ipam, another } = await setUp();
  const other = another();
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      (i % 2 ? ipam : other).assign({ node: 'n', handle: `h${i}`, count4: 1, count6: 0 }),
    ),
  );
  t.equal(new Set(all.flat().map(({ address }) => formatAddress(address))).size, 40);
  await clean(t, ipam);
});

t.test('a store that is away fails all of them at once', async (t) => {
  const { ipam, commits, fail } = await setUp();
  commits();
  fail(new StoreError('ERR_STORE_UNAVAILABLE', 'nobody answers'));
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => ipam.assign({ node: 'n', handle: `h${i}`, count4: 1 })),
  );
  t.ok(results.every(({ status }) => status === 'rejected'));
  t.ok(commits() <= 2, 'and is not asked for each');
  fail(undefined);
  await ipam.assign({ node: 'n', handle: 'later', count4: 1 });
  t.equal((await ipam.assignments()).length, 1);
  await clean(t, ipam);
});

t.test(
  'at once or one after the other: the same handles have as many addresses, and every invariant holds',
  async () => {
    // None: release.
    const counts = fc.option(fc.record({ count4: fc.nat(3), count6: fc.nat(3) }));
    const request = fc.record({ handle: fc.nat(2), counts });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(request, { maxLength: 6 }), { maxLength: 4 }), async (rounds) => {
        const { ipam } = await setUp(30);
        const { ipam: alone } = await setUp(30);
        for (const round of rounds) {
          const ask = (of: Ipam, { handle: number, counts }: (typeof round)[number]) => {
            const handle = `h${number}`;
            return counts ? of.assign({ node: 'n', handle, ...counts }) : of.release({ handle });
          };
          const together = await Promise.allSettled(round.map((one) => ask(ipam, one)));
          for (const [i, one] of round.entries()) {
            const [single] = await Promise.allSettled([ask(alone, one)]);
            if (single!.status !== together[i]!.status)
              throw new Error(`${JSON.stringify(one)}: ${single!.status} alone`);
          }
        }
        const countsOf = async (of: Ipam) => {
          const held = new Map<string, number>();
          for (const { handle } of await of.assignments()) held.set(handle, (held.get(handle) ?? 0) + 1);
          return JSON.stringify([...held].sort());
        };
        if ((await countsOf(ipam)) !== (await countsOf(alone))) throw new Error('other counts');
        const { findings } = await ipam.check();
        if (findings.length > 0) throw new Error(JSON.stringify(findings));
      }),
      { numRuns: 60 },
    );
  },
);
