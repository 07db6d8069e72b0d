/** RFC 7606 where one UPDATE has more than one thing wrong, or more than one field of routes. */
import t from 'tap';
import { NotificationError } from '../../src/errors.js';
import type { AsPathSegment } from '../../src/wire/attribute/path-attributes.js';
import { wireContext } from '../../src/wire/context.js';
import { octets } from '../corpus/hex.js';
import { prefix, RibFixture } from './rib-fixture.js';

const ORIGIN = '40010100';
const AS_PATH = '400206 0201 0000fde9';
const NEXT_HOP = '400304 c0000201';
/** MP_REACH_NLRI with 2001:db8::/32. */
const MP_REACH = '800e1a 000201 10 20010db8000000000000000000000001 00 20 20010db8';
/** No attribute 36 is known, so none may be flagged well-known: a session reset. */
const UNRECOGNIZED = '402400';
const NLRI = '080a';

const hexLength = (hex: string): string => (hex.replaceAll(' ', '').length / 2).toString(16).padStart(4, '0');
const body = (withdrawn: string, attributes: string, nlri: string): Uint8Array =>
  octets(`${hexLength(withdrawn)}${withdrawn}${hexLength(attributes)}${attributes}${nlri}`);

function fixture(families = [true, true]) {
  const net = new RibFixture();
  const receive = { fourOctetAs: true, extendedMessages: false, peerType: 'ebgp' as const, localAsn: 65000, families };
  const { index } = net.up('a', { receive: { ...receive, addPath: [false, false], extendedNextHop: [false, false] } });
  const received = () => net.rib.peerCounters(index).map((each) => each.received);
  const receiveBody = (bytes: Uint8Array) => net.rib.receiveUpdate(index, bytes, 0, bytes.length);
  return { net, received, receiveBody };
}

t.test('a missing NEXT_HOP withdraws the routes of MP_REACH_NLRI as well', async (t) => {
  const { received, receiveBody } = fixture();
  const { announced, withdrawn, faults } = receiveBody(body('', `${MP_REACH}${ORIGIN}${AS_PATH}`, NLRI));
  t.same([announced, withdrawn], [0, 2]);
  t.same(
    faults.map(({ action }) => action),
    ['treat-as-withdraw'],
  );
  t.same(received(), [0, 0]);
});

t.test('a message with both fields is sound where both are, and tells what it discards', async (t) => {
  const { net, received, receiveBody } = fixture();
  const { announced, faults } = receiveBody(body('', `${MP_REACH}${ORIGIN}${AS_PATH}${NEXT_HOP}400500`, NLRI));
  t.equal(announced, 2);
  t.ok(faults.length > 0 && faults.every(({ action }) => action === 'attribute-discard'));
  t.same(received(), [1, 1]);
  net.down('a');
  net.settle();
  t.equal(net.rib.counters().attributeSets, 0);
});

t.test('a session reset wins over an attribute that overruns its area', async (t) => {
  const { receiveBody } = fixture();
  const overrun = '4005ff';
  t.throws(
    () => receiveBody(body('', `${ORIGIN}${AS_PATH}${NEXT_HOP}${UNRECOGNIZED}${overrun}`, NLRI)),
    NotificationError,
  );
});

t.test('what resets the session changes no route before', async (t) => {
  const { received, receiveBody } = fixture();
  receiveBody(body('', `${ORIGIN}${AS_PATH}${NEXT_HOP}`, NLRI));
  for (const nlri of ['', '08 0b']) {
    const broken = body(NLRI, `${ORIGIN}${AS_PATH}${NEXT_HOP}${UNRECOGNIZED}`, nlri);
    t.throws(() => receiveBody(broken), NotificationError);
    t.same(received(), [1, 0]);
  }
});

t.test('routes of a family that was not negotiated are reachable all the same: no session reset', async (t) => {
  const { received, receiveBody } = fixture([true, false]);
  const { faults } = receiveBody(body('', `${MP_REACH}${ORIGIN}40020102`, ''));
  t.same(
    faults.map(({ action }) => action),
    ['treat-as-withdraw'],
  );
  t.same(received(), [0, 0]);
});

const sequences = (count: number): AsPathSegment[] =>
  Array.from({ length: Math.ceil(count / 250) }, (_, index) => ({
    type: 'sequence',
    asns: new Array<number>(Math.min(250, count - 250 * index)).fill(7),
  }));
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

t.test(
  'attributes of a 2-octet session that outgrow every message in four octets are treated as withdrawn',
  async (t) => {
    const net = new RibFixture();
    const receive = wireContext({ fourOctetAs: false, extendedMessages: true, localAsn: 65000 });
    const { index } = net.up('a', { receive });
    const received = () => net.rib.peerCounters(index)[0]!.received;
    net.announce('a', ['10.0.0.0/8'], { asPath: sequences(8000), communities: numbers(8000) });
    t.equal(received(), 1, 'as long as there is room');
    net.announce('a', ['10.0.0.0/8'], { asPath: sequences(8000), communities: numbers(10_000) });
    t.equal(received(), 0);
    net.settle();
    t.equal(net.rib.counters().attributeSets, 0);
  },
);

t.test('a policy that lengthens attributes beyond any message rejects the route', async (t) => {
  const net = new RibFixture();
  const receive = wireContext({ extendedMessages: true, localAsn: 65000 });
  const importPolicy = { terms: [{ action: 'accept' as const, set: { addCommunities: numbers(150) } }] };
  const { index } = net.up('a', { receive, importPolicy });
  const accepted = () => net.rib.adjRibIn(index, 'post', 'ipv4-unicast').items.length;
  net.announce('a', ['10.0.0.0/8'], { asPath: sequences(16_100) });
  t.equal(accepted(), 1, 'as long as there is room');
  net.announce('a', ['10.0.0.0/8'], { asPath: sequences(16_230) });
  t.equal(accepted(), 0);
  t.equal(net.rib.peerCounters(index)[0]!.received, 1);
});

t.test('attributes of our own that fit no message are refused', async (t) => {
  const net = new RibFixture();
  t.throws(() => net.rib.originate(prefix('10.0.0.0/8'), { communities: numbers(16_400) }), { code: 'ERR_BGP_ENCODE' });
  t.equal(net.rib.counters().attributeSets, 0);
});
