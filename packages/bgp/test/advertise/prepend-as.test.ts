import t from 'tap';
import { withoutConfederations } from '../../src/advertise/prepend-as.js';
import { hexOf, octets } from '../corpus/hex.js';
import { RibFixture } from '../rib/rib-fixture.js';

const SEQUENCE = '0201 0000fde9';
const SET = '0102 00000001 00000002';
const CONFED_SEQUENCE = '0302 0000fc01 0000fc02';
const CONFED_SET = '0401 0000fc03';

const ROWS: readonly (readonly [string, string, string])[] = [
  ['nothing', '', ''],
  ['none', `${SEQUENCE}${SET}`, `${SEQUENCE}${SET}`],
  ['in front', `${CONFED_SEQUENCE}${CONFED_SET}${SEQUENCE}`, SEQUENCE],
  ['between and behind', `${SEQUENCE}${CONFED_SET}${SET}${CONFED_SEQUENCE}`, `${SEQUENCE}${SET}`],
  ['only', `${CONFED_SEQUENCE}${CONFED_SET}`, ''],
];

for (const [name, path, left] of ROWS) {
  t.test(`confederation segments go: ${name}`, async (t) => {
    const bytes = octets(path);
    t.equal(hexOf(withoutConfederations(bytes)), left.replaceAll(' ', ''));
  });
}

t.test('confederation segments of an internal peer go to internal peers only', async (t) => {
  const net = new RibFixture();
  net.up('from', { type: 'ibgp', client: true });
  net.up('internal', { type: 'ibgp', client: true });
  net.up('external', { asn: 65002 });
  const asPath = [
    { type: 'confed-sequence', asns: [64513, 64514] },
    { type: 'sequence', asns: [65001] },
    { type: 'confed-set', asns: [64515] },
  ] as const;
  net.announce('from', ['10.0.0.0/8'], { asPath, localPref: 100 });
  net.settle();
  const pathTo = (name: string) => net.peers.get(name)!.table.get('10.0.0.0/8')?.asPath;
  t.same(pathTo('internal'), asPath);
  t.same(pathTo('external'), [{ type: 'sequence', asns: [65000, 65001] }]);
});
