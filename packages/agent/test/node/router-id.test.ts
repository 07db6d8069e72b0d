import { parseAddress } from '@tortie/ip';
import t from 'tap';
import { chooseRouterId } from '../../src/node/router-id.js';

const addresses = (...texts: string[]) => texts.map(parseAddress);

t.test('configured goes before address before hash', async (t) => {
  t.match(chooseRouterId('192.0.2.9', addresses('10.0.0.1'), 'a'), { text: '192.0.2.9', source: 'configured' });
  t.match(
    chooseRouterId(undefined, addresses('127.0.0.1', '169.254.1.1', '2001:db8::1', '10.0.0.1', '10.0.0.2'), 'a'),
    {
      text: '10.0.0.1',
      source: 'address',
    },
  );
  t.match(chooseRouterId(undefined, addresses('2001:db8::1'), 'a'), { source: 'hash' });
});

t.test('the hash is the same for a name, differs between names, and is no address anyone has', async (t) => {
  const seen = new Set<number>();
  for (let i = 0; i < 5000; i++) {
    const { value, text } = chooseRouterId(undefined, [], `node-${i}`);
    if (chooseRouterId(undefined, [], `node-${i}`).value !== value) t.fail('stable');
    if (value >>> 28 !== 15 || value === 0xffffffff) t.fail(`${text} is inside 240.0.0.0/4 and not broadcast`);
    seen.add(value);
  }
  t.ok(seen.size >= 4998, `${seen.size} of 5000 differ`);
});
