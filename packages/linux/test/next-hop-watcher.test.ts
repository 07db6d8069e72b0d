/** How often the kernel is asked: about a new address once, about all of them only after an event. */
import { type Address, formatAddress, parseAddress } from '@tortie/ip';
import t from 'tap';
import { NextHopWatcher } from '../node/next-hop-watcher.js';

const ADDRESSES = Array.from({ length: 600 }, (_, at) => parseAddress(`10.0.${at >> 8}.${at & 255}`));

t.test('of hundreds', async (t) => {
  const asked: string[] = [];
  let told: (address: string) => void = () => {};
  const rtnetlink = {
    async matchingRoute(address: Address) {
      asked.push(formatAddress(address));
      return undefined;
    },
    close() {},
  };
  const watcher = new NextHopWatcher(rtnetlink as never, { close() {} } as never, {
    onChange: (address) => told(formatAddress(address)),
  });
  const answer = (address: Address): Promise<void> =>
    new Promise((resolve) => {
      told = (text) => text === formatAddress(address) && resolve();
    });
  const last = answer(ADDRESSES.at(-1)!);
  for (const address of ADDRESSES) watcher.watch(address);
  await last;
  t.strictSame(asked, ADDRESSES.map(formatAddress), 'each once, in their order');
  asked.length = 0;
  const another = parseAddress('192.0.2.1');
  const one = answer(another);
  watcher.watch(another);
  await one;
  t.strictSame(asked, ['192.0.2.1'], 'a new one alone');
  asked.length = 0;
  await watcher.refresh();
  t.equal(asked.length, ADDRESSES.length + 1, 'all, where anything may have changed');
  watcher.close();
});
