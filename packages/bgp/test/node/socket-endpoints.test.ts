import { formatAddress, parseAddress } from '@tortie/ip';
import t from 'tap';
import { interfaceAddresses, remoteOf, socketAddress } from '../../node/socket-endpoints.js';

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

t.test('who is at the other end of a connection', (t) => {
  const remote = (socket: Parameters<typeof remoteOf>[0]): string | undefined => {
    const address = remoteOf(socket);
    return address && formatAddress(address);
  };
  t.equal(remote({ localAddress: 'fe80::2%eth0', remoteAddress: 'fe80::1%eth0' }), 'fe80::1');
  t.equal(remote({}), undefined, 'it is gone');
  const gone = () => {
    throw Object.assign(new Error('no such device or address, uv_if_indextoiid'), { code: 'ENXIO' });
  };
  const deviceless = Object.defineProperty({ remoteAddress: 'fe80::1' }, 'localAddress', { get: gone });
  t.equal(remote(deviceless as Parameters<typeof remoteOf>[0]), undefined, 'its device is gone');
  t.end();
});
