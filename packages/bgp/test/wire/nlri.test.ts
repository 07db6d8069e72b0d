import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import { countNlri, decodeNlri, encodeNlri, nlriCursor, nlriOctets, readNlri, writeNlri } from '../../src/wire/nlri.js';
import { hexOf, octets } from '../corpus/hex.js';

const ROWS: readonly { prefix: string; hex: string }[] = [
  { prefix: '0.0.0.0/0', hex: '00' },
  { prefix: '128.0.0.0/1', hex: '0180' },
  { prefix: '10.0.0.0/8', hex: '080a' },
  { prefix: '10.128.0.0/9', hex: '090a80' },
  { prefix: '192.0.2.0/24', hex: '18c00002' },
  { prefix: '192.0.2.128/25', hex: '19c0000280' },
  { prefix: '255.255.255.255/32', hex: '20ffffffff' },
  { prefix: '::/0', hex: '00' },
  { prefix: '2001:db8::/32', hex: '2020010db8' },
  { prefix: '2001:db8:8000::/33', hex: '2120010db880' },
  { prefix: '2001:db8:0:1::/64', hex: '4020010db800000001' },
  { prefix: '2001:db8:0:1:8000::/65', hex: '4120010db80000000180' },
  { prefix: '2001:db8:0:1:2:3::/96', hex: '6020010db80000000100020003' },
  { prefix: '2001:db8:0:1:2:3:8000::/97', hex: '6120010db8000000010002000380' },
  { prefix: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', hex: `80${'ff'.repeat(16)}` },
];

for (const { prefix: text, hex } of ROWS) {
  t.test(`${text} is ${hex}`, (t) => {
    const prefix = parsePrefix(text);
    const { version, a, b, c, d, length } = prefix;
    const bytes = octets(hex);
    t.equal(nlriOctets(length, false), bytes.length);
    t.strictSame(decodeNlri(bytes, 0, bytes.length, version, false), [{ prefix }]);
    t.equal(hexOf(encodeNlri([{ prefix }], false)), hex);
    const withPath = Uint8Array.of(0x80, 0, 0, 1, ...bytes);
    t.equal(nlriOctets(length, true), withPath.length);
    t.strictSame(decodeNlri(withPath, 0, withPath.length, version, true), [{ prefix, pathId: 0x80000001 }]);
    t.equal(hexOf(encodeNlri([{ prefix, pathId: 0x80000001 }], true)), hexOf(withPath));
    const target = new Uint8Array(bytes.length + 2);
    t.equal(writeNlri(target, 1, a, b, c, d, length, -1), bytes.length + 1);
    t.equal(hexOf(target), `00${hex}00`, 'it writes nothing beside its place');
    for (let end = 0; end < bytes.length; end++) {
      t.equal(readNlri(bytes, 0, end, version, false, nlriCursor()), false, `cut at ${end}`);
      t.equal(countNlri(bytes, 0, end, version, false), end === 0 ? 0 : -1, `counted, cut at ${end}`);
    }
    for (let end = 1; end < withPath.length; end++) {
      t.equal(countNlri(withPath, 0, end, version, true), -1, `with a path identifier, cut at ${end}`);
      t.equal(readNlri(withPath, 0, end, version, true, nlriCursor()), false);
    }
    t.end();
  });
}

t.test('a prefix longer than its family allows is refused', (t) => {
  for (const [version, limit] of [
    [4, 32],
    [6, 128],
  ] as const) {
    for (let length = 0; length < 256; length++) {
      const bytes = new Uint8Array(40);
      bytes[0] = length;
      t.equal(readNlri(bytes, 0, bytes.length, version, false, nlriCursor()), length <= limit, `/${length}`);
      const end = 1 + Math.ceil(length / 8);
      t.equal(countNlri(bytes, 0, end, version, false), length <= limit ? 1 : -1);
    }
  }
  t.end();
});

t.test('bits behind the length are cleared', (t) => {
  for (let length = 0; length <= 128; length++) {
    const bytes = Uint8Array.of(length, ...new Array(Math.ceil(length / 8)).fill(0xff));
    const cursor = nlriCursor();
    t.ok(readNlri(bytes, 0, bytes.length, 6, false, cursor));
    const bits = [cursor.a, cursor.b, cursor.c, cursor.d].map((word) => word.toString(2).padStart(32, '0')).join('');
    t.equal(bits, '1'.repeat(length) + '0'.repeat(128 - length), `/${length}`);
  }
  t.end();
});
