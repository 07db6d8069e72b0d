import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import {
  type Address,
  addressBits,
  addressesEqual,
  addressFromBigInt,
  addressFromBytes,
  addressToBigInt,
  addressToBytes,
  compareAddresses,
  formatAddress,
  IpError,
  ipv4,
  ipv6,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  tryParseAddress,
  writeAddress,
} from '../src/index.js';
import { address, addressOf } from './arbitraries.js';

t.test('texts and their words', async (t) => {
  const rows: readonly [string, Address, string?][] = [
    ['0.0.0.0', ipv4(0)],
    ['192.0.2.1', ipv4(0xc0000201)],
    ['255.255.255.255', ipv4(0xffffffff)],
    ['::', ipv6(0, 0, 0, 0)],
    ['::1', ipv6(0, 0, 0, 1)],
    ['2001:db8::1', ipv6(0x20010db8, 0, 0, 1)],
    ['2001:DB8:0:0:0:0:0:1', ipv6(0x20010db8, 0, 0, 1), '2001:db8::1'],
    ['fe80::aaaa:0:0:1', ipv6(0xfe800000, 0, 0xaaaa0000, 1), 'fe80::aaaa:0:0:1'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ipv6(-1, -1, -1, -1)],
    ['::ffff:192.0.2.1', ipv6(0, 0, 0xffff, 0xc0000201), '::ffff:c000:201'],
    ['2001:0:0:1::', ipv6(0x20010000, 1, 0, 0), '2001:0:0:1::'],
  ];
  for (const [text, words, canonical = text] of rows) {
    t.same(parseAddress(text), words, text);
    t.equal(formatAddress(words), canonical);
  }
});

t.test('what is no address is refused with its text', async (t) => {
  const texts = [
    '',
    ' ',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '0x7f.0.0.1',
    '127.1',
    '1.2.3.4/24',
  ];
  texts.push(
    ':',
    ':::',
    '1::2::3',
    'fe80::1%eth0',
    '12345::',
    '::g',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::/0',
    '-1.2.3.4',
  );
  for (const text of texts) {
    t.equal(tryParseAddress(text), undefined, `"${text}"`);
    t.throws(() => parseAddress(text), {
      name: 'IpError',
      code: 'ERR_IP_ADDRESS',
      message: `"${text}" is no IP address; write it like 192.0.2.1 or 2001:db8::1`,
    });
  }
});

t.test('any text gives an address or undefined, never another error', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:./%]{0,20}$/)), (text) => {
      const parsed = tryParseAddress(text);
      return parsed === undefined || (parsed.version === 4 ? isIPv4(text) : isIPv6(text));
    }),
    { numRuns: 2000 },
  );
});

t.test('text, octets and integers are all the same address', async () => {
  fc.assert(
    fc.property(address, (value) => {
      const bytes = addressToBytes(value);
      return (
        addressesEqual(parseAddress(formatAddress(value)), value) &&
        addressesEqual(addressFromBytes(bytes, value.version), value) &&
        addressesEqual(addressFromBigInt(value.version, addressToBigInt(value)), value) &&
        bytes.length * 8 === addressBits(value.version)
      );
    }),
    { numRuns: 1000 },
  );
});

t.test('octets are read and written at an offset', async (t) => {
  const target = new Uint8Array(24);
  t.equal(writeAddress(ipv4(0x01020304), target, 2), 6);
  t.equal(writeAddress(ipv6(1, 2, 3, 0xfffefdfc), target, 6), 22);
  t.same(addressFromBytes(target, 4, 2), ipv4(0x01020304));
  t.same(addressFromBytes(target, 6, 6), ipv6(1, 2, 3, 0xfffefdfc));
});

t.test('the order is that of the integers, IPv4 first', async (t) => {
  for (const version of [4, 6] as const) {
    fc.assert(
      fc.property(addressOf(version), addressOf(version), (x, y) => {
        const [a, b] = [addressToBigInt(x), addressToBigInt(y)];
        return Math.sign(compareAddresses(x, y)) === (a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  }
  t.ok(compareAddresses(ipv4(0xffffffff), ipv6(0, 0, 0, 0)) < 0);
});

t.test('integers outside the address space are refused', async (t) => {
  for (const [version, value] of [
    [4, -1n],
    [4, 1n << 32n],
    [6, -1n],
    [6, 1n << 128n],
  ] as const) {
    t.throws(() => addressFromBigInt(version, value), IpError);
  }
});

t.test('kinds of addresses', async (t) => {
  const rows: readonly [(address: Address) => boolean, readonly string[], readonly string[]][] = [
    [isUnspecified, ['0.0.0.0', '::'], ['0.0.0.1', '::1', '1::']],
    [isLoopback, ['127.0.0.1', '127.255.0.3', '::1'], ['126.0.0.1', '128.0.0.1', '::', '::2', '1::1']],
    [isMulticast, ['224.0.0.1', '239.255.255.255', 'ff02::1'], ['223.255.255.255', '240.0.0.0', 'fe80::1']],
    [isLinkLocal, ['169.254.0.1', 'fe80::1', 'febf::1'], ['169.253.0.1', '169.255.0.0', 'fec0::1', 'fe7f::1']],
  ];
  for (const [test, yes, no] of rows) {
    for (const text of yes) t.equal(test(parseAddress(text)), true, `${test.name} ${text}`);
    for (const text of no) t.equal(test(parseAddress(text)), false, `not ${test.name} ${text}`);
  }
});
