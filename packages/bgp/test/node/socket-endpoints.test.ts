import { formatAddress, parseAddress } from '@tortie/ip';
import t from 'tap';
import { interfaceAddresses, socketAddress } from '../../node/socket-endpoints.js';

const interfaces = {
  lo: [{ address: '127.0.0.1' }, { address: '::1' }],
  eth0: [{ address: '192.0.2.1' }, { address: '2001:db8::1' }, { address: 'fe80::1' }],
  eth1: [{ address: '198.51.100.1' }],
};

for (const [local, expected] of [
  ['192.0.2.1', ['2001:db8::1', 'fe80::1']],
  ['2001:db8::1', ['192.0.2.1', 'fe80::1']],
  ['fe80::1', ['192.0.2.1', '2001:db8::1']],
  ['198.51.100.1', []],
  ['127.0.0.1', []],
  ['203.0.113.1', []],
] as const) {
  t.same(
    interfaceAddresses(parseAddress(local), interfaces).map(formatAddress),
    expected,
    `beside ${local} stand ${expected.join(' and ') || 'none'}`,
  );
}

for (const [text, expected] of [
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  [undefined, undefined],
] as const) {
  const address = socketAddress(text);
  t.equal(address && formatAddress(address), expected, `${text} is ${expected}`);
}
