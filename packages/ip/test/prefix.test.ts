import fc from 'fast-check';
import t from 'tap';
import {
  addressAt,
  addressBits,
  addressesEqual,
  addressToBigInt,
  bitAt,
  commonBits,
  comparePrefixes,
  formatAddress,
  formatPrefix,
  hostPrefix,
  lastAddress,
  maskWord,
  ordinalOf,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixesEqual,
  prefixesOverlap,
  prefixOf,
  prefixSize,
  subnetAt,
  subnetCount,
} from '../src/index.js';
import { address, addressOf, prefix, prefixWith } from './arbitraries.js';

t.test('what is no prefix is refused with what would be right', async (t) => {
  const write = 'write it like 10.0.0.0/8 or 2001:db8::/32';
  const rows: readonly [string, string][] = [
    ['', `"" is no prefix; ${write}`],
    ['10.0.0.0', `"10.0.0.0" is no prefix; ${write}`],
    ['10.0.0.0/', `"10.0.0.0/" is no prefix; ${write}`],
    ['10.0.0.0/08', `"10.0.0.0/08" is no prefix; ${write}`],
    ['10.0.0.0/-1', `"10.0.0.0/-1" is no prefix; ${write}`],
    ['10.0.0.0/8/8', `"10.0.0.0/8/8" is no prefix; ${write}`],
    ['10.0.0.0/1000', `"10.0.0.0/1000" is no prefix; ${write}`],
    ['10.0.0.0/255.0.0.0', `"10.0.0.0/255.0.0.0" is no prefix; ${write}`],
    ['/8', `"/8" is no prefix; ${write}`],
    ['10.0.0.0/33', '"10.0.0.0/33": the length of an IPv4 prefix is 0 to 32'],
    ['::/129', '"::/129": the length of an IPv6 prefix is 0 to 128'],
    ['10.1.2.3/8', '"10.1.2.3/8" has bits set behind /8; the prefix is 10.0.0.0/8'],
    ['2001:db8::1/64', '"2001:db8::1/64" has bits set behind /64; the prefix is 2001:db8::/64'],
    ['0.0.0.1/0', '"0.0.0.1/0" has bits set behind /0; the prefix is 0.0.0.0/0'],
  ];
  for (const [text, message] of rows) {
    t.throws(() => parsePrefix(text), { name: 'IpError', code: 'ERR_IP_PREFIX', message }, text);
  }
});

t.test('a prefix is read back from its text', async (t) => {
  fc.assert(fc.property(prefix, (value) => prefixesEqual(parsePrefix(formatPrefix(value)), value)));
  for (const text of ['0.0.0.0/0', '::/0', '255.255.255.255/32', '2001:db8::/33']) {
    t.equal(formatPrefix(parsePrefix(text)), text);
  }
});

t.test('an interface address keeps its host bits', async (t) => {
  const { address: host, prefix: around } = parseInterfaceAddress('10.1.2.3/24');
  t.equal(formatAddress(host), '10.1.2.3');
  t.equal(formatPrefix(around), '10.1.2.0/24');
});

t.test('masks', async (t) => {
  const rows = [
    [-40, 0],
    [0, 0],
    [1, 0x80000000],
    [8, 0xff000000],
    [31, 0xfffffffe],
    [32, 0xffffffff],
    [77, 0xffffffff],
  ] as const;
  for (const [bits, mask] of rows) t.equal(maskWord(bits), mask, `${bits} bits`);
});

t.test('containment is that of integer ranges', async () => {
  fc.assert(
    fc.property(prefix, address, (outer, inner) => {
      const first = addressToBigInt(outer);
      const value = addressToBigInt(inner);
      const inRange = outer.version === inner.version && value >= first && value < first + prefixSize(outer);
      return prefixContains(outer, inner) === inRange;
    }),
  );
  fc.assert(
    fc.property(prefix, fc.bigInt(0n, (1n << 128n) - 1n), (outer, seed) =>
      prefixContains(outer, addressAt(outer, seed % prefixSize(outer))),
    ),
  );
});

