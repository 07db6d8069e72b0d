/**
 * Every operation, stopped at each of its store calls, before and after it took effect: over a store with single-key
 * commits the repair makes it whole, over one with multi-key commits there is nothing to repair.
 */
import { parseAddress, parsePrefix } from '@tortie/ip';
import { MemoryStore, type Store } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import t from 'tap';
import { Ipam } from '../src/index.js';
import { Crash } from './chaos.js';

const now = () => 1_700_000_000_000;
const BLOCK = parsePrefix('10.0.0.0/30');

interface Operation {
  readonly name: string;
  readonly prepare?: (ipam: Ipam) => Promise<unknown>;
  readonly run: (ipam: Ipam) => Promise<unknown>;
}

const fixed = (node: string, handle: string, address: string) => (ipam: Ipam) =>
  ipam.assignAddress({ node, handle, address: parseAddress(address) });

const operations: readonly Operation[] = [
  { name: 'claim a block', run: (ipam) => ipam.claimBlock('n', 4) },
  {
    name: 'assign, claiming for both versions',
    run: (ipam) => ipam.assign({ node: 'n', handle: 'h', count4: 6, count6: 1 }),
  },
  {
    name: 'assign more to a handle',
    prepare: (ipam) => ipam.assign({ node: 'n', handle: 'h', count4: 1 }),
    run: (ipam) => ipam.assign({ node: 'n', handle: 'h', count4: 3 }),
  },
  { name: 'assign a fixed address', run: fixed('n', 'h', '10.0.0.2') },
  {
    name: 'release a handle',
    prepare: (ipam) => ipam.assign({ node: 'n', handle: 'h', count4: 6, count6: 1 }),
    run: (ipam) => ipam.release({ handle: 'h' }),
  },
  {
    name: 'release one address',
    prepare: fixed('n', 'h', '10.0.0.2'),
    run: (ipam) => ipam.release({ address: parseAddress('10.0.0.2') }),
  },
  { name: 'give up an empty block', prepare: (ipam) => ipam.claimBlock('n', 4), run: (ipam) => giveUpAll(ipam) },
  {
    name: 'give up a block in use',
    prepare: fixed('n', 'h', '10.0.0.2'),
    run: (ipam) => ipam.releaseBlock('n', BLOCK),
  },
  {
    name: 'take over a block of nobody',
    prepare: async (ipam) => {
      for (const address of ['10.0.0.0', '10.0.0.4']) await fixed('m', `m-${address}`, address)(ipam);
      await ipam.releaseBlock('m', BLOCK);
    },
    run: (ipam) => ipam.claimBlock('n', 4),
  },
];

async function giveUpAll(ipam: Ipam): Promise<void> {
  for (const { cidr } of await ipam.blocksOf('n')) await ipam.releaseBlock('n', cidr);
}

async function fresh(multiKey: boolean, prepare: Operation['prepare']): Promise<Store> {
  const store = new MemoryStore({ multiKey });
  const ipam = new Ipam({ store, now });
  await ipam.pools.create({ name: 'four', cidr: parsePrefix('10.0.0.0/29'), blockSize: 30 });
  await ipam.pools.create({ name: 'six', cidr: parsePrefix('fd00::/124'), blockSize: 126 });
  await ipam.configure({ cooldownS: 0 });
  await prepare?.(ipam);
  return store;
}

/** Runs with a crash at the n-th moment; false: the operation ended before. */
async function crashAt(store: Store, moment: number, run: Operation['run']): Promise<boolean> {
  let seen = 0;
  const hazard = (): void => {
    if (seen++ >= moment) throw new Crash('the process is gone');
  };
  const ipam = new Ipam({ store: interceptStore(store, { before: hazard, after: hazard }), now });
  try {
    await run(ipam);
    return false;
  } catch (error) {
    if (error instanceof Crash) return true;
    throw error;
  }
}

// How long it takes is the machine's affair, not a fault.
t.setTimeout(300_000);

for (const multiKey of [true, false]) {
  for (const { name, prepare, run } of operations) {
    t.test(`${multiKey ? 'multi-key' : 'single-key'}: ${name}`, async (t) => {
      let moment = 0;
      let damaged = 0;
      for (; ; moment++) {
        const store = await fresh(multiKey, prepare);
        const crashed = await crashAt(store, moment, run);
        const ipam = new Ipam({ store, now });
        const before = await ipam.check();
        if (before.findings.length > 0) damaged++;
        if (multiKey) t.same(before.findings, [], `crash at ${moment}: nothing half done`);
        const { repairs } = await ipam.repair({ node: 'n' });
        if (!multiKey && before.findings.length > 0) t.not(repairs.length, 0);
        t.same((await ipam.check()).findings, [], `crash at ${moment}: clean after the repair of the node`);
        t.same((await ipam.repair({ node: 'n' })).repairs, [], 'and nothing is left to repair');
        await run(ipam);
        t.same((await ipam.check()).findings, [], 'the operation can be done again');
        if (!crashed) break;
      }
      t.ok(moment >= 2, `${moment} moments, ${damaged} left something behind`);
    });
  }
}
