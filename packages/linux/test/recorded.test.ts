/** What Linux 6.18 sent, read only: the kernel adds attributes of its own and has its own order. */
import { formatAddress, formatPrefix } from '@tortie/ip';
import {
  readAcknowledgement,
  readInterfaceAddress,
  readNeighbour,
  readNexthop,
  readRoute,
  readRule,
  refusal,
} from '@tortie/linux';
import t from 'tap';
import { messageOf } from './support/hex.js';

const hops = (hex: string): unknown[] => {
  const route = readRoute(messageOf(hex))!;
  return [
    formatPrefix(route.prefix),
    route.type,
    route.table,
    route.protocol,
    route.metric,
    route.nexthopId,
    ...route.nextHops.map(
      ({ gateway, ifindex, weight = 1 }) => `${gateway ? formatAddress(gateway) : ''}%${ifindex}*${weight}`,
    ),
  ];
};

t.test('routes', async (t) => {
  t.same(
    hops(
      '6800000018002200020000003e6f000002180000fec900010000000008000f00fe00000008000100c00002000800060000040000340009001000000103000000080005000a0000022000000003000000160012000a0020010db80000000000000000000000020000',
    ),
    ['192.0.2.0/24', 'unicast', 254, 201, 1024, undefined, '10.0.0.2%3*2', '2001:db8::2%3*1'],
  );
  t.same(
    hops(
      '6000000018002200020000003e6f000002180000fec900010000000008000f00fe00000008000100cb007100080006000004000008001e000c000000240009001000000103000000080005000a0000021000000003000000080005000a000003',
    ),
    ['203.0.113.0/24', 'unicast', 254, 201, 1024, 12, '10.0.0.2%3*2', '10.0.0.3%3*1'],
    'a group, with its members shown',
  );
  t.same(
    hops(
      'a800000018002200040000003e6f00000a300000fec900010000000008000f00fe0000001400010020010db800010000000000000000000008000600000400003c0009001c000000030000001400050020010db80000000000000000000000021c000000030000001400050020010db800000000000000000000000324000c0000000000000000000000000000000000000000000000000000000000000000000500140000000000',
    ),
    ['2001:db8:1::/48', 'unicast', 254, 201, 1024, undefined, '2001:db8::2%3*1', '2001:db8::3%3*1'],
  );
  t.same(
    hops(
      '4800000018002200030000003e6f000002000000fc0300010400000008000f00e80300000c0008000800020078050000080007000a000001080005000a0000090800040003000000',
    ),
    ['0.0.0.0/0', 'unicast', 1000, 3, 0, undefined, '10.0.0.9%3*1'],
    'a table above 255 shows as 252 in the old field',
  );
});

t.test('an address with label, cache information and flags', async (t) => {
  const { address, prefixLength, peer, flags } = readInterfaceAddress(
    messageOf(
      '4c00000014002200050000003e6f00000220800003000000080001000a000102080002000a0001010700030076300000080008008000000014000600ffffffffffffffffac720400ac720400',
    ),
  )!;
  t.same([formatAddress(address), prefixLength, formatAddress(peer!), flags], ['10.0.1.1', 32, '10.0.1.2', 128]);
});

t.test('a neighbour and a forwarding entry', async (t) => {
  const neighbour = readNeighbour(
    messageOf(
      '4c0000001c000200070000003e6f0000020000000300000080000001080001000a0000020a000200020000000002000008000400000000001400030008000000080000000800000000000000',
    ),
  );
  t.match(neighbour, { ifindex: 3, mac: '02:00:00:00:00:02', state: 0x80, family: 2 });
  const entry = readNeighbour(
    messageOf(
      '440000001c0002000a0000003e6f00000700000005000000c00002010a0002000200000000090000080001000a0000071400030000000000040000000400000000000000',
    ),
  );
  t.equal(formatAddress(entry.destination!), '10.0.0.7');
  t.equal(entry.address, undefined);
});

t.test('a nexthop group, with operation flags', async (t) => {
  const hex =
    '4400000068000200080000003e6f00000000c90000000000080001000c0000000600030000000000140002000a000000010000000b0000000000000008000e0000000080';
  t.same(readNexthop(messageOf(hex)).group, [
    { id: 10, weight: 2 },
    { id: 11, weight: 1 },
  ]);
});

t.test('a rule', async (t) => {
  const hex =
    '4400000020000200090000003e6f000002000800fc0000010000000008000f00e803000008000e00ffffffff05001500000000000800060064000000080002000a000000';
  t.match(readRule(messageOf(hex)), { version: 4, priority: 100, table: 1000 });
});

t.test('a refusal in the words of the kernel', async (t) => {
  const hex =
    '44000000020000030b0000003e6f00009bffffff34000000180005060b00000000000000200001004e657874686f702068617320696e76616c6964206761746577617900';
  const answer = readAcknowledgement(messageOf(hex));
  t.same(answer, { errno: 101, seq: 11, requestType: 24, text: 'Nexthop has invalid gateway' });
  const error = refusal('add route 10.9.0.0/16', answer);
  t.equal(error.message, 'add route 10.9.0.0/16: ENETUNREACH: Nexthop has invalid gateway');
  t.same([error.code, error.errno, error.errnoName], ['ERR_LINUX_NETLINK', 101, 'ENETUNREACH']);
});
