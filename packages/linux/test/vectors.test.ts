/** Messages both ways. The octets are laid out by hand after the structures in linux/*.h. */
import { type Address, type Prefix, parseAddress, parsePrefix } from '@tortie/ip';
import {
  type InterfaceAddress,
  LinuxError,
  type MessageWriter,
  type Neighbour,
  type NetlinkMessage,
  type Nexthop,
  type Route,
  type Rule,
  readInterfaceAddress,
  readNeighbour,
  readNexthop,
  readRoute,
  readRule,
  writeInterfaceAddress,
  writeNeighbour,
  writeNexthop,
  writeRoute,
  writeRule,
} from '@tortie/linux';
import t from 'tap';
import { cutMessage, hexOf, messageOf } from './support/hex.js';

interface Vector<T> {
  readonly name: string;
  readonly value: T;
  readonly hex: string;
}

const SEQ = 7;
const ip = (text: string): Address => parseAddress(text);
const net = (text: string): Prefix => parsePrefix(text);
const ours = { table: 254, protocol: 201, metric: 1024, scope: 0, flags: 0 } as const;

const routes: Vector<Route>[] = [
  {
    name: 'one gateway',
    value: {
      prefix: net('192.0.2.0/24'),
      type: 'unicast',
      ...ours,
      nextHops: [{ gateway: ip('10.0.0.2'), ifindex: 3 }],
    },
    hex: '4400000018000506070000000000000002180000fec900010000000008000100c00002000800040003000000080005000a000002080006000004000008000f00fe000000',
  },
  {
    name: 'default route, on-link gateway, table above 255, source and MTU',
    value: {
      prefix: net('0.0.0.0/0'),
      type: 'unicast',
      table: 1000,
      protocol: 4,
      metric: 0,
      scope: 0,
      flags: 4,
      nextHops: [{ gateway: ip('10.0.0.9'), ifindex: 3, onLink: true }],
      preferredSource: ip('10.0.0.1'),
      mtu: 1400,
    },
    hex: '500000001800050607000000000000000200000000040001040000000800040003000000080005000a0000090800060000000000080007000a0000010c000880080002007805000008000f00e8030000',
  },
  {
    name: 'IPv4 through an IPv6 gateway (RTA_VIA)',
    value: {
      prefix: net('198.51.100.0/24'),
      type: 'unicast',
      ...ours,
      nextHops: [{ gateway: ip('2001:db8::2'), ifindex: 3 }],
    },
    hex: '5400000018000506070000000000000002180000fec900010000000008000100c63364000800040003000000080006000004000008000f00fe000000160012000a0020010db80000000000000000000000020000',
  },
  {
    name: 'multipath with weights and both versions of gateways',
    value: {
      prefix: net('192.0.2.0/24'),
      type: 'unicast',
      ...ours,
      nextHops: [
        { gateway: ip('10.0.0.2'), ifindex: 3, weight: 2 },
        { gateway: ip('2001:db8::2'), ifindex: 3 },
      ],
    },
    hex: '6800000018000506070000000000000002180000fec900010000000008000100c00002000800060000040000340009001000000103000000080005000a0000022000000003000000160012000a0020010db8000000000000000000000002000008000f00fe000000',
  },
  {
    name: 'a nexthop object',
    value: { prefix: net('203.0.113.0/24'), type: 'unicast', ...ours, nextHops: [], nexthopId: 12 },
    hex: '3c00000018000506070000000000000002180000fec900010000000008000100cb007100080006000004000008000f00fe00000008001e000c000000',
  },
  {
    name: 'a blackhole',
    value: { prefix: net('203.0.113.0/25'), type: 'blackhole', ...ours, nextHops: [] },
    hex: '3400000018000506070000000000000002190000fec900060000000008000100cb007100080006000004000008000f00fe000000',
  },
  {
    name: 'IPv6 multipath',
    value: {
      prefix: net('2001:db8:1::/48'),
      type: 'unicast',
      ...ours,
      nextHops: [
        { gateway: ip('2001:db8::2'), ifindex: 3 },
        { gateway: ip('2001:db8::3'), ifindex: 3 },
      ],
    },
    hex: '7c0000001800050607000000000000000a300000fec90001000000001400010020010db800010000000000000000000008000600000400003c0009001c000000030000001400050020010db80000000000000000000000021c000000030000001400050020010db800000000000000000000000308000f00fe000000',
  },
  {
    name: 'a pod: /32 on a link, no gateway',
    value: { prefix: net('10.244.1.7/32'), type: 'unicast', ...ours, scope: 253, nextHops: [{ ifindex: 9 }] },
    hex: '3c00000018000506070000000000000002200000fec9fd0100000000080001000af401070800040009000000080006000004000008000f00fe000000',
  },
];

