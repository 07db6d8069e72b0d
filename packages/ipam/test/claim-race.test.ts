import { parsePrefix } from '@tortie/ip';
import { MemoryStore } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import t from 'tap';
import { Ipam } from '../src/index.js';

t.test('a block that another node claims and fills between our look and our plan is not taken from it', async (t) => {
  const memory = new MemoryStore();
  const now = (): number => 1_700_000_000_000;
  const other = new Ipam({ store: memory, now });
  let meanwhile: (() => Promise<unknown>) | undefined;
  const store = interceptStore(memory, {
    // Before the plan reads its first record: what it goes by is old then.
    before: async ({ method }) => {
      if (method !== 'get' || !meanwhile) return;
      const act = meanwhile;
      meanwhile = undefined;
      await act();
    },
  });
  const ipam = new Ipam({ store, now });
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24'), blockSize: 28 });
  await ipam.blocks();
  // The walk begins where the node's name says: with all blocks but one taken, it meets one of theirs.
  const others = Array.from({ length: 15 }, (_, i) => `other-${i}`);
  meanwhile = async () => {
    for (const node of others) await other.assign({ node, handle: `of-${node}`, count4: 1 });
  };
  await ipam.assign({ node: 'n1', handle: 'ours', count4: 1 });
  t.equal(meanwhile, undefined, 'the other one came between');
  const owners = (await ipam.blocks()).map(({ node }) => node);
  t.same(owners.toSorted(), [...others, 'n1'].toSorted(), 'each has its own');
  for (const assignment of await ipam.assignments()) t.notOk(assignment.borrowed, assignment.handle);
  t.same((await ipam.check()).findings, []);
});
