import { type ControlPacket, DIAGNOSTICS, decodePacket, encodePacket, STATES } from '@tortie/bfd';
import fc from 'fast-check';
import t from 'tap';

const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const UP: ControlPacket = {
  diagnostic: 'no diagnostic',
  state: 'up',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMult: 3,
  myDiscriminator: 0x01020304,
  yourDiscriminator: 0xa0b0c0d0,
  desiredMinTxUs: 300_000,
  requiredMinRxUs: 250_000,
  requiredMinEchoRxUs: 0,
};

const VECTORS: readonly (readonly [hex: string, packet: ControlPacket])[] = [
  ['20 c0 03 18 01020304 a0b0c0d0 000493e0 0003d090 00000000', UP],
  [
    '21 60 05 18 00000001 00000000 000f4240 000f4240 00000000',
    {
      ...UP,
      diagnostic: 'control detection time expired',
      state: 'down',
      poll: true,
      detectMult: 5,
      myDiscriminator: 1,
      yourDiscriminator: 0,
      desiredMinTxUs: 1_000_000,
      requiredMinRxUs: 1_000_000,
    },
  ],
  [
    '27 10 03 18 01020304 a0b0c0d0 000493e0 0003d090 00000000',
    { ...UP, diagnostic: 'administratively down', state: 'admin-down', final: true },
  ],
  [
    '23 8a 03 18 01020304 a0b0c0d0 000493e0 0003d090 0000c350',
    {
      ...UP,
      diagnostic: 'neighbor signaled session down',
      state: 'init',
      controlPlaneIndependent: true,
      demand: true,
      requiredMinEchoRxUs: 50_000,
    },
  ],
];

t.test('packets on the wire, both ways', async (t) => {
  for (const [text, packet] of VECTORS) {
    t.same(decodePacket(octets(text)), { packet });
    t.equal(hex(encodePacket(packet)), text.replaceAll(' ', ''));
  }
});

t.test('a diagnostic without a name is taken: RFC 5880 discards nothing for it', async (t) => {
  const decoded = decodePacket(octets('3f c0 03 18 01020304 a0b0c0d0 000493e0 0003d090 00000000'));
  t.match(decoded, { packet: { diagnostic: 'reserved', state: 'up' } });
});

t.test('octets behind the length are not looked at', async (t) => {
  t.same(decodePacket(octets(`${VECTORS[0]![0]} ffff`)), { packet: UP });
});

for (const [fault, what, text] of [
  ['version', 'version 0', '00 c0 03 18 01020304 a0b0c0d0 000493e0 0003d090 00000000'],
  ['version', 'version 2', '40 c0 03 18 01020304 a0b0c0d0 000493e0 0003d090 00000000'],
  ['length', 'a length of 23', '20 c0 03 17 01020304 a0b0c0d0 000493e0 0003d090 00000000'],
  ['length', 'a length above the payload', '20 c0 03 19 01020304 a0b0c0d0 000493e0 0003d090 00000000'],
  ['length', 'the A bit with a length of 25', '20 c4 03 19 01020304 a0b0c0d0 000493e0 0003d090 00000000 01'],
  ['detect-mult', 'a detect mult of 0', '20 c0 00 18 01020304 a0b0c0d0 000493e0 0003d090 00000000'],
  ['multipoint', 'the M bit', '20 c1 03 18 01020304 a0b0c0d0 000493e0 0003d090 00000000'],
  ['my-discriminator', 'no discriminator of its sender', '20 c0 03 18 00000000 a0b0c0d0 000493e0 0003d090 00000000'],
  [
    'your-discriminator',
    'no discriminator of ours while up',
    '20 c0 03 18 01020304 00000000 000493e0 0003d090 00000000',
  ],
  [
    'your-discriminator',
    'no discriminator of ours in init',
    '20 80 03 18 01020304 00000000 000493e0 0003d090 00000000',
  ],
  ['authentication', 'the A bit', '20 c4 03 1b 01020304 a0b0c0d0 000493e0 0003d090 00000000 010301'],
] as const) {
  t.test(`${what} is discarded: ${fault}`, async (t) => t.same(decodePacket(octets(text)), { fault }));
}

t.test('a packet cut anywhere is a fault', async (t) => {
  for (const [text] of VECTORS) {
    const whole = octets(text);
    for (let length = 0; length < whole.length; length++) {
      t.same(decodePacket(whole.subarray(0, length)), { fault: 'length' }, `cut to ${length}`);
    }
  }
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const packets: fc.Arbitrary<ControlPacket> = fc.record({
  diagnostic: fc.constantFrom(...DIAGNOSTICS),
  state: fc.constantFrom(...STATES),
  poll: fc.boolean(),
  final: fc.boolean(),
  controlPlaneIndependent: fc.boolean(),
  demand: fc.boolean(),
  detectMult: fc.integer({ min: 1, max: 255 }),
  myDiscriminator: fc.integer({ min: 1, max: 0xffffffff }),
  yourDiscriminator: fc.integer({ min: 1, max: 0xffffffff }),
  desiredMinTxUs: word,
  requiredMinRxUs: word,
  requiredMinEchoRxUs: word,
});

t.test('what is encoded is decoded again', async () => {
  fc.assert(
    fc.property(packets, (packet) => {
      const decoded = decodePacket(encodePacket(packet));
      return 'packet' in decoded && JSON.stringify(decoded.packet) === JSON.stringify(packet);
    }),
  );
});

t.test('any octets give a packet that could have been sent, or a fault', async (t) => {
  let taken = 0;
  const noise = fc.uint8Array({ minLength: 0, maxLength: 60, size: 'max' }).map((bytes) => {
    // Else hardly any would get past the first check.
    if (bytes.length > 3) {
      bytes[0] = (bytes[0]! & 0x1f) | 0x20;
      bytes[1] = bytes[1]! & (bytes[2]! < 128 ? 0xfa : 0xff);
      bytes[3] = 20 + (bytes[3]! % 12);
    }
    return bytes;
  });
  fc.assert(
    fc.property(noise, (bytes) => {
      const decoded = decodePacket(bytes);
      if ('fault' in decoded) return true;
      taken++;
      return bytes.length >= 24 && decoded.packet.detectMult > 0 && decoded.packet.myDiscriminator > 0;
    }),
    { numRuns: 2000 },
  );
  t.ok(taken > 0, `${taken} were taken`);
});
