/** What a speaker sends to a collector, read by another's decoder: tshark. */
import { execFileSync } from 'node:child_process';
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { BmpFramer, decodeBmp, encodeBmp } from '../../src/index.js';
import { SimNetwork } from '../../testing/index.js';
import { octets } from '../corpus/hex.js';
import { BMP_VECTORS } from '../vectors/bmp.js';
import { type Dissected, dissect } from './dissect.js';

const US = '10.0.0.1';
const COLLECTOR = '10.9.0.1';

/** A capture of everything that two sessions, one of them old and one over IPv6, and some changes give. */
function recorded(): readonly Uint8Array[] {
  const network = new SimNetwork();
  const us = network.router({ address: US, asn: 65000, wallClockMs: () => 1_700_000_000_000 });
  const old = network.router({ address: '10.0.0.11', asn: 65001 });
  us.addPeer({ at: '10.0.0.11', remoteAsn: 65001, passive: true, fourOctetAs: false });
  old.addPeer({ at: US, remoteAsn: 65000, localNextHops: [parseAddress('2001:db8::11')] });
  old.speaker.originate(parsePrefix('20.1.0.0/24'), { asPath: [{ type: 'sequence', asns: [4_200_000_000] }], med: 7 });
  old.speaker.originate(parsePrefix('20.1.1.0/24'), { asPath: [{ type: 'sequence', asns: [4_200_000_000] }], med: 7 });
  old.speaker.originate(parsePrefix('2001:db8:1::/48'), { asPath: [{ type: 'sequence', asns: [4_200_000_000] }] });
  const framer = new BmpFramer();
  const messages: Uint8Array[] = [];
  network.listen(COLLECTOR, (socket) => {
    socket.onData = (bytes) => messages.push(...framer.push(bytes).map((each) => each.slice()));
  });
  network.until(() => us.isUp('10.0.0.11'));
  network.run(1000);
  us.speaker.originate(parsePrefix('20.9.0.0/24'), { asPath: [{ type: 'sequence', asns: [4_200_000_001] }] });
  const monitor = ['adj-rib-in-pre', 'adj-rib-in-post', 'loc-rib', 'adj-rib-out-post'] as const;
  us.speaker.bmp.add(
    {
      name: 'c',
      address: parseAddress(COLLECTOR),
      monitor,
      sysName: 'node-1',
      sysDescr: 'under test',
      statsIntervalS: 10,
    },
    network.clock.nowMs,
  );
  us.turn();
  network.run(11_000);
  old.speaker.withdraw(parsePrefix('20.1.0.0/24'));
  old.speaker.withdraw(parsePrefix('2001:db8:1::/48'));
  network.run(1000);
  us.resetPeer('10.0.0.11', 'hard', 'bye');
  network.run(1000);
  us.speaker.bmp.remove('c', network.clock.nowMs);
  us.turn();
  network.run(1000);
  return messages;
}

/** tshark 4.0 takes TLVs behind the OPENs of a Peer Up for another BGP message. */
function withoutInformation(bytes: Uint8Array): Uint8Array {
  const message = decodeBmp(bytes);
  return message.type === 'peer-up' ? encodeBmp({ ...message, information: [] }) : bytes;
}

const FIELDS = [
  'bmp.type',
  'bmp.peer.type',
  'bmp.peer.flags',
  'bmp.peer.ip.addr',
  'bmp.peer.asn',
  'bmp.peer.id',
  'bmp.peer.timestamp.sec',
  'bmp.init.info',
  'bmp.peer.up.ip.addr',
  'bmp.peer.down.reason',
  'bmp.term.reason',
  'bmp.stats.type',
  'bmp.stats.data.routes_adj_rib_in',
  'bmp.stats.data.routes_loc_rib',
  'bgp.type',
  'bgp.nlri_prefix',
  'bgp.withdrawn_prefix',
  'bgp.mp_reach_nlri_ipv6_prefix',
  'bgp.mp_unreach_nlri_ipv6_prefix',
  'bgp.update.path_attribute.as_path_segment.as4',
  'bgp.update.path_attribute.as_path_segment.as2',
  'bgp.update.path_attribute.multi_exit_disc',
  'bgp.notify.major_error',
  'bgp.notify.minor_error_cease',
];