const nexthops: Vector<Nexthop>[] = [
  {
    name: 'a single',
    value: { id: 10, protocol: 201, version: 4, gateway: ip('10.0.0.2'), ifindex: 3 },
    hex: '300000006800050607000000000000000200c90000000000080001000a0000000800050003000000080006000a000002',
  },
  {
    name: 'an on-link single',
    value: { id: 11, protocol: 201, version: 6, gateway: ip('fe80::1'), ifindex: 3, onLink: true },
    hex: '3c0000006800050607000000000000000a00c90004000000080001000b000000080005000300000014000600fe800000000000000000000000000001',
  },
  {
    name: 'a group with weights',
    value: {
      id: 12,
      protocol: 201,
      group: [
        { id: 10, weight: 2 },
        { id: 11, weight: 1 },
      ],
    },
    hex: '340000006800050607000000000000000000c90000000000080001000c000000140002000a000000010000000b00000000000000',
  },
  {
    name: 'a blackhole',
    value: { id: 13, protocol: 201, version: 4, blackhole: true },
    hex: '240000006800050607000000000000000200c90000000000080001000d00000004000400',
  },
];

const addresses: Vector<InterfaceAddress>[] = [
  {
    name: 'IPv4',
    value: { ifindex: 3, address: ip('10.0.0.1'), prefixLength: 24, scope: 0, flags: 128 },
    hex: '300000001400050607000000000000000218800003000000080001000a000001080002000a0000010800080080000000',
  },
  {
    name: 'point to point',
    value: { ifindex: 3, address: ip('10.0.1.1'), prefixLength: 32, peer: ip('10.0.1.2'), scope: 0, flags: 128 },
    hex: '300000001400050607000000000000000220800003000000080001000a000102080002000a0001010800080080000000',
  },
  {
    name: 'IPv6',
    value: { ifindex: 3, address: ip('2001:db8::1'), prefixLength: 64, scope: 0, flags: 130 },
    hex: '340000001400050607000000000000000a408200030000001400010020010db80000000000000000000000010800080082000000',
  },
];

const neighbours: Vector<Neighbour>[] = [
  {
    name: 'permanent ARP entry',
    value: { ifindex: 3, address: ip('10.0.0.2'), mac: '02:00:00:00:00:02', state: 0x80, flags: 0, family: 2 },
    hex: '300000001c0005050700000000000000020000000300000080000000080001000a0000020a0002000200000000020000',
  },
  {
    name: 'vxlan forwarding entry',
    value: { ifindex: 5, destination: ip('10.0.0.7'), mac: '02:00:00:00:00:09', state: 0x80, flags: 2, family: 7 },
    hex: '300000001c0005050700000000000000070000000500000080000200080001000a0000070a0002000200000000090000',
  },
  {
    name: 'IPv6 proxy entry',
    value: { ifindex: 3, address: ip('2001:db8::7'), state: 0x80, flags: 8, family: 10 },
    hex: '300000001c00050507000000000000000a00000003000000800008001400010020010db8000000000000000000000007',
  },
];

const rules: Vector<Rule>[] = [
  {
    name: 'from a prefix to a table above 255',
    value: { version: 4, priority: 100, table: 1000, source: net('10.0.0.0/8') },
    hex: '34000000200005060700000000000000020008000000000100000000080002000a000000080006006400000008000f00e8030000',
  },
  {
    name: 'with the protocol of who made it',
    value: { version: 4, priority: 1000, table: 100, protocol: 201 },
    hex: '3400000020000506070000000000000002000000640000010000000008000600e803000008000f006400000005001500c9000000',
  },
  {
    name: 'to a prefix, by interface and mark',
    value: {
      version: 6,
      priority: 101,
      table: 100,
      destination: net('2001:db8::/32'),
      inInterface: 'eth0',
      mark: 1,
      mask: 255,
    },
    hex: '5c0000002000050607000000000000000a20000064000001000000001400010020010db8000000000000000000000000090003006574683000000000080006006500000008000a000100000008000f006400000008001000ff000000',
  },
];

function bothWays<T>(
  kind: string,
  vectors: readonly Vector<T>[],
  write: (to: MessageWriter, value: T) => void,
  read: (message: NetlinkMessage) => T | undefined,
): void {
  for (const { name, value, hex } of vectors) {
    t.test(`${kind}: ${name}`, async (t) => {
      t.equal(
        hexOf((to) => write(to, value)),
        hex,
        'written',
      );
      t.same(read(messageOf(hex)), value, 'read');
      for (let octets = 16; octets < hex.length / 2; octets++) {
        try {
          read(cutMessage(hex, octets));
        } catch (error) {
          if (!(error instanceof LinuxError)) t.fail(`cut at ${octets}: ${error}`);
        }
      }
    });
  }
}

bothWays('route', routes, (to, route) => writeRoute(to, 24, 0x605, SEQ, route), readRoute);
bothWays('nexthop', nexthops, (to, nexthop) => writeNexthop(to, 0x605, SEQ, nexthop), readNexthop);
bothWays('address', addresses, (to, value) => writeInterfaceAddress(to, 20, 0x605, SEQ, value), readInterfaceAddress);
bothWays('neighbour', neighbours, (to, value) => writeNeighbour(to, 28, 0x505, SEQ, value), readNeighbour);
bothWays('rule', rules, (to, rule) => writeRule(to, 32, 0x605, SEQ, rule), readRule);