t.test('covering, overlap and order agree', async () => {
  for (const version of [4, 6] as const) {
    fc.assert(
      fc.property(prefixWith(version), prefixWith(version), fc.nat(128), (x, other, cut) => {
        const y = cut % 2 ? prefixOf(x, Math.min(cut, addressBits(version))) : other;
        const overlap = prefixContains(x, y) || prefixContains(y, x);
        return (
          prefixesOverlap(x, y) === overlap &&
          prefixesOverlap(y, x) === overlap &&
          prefixCovers(x, y) === (x.length <= y.length && overlap) &&
          prefixesEqual(x, y) === (prefixCovers(x, y) && prefixCovers(y, x)) &&
          Math.sign(comparePrefixes(x, y)) === -Math.sign(comparePrefixes(y, x)) + 0
        );
      }),
      { numRuns: 500 },
    );
  }
});

t.test('ordinals count from the first address to the last', async (t) => {
  fc.assert(
    fc.property(prefix, fc.bigInt(0n, (1n << 128n) - 1n), (outer, seed) => {
      const ordinal = seed % prefixSize(outer);
      const at = addressAt(outer, ordinal);
      return (
        ordinalOf(outer, at) === ordinal && addressesEqual(prefixOf(at, outer.length), prefixOf(outer, outer.length))
      );
    }),
  );
  const block = parsePrefix('10.0.0.64/26');
  t.equal(formatAddress(addressAt(block, 0)), '10.0.0.64');
  t.equal(formatAddress(lastAddress(block)), '10.0.0.127');
  t.equal(formatAddress(lastAddress(parsePrefix('::/0'))), 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
  for (const ordinal of [-1, 64, 1n << 90n]) {
    t.throws(() => addressAt(block, ordinal), {
      code: 'ERR_IP_ADDRESS',
      message: `ordinal ${ordinal} is outside 10.0.0.64/26`,
    });
  }
});

t.test('subnets cut a prefix without gap or overlap', async (t) => {
  fc.assert(
    fc.property(prefix, fc.nat(10), fc.nat(), (outer, more, seed) => {
      const length = Math.min(outer.length + more, addressBits(outer.version));
      const count = subnetCount(outer, length);
      const index = BigInt(seed) % count;
      const subnet = subnetAt(outer, length, index);
      const first = addressToBigInt(outer) + index * prefixSize(subnet);
      return (
        prefixCovers(outer, subnet) &&
        addressToBigInt(subnet) === first &&
        count * prefixSize(subnet) === prefixSize(outer)
      );
    }),
  );
  t.equal(formatPrefix(subnetAt(parsePrefix('10.0.0.0/16'), 26, 1023)), '10.0.255.192/26');
  t.throws(() => subnetAt(parsePrefix('10.0.0.0/16'), 26, 1024), { name: 'IpError' });
  t.throws(() => subnetAt(parsePrefix('10.0.0.0/16'), 15, 0), {
    code: 'ERR_IP_PREFIX',
    message: 'a /15 does not fit into 10.0.0.0/16',
  });
  t.throws(() => subnetAt(parsePrefix('10.0.0.0/16'), 33, 0), { code: 'ERR_IP_PREFIX' });
});

t.test('bits and how many of them are common', async (t) => {
  for (const version of [4, 6] as const) {
    const bits = addressBits(version);
    fc.assert(
      fc.property(addressOf(version), addressOf(version), fc.nat(bits), (x, y, limit) => {
        let common = 0;
        while (common < limit && bitAt(x, common) === bitAt(y, common)) common++;
        return commonBits(x, y, limit) === common && commonBits(x, x) === bits;
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(addressOf(version), (x) => {
        let value = 0n;
        for (let bit = 0; bit < bits; bit++) value = (value << 1n) | BigInt(bitAt(x, bit));
        return value === addressToBigInt(x);
      }),
    );
  }
  t.equal(formatPrefix(hostPrefix(parseAddress('10.0.0.1'))), '10.0.0.1/32');
  t.equal(formatPrefix(hostPrefix(parseAddress('::1'))), '::1/128');
});
