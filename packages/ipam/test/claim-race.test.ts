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
  // The walk begins where the node's name says, so the two meet over one block by taking all but one.
  const blocks = Array.from({ length: 16 }, (_, i) => parsePrefix(`10.0.0.${i * 16}/28`));
  meanwhile = async () => {
    for (let at = 0; at < 15 * 16; at++) await other.assign({ node: 'n2', handle: `theirs-${at}`, count4: 1 });
  };
  await ipam.assign({ node: 'n1', handle: 'ours', count4: 1 });
  t.equal(meanwhile, undefined, 'the other one came between');
  const owners = (await ipam.blocks()).map(({ node }) => node);
  t.equal(owners.length, blocks.length);
  t.equal(owners.filter((node) => node === 'n2').length, 15, 'none of theirs was taken');
  t.equal(owners.filter((node) => node === 'n1').length, 1);
  t.same((await ipam.check()).findings, []);
});
