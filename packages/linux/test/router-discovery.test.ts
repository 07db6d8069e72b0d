import { parseAddress } from '@tortie/ip';
import {
  AdvertisementPacer,
  decodeRouterMessage,
  encodeRouterMessage,
  presence,
  type RouterMessage,
} from '@tortie/linux';
import fc from 'fast-check';
import t from 'tap';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

const ROUTER = parseAddress('fe80::1');
const decode = (text: string, from = ROUTER, hopLimit = 255) => decodeRouterMessage(bytes(text), from, hopLimit);

const QUIET = {
  type: 'router-advertisement',
  hopLimit: 0,
  managed: false,
  otherConfiguration: false,
  routerLifetimeS: 0,
  reachableTimeMs: 0,
  retransmitMs: 0,
} as const;

const BOTH_WAYS: readonly (readonly [hex: string, message: RouterMessage])[] = [
  ['85 00 0000 00000000', { type: 'router-solicitation' }],
  ['85 00 0000 00000000 01 01 0200deadbeef', { type: 'router-solicitation', mac: '02:00:de:ad:be:ef' }],
  ['86 00 0000 00 00 0000 00000000 00000000', QUIET],
  ['86 00 0000 00 00 0000 00000000 00000000 01 01 0200deadbeef', { ...QUIET, mac: '02:00:de:ad:be:ef' }],
  [
    '86 00 0000 40 c0 001e 0001d4c0 ffffffff',
    {
      ...QUIET,
      hopLimit: 64,
      managed: true,
      otherConfiguration: true,
      routerLifetimeS: 30,
      reachableTimeMs: 120_000,
      retransmitMs: 0xffffffff,
    },
  ],
];

/** Not what we would write: a checksum, flags and options of others, and an address of another kind of link. */
const ONE_WAY: readonly (readonly [hex: string, message: RouterMessage])[] = [
  // Prefix information (3), MTU (5), an option nobody knows, then the address.
  [
    `86 00 1234 40 08 0708 00000000 00000000
     03 04 40c0 00278d00 00093a80 00000000 20010db8000000000000000000000000
     05 01 0000 000005dc  fe 02 0000000000000000000000000000  01 01 0200deadbeef`,
    { ...QUIET, hopLimit: 64, routerLifetimeS: 1800, mac: '02:00:de:ad:be:ef' },
  ],
  ['86 00 0000 00 00 0000 00000000 00000000 01 02 0102030405060708090a0b0c0d0e', QUIET],
];

t.test('messages on the wire, both ways', async (t) => {
  for (const [text, message] of BOTH_WAYS) {
    t.same(decode(text), { message }, text);
    t.equal(hex(encodeRouterMessage(message)), hex(bytes(text)), text);
  }
  for (const [text, message] of ONE_WAY) t.same(decode(text), { message }, text);
  t.same(presence('02:00:de:ad:be:ef'), { ...QUIET, mac: '02:00:de:ad:be:ef' }, 'we are nobody’s default router');
  t.same(presence(undefined), QUIET);
});

t.test('what RFC 4861 section 6.1 has us discard', async (t) => {
  const good = '86 00 0000 00 00 0000 00000000 00000000';
  for (const [fault, decoded] of [
    ['hop-limit', decode(good, ROUTER, 254)],
    ['hop-limit', decode(good, ROUTER, -1)],
    ['hop-limit', decode('85 00 0000 00000000', ROUTER, 64)],
    ['type', decode('80 00 0000 00000000')],
    ['type', decode('87 00 0000 00000000 00000000000000000000000000000000')],
    ['code', decode('86 01 0000 00 00 0000 00000000 00000000')],
    ['code', decode('85 02 0000 00000000')],
    ['source', decode(good, parseAddress('2001:db8::1'))],
    ['source', decode(good, parseAddress('::'))],
    ['source', decode(good, parseAddress('169.254.0.1'))],
    ['option', decode(`${good} 01 00 0200deadbeef`)],
    ['option', decode(`${good} 01 02 0200deadbeef`)],
    ['option', decode(`${good} 01`)],
    ['option', decode('85 00 0000 00000000 01 01 0200deadbeef', parseAddress('::'))],
  ] as const) {
    t.same(decoded, { fault });
  }
  t.match(decode('85 00 0000 00000000', parseAddress('2001:db8::1')), { message: { type: 'router-solicitation' } });
  t.match(decode('85 00 0000 00000000', parseAddress('::')), { message: { type: 'router-solicitation' } });
});

t.test('every message cut at every octet is a fault or a shorter message, never an exception', async (t) => {
  for (const [text, message] of [...BOTH_WAYS, ...ONE_WAY]) {
    const whole = bytes(text);
    const body = message.type === 'router-solicitation' ? 8 : 16;
    // Where an option ends the rest is a whole message again.
    const ends = new Set<number>();
    for (let at = body; at < whole.length; at += whole[at + 1]! * 8) ends.add(at);
    for (let length = 0; length < whole.length; length++) {
      const decoded = decodeRouterMessage(whole.subarray(0, length), ROUTER, 255);
      t.equal('message' in decoded, ends.has(length), `${length} octets of ${text}`);
    }
  }
});

t.test('whatever the octets, there is an answer', async () => {
  const header = fc.constantFrom('8500000000000000', '86000000000000000000000000000000').map(bytes);
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 80 }), fc.boolean(), (head, tail, whole) => {
      const octets = whole ? Uint8Array.of(...head, ...tail) : tail;
      const decoded = decodeRouterMessage(octets, ROUTER, 255);
      return 'fault' in decoded || octets.length >= 8;
    }),
    { numRuns: 2000 },
  );
});

t.test('what is encoded is decoded to the same', async () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const mac = fc
    .uint8Array({ minLength: 6, maxLength: 6 })
    .map((octets) => [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join(':'));
  const message = fc
    .record({
      hopLimit: fc.integer({ min: 0, max: 255 }),
      managed: fc.boolean(),
      otherConfiguration: fc.boolean(),
      routerLifetimeS: fc.integer({ min: 0, max: 0xffff }),
      reachableTimeMs: word,
      retransmitMs: word,
    })
    .chain((fields) => mac.map((text) => ({ type: 'router-advertisement', ...fields, mac: text }) as const));
  fc.assert(
    fc.property(message, (one) => {
      const decoded = decodeRouterMessage(encodeRouterMessage(one), ROUTER, 255);
      return JSON.stringify(decoded) === JSON.stringify({ message: one });
    }),
  );
});

t.test('when advertisements are due', async (t) => {
  for (const [chance, intervalMs, delayMs] of [
    [0, 3_333, 0],
    [1, 10_000, 500],
  ] as const) {
    const pacer = new AdvertisementPacer(1000, () => chance);
    t.equal(pacer.dueMs, 1000, 'the first one at once');
    pacer.sent(1000);
    t.equal(pacer.dueMs, 1000 + intervalMs);
    pacer.solicited(1100);
    t.equal(pacer.dueMs, Math.min(1000 + intervalMs, 4000), 'an answer waits until 3 s after the last one');
    pacer.sent(4000);
    pacer.solicited(7200);
    t.equal(pacer.dueMs, Math.min(4000 + intervalMs, 7200 + delayMs), 'and then a little while');
    pacer.solicited(7300);
    t.equal(pacer.dueMs, Math.min(4000 + intervalMs, 7200 + delayMs), 'a second question changes nothing');
    pacer.sent(20_000);
    pacer.restarted(20_001);
    t.equal(pacer.dueMs, 23_000);
    pacer.restarted(30_000);
    t.equal(pacer.dueMs, 23_000, 'what is due sooner stays so');
  }
});
