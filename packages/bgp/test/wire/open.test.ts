/** What an OPEN must not say. RFC 4271 section 6.2, RFC 5492, RFC 7607, RFC 9072. */
import t from 'tap';
import { EncodeError, NotificationError } from '../../src/errors.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import { decodeOpen, encodeOpen } from '../../src/wire/open.js';
import { hexOf, octets } from '../corpus/hex.js';

const HEAD = '04 fde8 005a c0000201';
const REFUSED: readonly { name: string; hex: string; subcode: number; data?: string }[] = [
  { name: 'version 3', hex: '03 fde8 005a c0000201 00', subcode: 1, data: '0004' },
  { name: 'AS 0', hex: '04 0000 005a c0000201 00', subcode: 2 },
  { name: 'AS 0 in four octets', hex: `${HEAD} 08 02 06 41 04 00000000`, subcode: 2 },
  { name: 'AS 0 beside a capability', hex: '04 0000 005a c0000201 08 02 06 41 04 0000fde8', subcode: 2 },
  { name: 'BGP Identifier 0', hex: '04 fde8 005a 00000000 00', subcode: 3 },
  { name: 'an authentication parameter', hex: `${HEAD} 03 01 01 00`, subcode: 4 },
  { name: 'a hold time of 1 s', hex: '04 fde8 0001 c0000201 00', subcode: 6 },
  { name: 'a hold time of 2 s', hex: '04 fde8 0002 c0000201 00', subcode: 6 },
  { name: 'fewer parameters than announced', hex: `${HEAD} 04 02 00`, subcode: 0 },
  { name: 'more parameters than announced', hex: `${HEAD} 00 02 00`, subcode: 0 },
  { name: 'a parameter that overruns', hex: `${HEAD} 02 02 01`, subcode: 0 },
  { name: 'a parameter without length', hex: `${HEAD} 01 02`, subcode: 0 },
  { name: 'a capability that overruns', hex: `${HEAD} 04 02 02 02 01`, subcode: 0 },
  { name: 'a capability without length', hex: `${HEAD} 03 02 01 02`, subcode: 0 },
  { name: 'an extended length that is wrong', hex: `${HEAD} ff ff 0006 02 0002 02 00`, subcode: 0 },
  { name: 'an extended length cut short', hex: `${HEAD} ff ff 00`, subcode: 0 },
  { name: 'an unknown parameter in the extended form', hex: `${HEAD} ff ff 0003 07 0000`, subcode: 4 },
  { name: 'multiprotocol of 3 octets', hex: `${HEAD} 07 02 05 01 03 000200`, subcode: 0 },
  { name: 'route refresh of 1 octet', hex: `${HEAD} 05 02 03 02 01 00`, subcode: 0 },
  { name: 'extended next hop of 5 octets', hex: `${HEAD} 09 02 07 05 05 0001000100`, subcode: 0 },
  { name: 'graceful restart of 1 octet', hex: `${HEAD} 05 02 03 40 01 00`, subcode: 0 },
  { name: 'graceful restart of 5 octets', hex: `${HEAD} 09 02 07 40 05 0000000101`, subcode: 0 },
  { name: 'four-octet AS of 3 octets', hex: `${HEAD} 07 02 05 41 03 000001`, subcode: 0 },
  { name: 'ADD-PATH of 3 octets', hex: `${HEAD} 07 02 05 45 03 000101`, subcode: 0 },
];

for (const { name, hex, subcode, data = '' } of REFUSED) {
  t.test(`refuses ${name}`, (t) => {
    try {
      const bytes = octets(hex);
      decodeOpen(bytes, 0, bytes.length);
      t.fail('it was taken');
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      t.strictSame([error.errorCode, error.errorSubcode, hexOf(error.data)], [2, subcode, data]);
    }
    t.end();
  });
}

t.test('a malformed FQDN is kept as it came', (t) => {
  for (const value of ['', '05', '01 61', '01 61 02 62', '00 00 00']) {
    const inner = octets(value).length;
    const hex = [`${HEAD}`, inner + 4, '02', inner + 2, '49', inner].map((part) =>
      typeof part === 'number' ? part.toString(16).padStart(2, '0') : part,
    );
    const bytes = octets(`${hex.join(' ')} ${value}`);
    t.strictSame(decodeOpen(bytes, 0, bytes.length).capabilities, [
      { type: 'unknown', code: 73, value: octets(value) },
    ]);
  }
  t.end();
});

const OURS: readonly { name: string; capability: Capability }[] = [
  {
    name: 'a restart time of 4096 s',
    capability: { type: 'graceful-restart', restarting: false, notification: false, restartTimeS: 4096, families: [] },
  },
  {
    name: 'a stale time of 2^24 s',
    capability: {
      type: 'long-lived-graceful-restart',
      families: [{ afi: 1, safi: 1, forwarding: false, staleTimeS: 2 ** 24 }],
    },
  },
  { name: 'a host name of 65 octets', capability: { type: 'fqdn', hostname: 'a'.repeat(65), domain: '' } },
  { name: 'an AFI of 65536', capability: { type: 'multiprotocol', afi: 65536, safi: 1 } },
  { name: 'a value of 256 octets', capability: { type: 'unknown', code: 200, value: new Uint8Array(256) } },
];
for (const { name, capability } of OURS) {
  t.test(`does not send ${name}`, (t) => {
    const open = { type: 'open', version: 4, asn: 1, holdTimeS: 90, routerId: 1, capabilities: [capability] } as const;
    t.throws(() => encodeOpen(open), EncodeError);
    t.end();
  });
}
