import { parseAddress, parsePrefix } from '@tortie/ip';
import { messagesOf, newScannedRoute, RouteTemplate, readRoute, scanRoute, viewOf } from '@tortie/linux';
import t from 'tap';

const identity = { protocol: 201, metric: 1024, table: 1000, scope: 0 };

for (const text of ['10.1.0.0/16', '0.0.0.0/0', '255.255.255.255/32', '2001:db8:1::/48', '::/0', '2001:db8::1/128']) {
  t.test(`${text}: a filled template reads as the route it stands for, also by the quick scan`, async (t) => {
    const prefix = parsePrefix(text);
    const nextHops = [{ gateway: parseAddress(prefix.version === 4 ? '10.0.0.2' : 'fe80::2'), ifindex: 3 }];
    for (const way of [{ nextHops }, { nexthopId: 77, nextHops: [] }]) {
      const template = new RouteTemplate(prefix.version, 24, { ...identity, type: 'unicast', ...way });
      const bytes = template.message(0x605, 42, prefix);
      const [message] = messagesOf(bytes);
      t.same([message?.type, message?.flags, message?.seq], [24, 0x605, 42]);
      t.same(readRoute(message!), { prefix, type: 'unicast', ...identity, flags: 0, ...way });
      const scanned = newScannedRoute();
      t.ok(scanRoute(viewOf(bytes), 0, bytes.length, scanned));
      const { version, a, b, c, d, length } = prefix;
      const { scope: _scope, ...same } = identity;
      t.same(scanned, { version, a, b, c, d, length, ...same, type: 1, nexthopId: way.nexthopId ?? 0 });
    }
  });
}

t.test('the scan refuses a route cut anywhere, or reads what is left', async (t) => {
  const bytes = new RouteTemplate(6, 24, { ...identity, nexthopId: 9 }).message(1, 1, parsePrefix('2001:db8::/32'));
  for (let end = 0; end <= bytes.length; end++) {
    t.doesNotThrow(() => scanRoute(viewOf(bytes.slice(0, end)), 0, end, newScannedRoute()));
  }
});