const installed = (): boolean => {
  try {
    execFileSync('tshark', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

t.test(
  'tshark reads what a speaker sends as it was meant',
  { skip: !installed() && 'tshark is not installed' },
  (t) => {
    const messages = recorded();
    const all = dissect(messages.map(withoutInformation), FIELDS);
    t.equal(all.length, messages.length);
    for (const each of all) t.same(each['_ws.malformed'], [], `type ${each['bmp.type']?.join()}: sound`);
    const one = (type: number, fits: (each: Dissected) => boolean = () => true): Dissected =>
      all.find((each) => each['bmp.type']?.[0] === String(type) && fits(each)) ?? {};
    const has =
      (field: string, value: string) =>
      (each: Dissected): boolean =>
        each[field]?.includes(value) === true;
    t.match(all[0], { 'bmp.type': ['4'], 'bmp.init.info': ['under test', 'node-1'] });
    t.match(one(3, has('bmp.peer.type', '3')), { 'bmp.peer.asn': ['65000'], 'bgp.type': ['1', '1'] }, 'loc-rib');
    t.match(one(3, has('bmp.peer.type', '0')), {
      'bmp.peer.ip.addr': ['10.0.0.11'],
      'bmp.peer.asn': ['65001'],
      'bmp.peer.id': ['10.0.0.11'],
      'bmp.peer.up.ip.addr': [US],
      'bgp.type': ['1', '1'],
    });

    const routes = (flags: string, field: string, value: string): Dissected =>
      one(0, (each) => has('bmp.peer.flags', flags)(each) && has(field, value)(each));
    t.match(
      routes('0x20', 'bgp.nlri_prefix', '20.1.0.0'),
      {
        'bgp.nlri_prefix': ['20.1.0.0', '20.1.1.0'],
        'bgp.update.path_attribute.as_path_segment.as2': ['65001', '23456'],
        'bgp.update.path_attribute.multi_exit_disc': ['7'],
      },
      'as received from an old speaker: AS numbers of two octets',
    );
    t.match(
      routes('0x40', 'bgp.nlri_prefix', '20.1.0.0'),
      { 'bgp.update.path_attribute.as_path_segment.as4': ['65001', '4200000000'] },
      'as accepted: of four',
    );
    t.match(routes('0x40', 'bgp.mp_reach_nlri_ipv6_prefix', '2001:db8:1::'), { 'bmp.peer.asn': ['65001'] });
    t.match(
      routes('0x00', 'bgp.nlri_prefix', '20.1.1.0'),
      { 'bmp.peer.type': ['3'], 'bmp.peer.asn': ['65000'] },
      'best',
    );
    t.match(
      routes('0x70', 'bgp.nlri_prefix', '20.9.0.0'),
      { 'bmp.peer.asn': ['65001'], 'bgp.update.path_attribute.as_path_segment.as2': ['65000', '23456'] },
      'what the old speaker is told, with AS numbers of two octets: flags L, A and O',
    );
    t.match(routes('0x20', 'bgp.withdrawn_prefix', '20.1.0.0'), { 'bmp.peer.timestamp.sec': ['1700000000'] });
    t.match(routes('0x40', 'bgp.mp_unreach_nlri_ipv6_prefix', '2001:db8:1::'), { 'bmp.peer.asn': ['65001'] });

    t.match(one(1, has('bmp.peer.type', '0')), {
      'bmp.stats.type': ['0', '1', '2', '3', '4', '5', '7', '9', '9', '11', '12', '13', '15', '17', '17'],
      'bmp.stats.data.routes_adj_rib_in': ['3'],
    });
    t.match(one(1, has('bmp.peer.type', '3')), { 'bmp.stats.data.routes_loc_rib': ['4'] });
    t.match(one(2), { 'bmp.peer.down.reason': ['1'], 'bgp.notify.major_error': ['6'] });
    t.match(all.at(-1), { 'bmp.type': ['5'], 'bmp.term.reason': ['0'] });
    t.end();
  },
);

t.test('tshark finds the vectors sound', { skip: !installed() && 'tshark is not installed' }, (t) => {
  const all = dissect(
    BMP_VECTORS.map(({ hex }) => withoutInformation(octets(hex))),
    ['bmp.type'],
  );
  BMP_VECTORS.forEach(({ name, value }, index) => {
    if (value.type !== 'other') t.same(all[index]?.['_ws.malformed'], [], name);
  });
  t.end();
});
