import { LinuxError, MessageWriter, messagesOf, readLink, writeLink } from '@tortie/linux';
import t from 'tap';
import { bytesOf, hexOf } from '../support/hex.js';

const two = '14000000180001000100000002000000aabbccdd' + '12000000190002000300000004000000eeff0000';

t.test('messages lie one behind the other, padded to four octets', async (t) => {
  const seen = [...messagesOf(bytesOf(two))].map(({ type, flags, seq, portId, start, end }) => [
    type,
    flags,
    seq,
    portId,
    start,
    end,
  ]);
  t.same(seen, [
    [24, 1, 1, 2, 16, 20],
    [25, 2, 3, 4, 36, 38],
  ]);
});

t.test('a datagram cut anywhere is refused, or ends at a message', async (t) => {
  for (let octets = 1; octets < two.length / 2; octets++) {
    const bytes = bytesOf(two).slice(0, octets);
    if (octets === 20 || octets > 37) t.doesNotThrow(() => [...messagesOf(bytes)], `${octets}`);
    else t.throws(() => [...messagesOf(bytes)], { code: 'ERR_LINUX_MESSAGE' }, `${octets}`);
  }
});

t.test('a length below the header is refused rather than walked for ever', async (t) => {
  t.throws(() => [...messagesOf(bytesOf('00000000180001000100000002000000'))], LinuxError);
});

t.test('a buffer grows under long messages', async (t) => {
  const to = new MessageWriter(8);
  to.begin(16, 5, 1);
  to.attribute(3, () => to.text('x'.repeat(1000)));
  to.end();
  t.equal(to.length, 16 + 4 + 1004 - 3 + 3);
  t.equal([...messagesOf(to.written)].length, 1);
});

// One way: requests for links and notifications about them carry different attributes.
const links = [
  {
    name: 'a veth with its other half in another namespace',
    hex: '74000000100005060700000000000000000000000000000001000000010000000a00010002000000000100000700030076300000080004007805000038001280090001007665746800000000280002802400010000000000000000000000000000000000070003007631000008001c0009000000',
    request: {
      name: 'v0',
      kind: 'veth',
      mtu: 1400,
      mac: '02:00:00:00:00:01',
      up: true,
      peer: { name: 'v1', netnsFd: 9 },
    },
  },
  {
    name: 'taken off its bridge and switched off',
    hex: '280000001000050607000000000000000000000004000000000000000100000008000a0000000000',
    request: { ifindex: 4, masterIfindex: 0, up: false },
  },
  {
    name: 'a bridge',
    hex: '38000000100005060700000000000000000000000000000000000000000000000800030062723000100012800b0001006272696467650000',
    request: { name: 'br0', kind: 'bridge' },
  },
];
for (const { name, hex, request } of links) {
  t.test(`link request: ${name}`, async (t) => {
    t.equal(
      hexOf((to) => writeLink(to, 16, 0x605, 7, request)),
      hex,
    );
    const [message] = messagesOf(bytesOf(hex));
    t.equal(readLink(message!)?.name, request.name ?? '');
  });
}
