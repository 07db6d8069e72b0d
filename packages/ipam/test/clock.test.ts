/** Clocks that are wrong, or set back: sequence numbers, cooldown and takeovers go on as if nothing had been. */
import { formatAddress, parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { steadyClock } from '../src/index.js';
import { testIpam } from '../testing/index.js';

const HOUR = 3_600_000;

t.test('the steady clock follows the wall clock forwards, and never goes back', async (t) => {
  const [wall, monotonic] = [{ at: 1000 }, { at: 0 }];
  const now = steadyClock(
    () => wall.at,
    () => monotonic.at,
  );
  const after = (wallMs: number, monotonicMs: number): number => {
    wall.at += wallMs;
    monotonic.at += monotonicMs;
    return now();
  };
  t.equal(now(), 1000);
  t.equal(after(10, 10), 1010);
  t.equal(after(HOUR, 1), 1010 + HOUR, 'set forward');
  t.equal(after(-2 * HOUR, 5), 1015 + HOUR, 'set back: it goes on at its pace');
  t.equal(after(7, 7), 1022 + HOUR);
  t.equal(after(3 * HOUR, 1), 1017 + 2 * HOUR, 'until the wall clock is ahead again');
});

for (const multiKey of [true, false]) {
  t.test(`an address of a block made anew never has a former sequence number (multiKey: ${multiKey})`, async (t) => {
    const { ipam, clock, another } = testIpam({ multiKey });
    await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/30'), blockSize: 30 });
    await ipam.configure({ cooldownS: 0 });
    const address = parseAddress('10.0.0.1');
    const seen = new Set<number>();
    let highest = 0;
    for (let round = 0; round < 4; round++) {
      // Each life of the node begins an hour before the one before it: its clock was set back.
      clock.now -= HOUR;
      const node = another();
      const fixed = await node.assignAddress({ node: 'n', handle: `h${round}`, address });
      t.ok(fixed.sequence > highest, `${fixed.sequence} is above ${highest}`);
      t.notOk(seen.has(fixed.sequence));
      highest = fixed.sequence;
      seen.add(fixed.sequence);
      await node.release({ handle: `h${round}` });
      t.equal(await node.releaseBlock('n', parsePrefix('10.0.0.0/30')), true);
      t.same(await node.blocks(), [], 'the block is gone, its sequence numbers are not forgotten');
    }
    t.same((await ipam.check()).findings, []);
  });
}

t.test('an address released before the clock was set back rests its time, and no longer', async (t) => {
  const { ipam, clock, another } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/31'), blockSize: 31 });
  await ipam.assign({ node: 'n', handle: 'stays', count4: 1 });
  const [freed] = await ipam.assign({ node: 'n', handle: 'goes', count4: 1 });
  await ipam.release({ handle: 'goes' });
  clock.now -= HOUR;
  const node = another();
  const ask = () => node.assign({ node: 'n', handle: 'next', count4: 1 });
  await t.rejects(ask(), { code: 'ERR_IPAM_POOL_FULL', message: /1 resting after release \(first free in 60 s\)/ });
  clock.now += 59_000;
  await t.rejects(ask(), { code: 'ERR_IPAM_POOL_FULL', message: /first free in 1 s/ });
  clock.now += 1_000;
  t.same(
    (await ask()).map(({ address }) => formatAddress(address)),
    [formatAddress(freed!.address)],
  );
});

t.test('a node whose clock is ahead shortens nobody’s cooldown and loses no block at once', async (t) => {
  const { ipam, clock, another } = testIpam();
  const ahead = another();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/31'), blockSize: 31 });
  clock.now += HOUR;
  await ahead.assign({ node: 'ahead', handle: 'a', count4: 2 });
  await ahead.release({ handle: 'a' });
  clock.now -= HOUR;
  await t.rejects(ipam.assign({ node: 'n', handle: 'b', count4: 1 }), { message: /2 resting/ });
  t.equal((await ipam.blocksOf('ahead')).length, 1, 'claimed an hour from now is not long ago');
  clock.now += 60_000;
  t.equal((await ipam.assign({ node: 'n', handle: 'b', count4: 1 })).length, 1);
});
