import { formatAddress, formatPrefix, parseAddress, parseInterfaceAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { usersOf } from '../../src/ways/block-users.js';
import { linkLocalOf, tunnelMac } from '../../src/ways/mac.js';
import { type NodeFacts, planWays, type WayPool, type WaysInput } from '../../src/ways/plan.js';

const node = (name: string, ipv4: string, ipv6?: string, hears = true): NodeFacts => ({
  name,
  address: { 4: parseInterfaceAddress(ipv4), ...(ipv6 !== undefined && { 6: parseInterfaceAddress(ipv6) }) },
  addresses: [ipv4, ipv6 ?? []].flat().map((text) => parseInterfaceAddress(text).address),
  tunnels: hears
    ? {
        vxlan4: { address: parseAddress(`10.244.${name.slice(1)}.1`), mac: tunnelMac(name, 'v4') },
        vxlan6: { address: parseAddress(`fd00:10::${name.slice(1)}:1`), mac: tunnelMac(name, 'v6') },
        ipip4: { address: parseAddress(`10.244.${name.slice(1)}.2`) },
        wireguard4: { address: parseAddress(`10.244.${name.slice(1)}.3`), key: name },
        wireguard6: { address: parseAddress(`fd00:10::${name.slice(1)}:3`), key: name },
      }
    : {},
});
const pool = (cidr: string, fields: Partial<WayPool>): WayPool => ({
  name: cidr.includes(':') ? 'six' : 'four',
  cidr: parsePrefix(cidr),
  vxlanMode: 'Never',
  ipipMode: 'Never',
  wireguardMode: 'Never',
  hostGateway: false,
  ...fields,
});

const NEAR = node('n2', '10.0.0.2/24', 'fd00::2/64');
const FAR = node('n3', '10.0.1.3/24', 'fd00:0:0:1::3/64');
const input = (fields: Partial<WayPool>, change: Partial<WaysInput> = {}): WaysInput => ({
  own: node('n1', '10.0.0.1/24', 'fd00::1/64'),
  others: [NEAR, FAR],
  devices: { uplink: { 4: 2, 6: 2 }, tunnels: { vxlan4: 7, vxlan6: 8, ipip4: 9, wireguard4: 10, wireguard6: 11 } },
  answered: new Set(['wireguard4 n2', 'wireguard4 n3', 'wireguard6 n3']),
  pools: [pool('10.244.0.0/16', fields), pool('fd00:10::/64', fields)],
  prefixes: [
    { prefix: parsePrefix('10.244.1.0/26'), node: 'n1', pool: 'four' },
    { prefix: parsePrefix('10.244.2.0/26'), node: 'n2', pool: 'four' },
    { prefix: parsePrefix('10.244.3.0/26'), node: 'n3', pool: 'four' },
    { prefix: parsePrefix('10.244.3.7/32'), node: 'n2', pool: 'four' },
    { prefix: parsePrefix('fd00:10::3:0/122'), node: 'n3', pool: 'six' },
  ],
  ...change,
});
const shown = (one: WaysInput): string[] =>
  planWays(one).routes.map(
    ({ prefix, way, hop: { gateway, ifindex, onLink } }) =>
      `${formatPrefix(prefix)} ${way} ${gateway ? formatAddress(gateway) : 'link'} dev ${ifindex}${onLink ? ' onlink' : ''}`,
  );
const V6_GATEWAY = formatAddress(linkLocalOf(FAR.tunnels.vxlan6!.mac!));

t.test('what each mode of a pool comes to', async (t) => {
  t.same(shown(input({})), [], 'BGP alone');
  t.same(shown(input({ hostGateway: true })), [
    '10.244.2.0/26 direct 10.0.0.2 dev 2',
    '10.244.3.7/32 direct 10.0.0.2 dev 2',
  ]);
  t.match(planWays(input({ hostGateway: true })).waiting, [/^node n3, IPv4: is on another subnet/, /^node n3, IPv6/]);
  t.same(shown(input({ vxlanMode: 'Always' })), [
    '10.244.2.0/26 vxlan 10.244.2.1 dev 7 onlink',
    '10.244.3.0/26 vxlan 10.244.3.1 dev 7 onlink',
    '10.244.3.7/32 vxlan 10.244.2.1 dev 7 onlink',
    `fd00:10::3:0/122 vxlan ${V6_GATEWAY} dev 8`,
  ]);
  t.same(shown(input({ vxlanMode: 'CrossSubnet' })), [
    '10.244.2.0/26 direct 10.0.0.2 dev 2',
    '10.244.3.0/26 vxlan 10.244.3.1 dev 7 onlink',
    '10.244.3.7/32 direct 10.0.0.2 dev 2',
    `fd00:10::3:0/122 vxlan ${V6_GATEWAY} dev 8`,
  ]);
  t.same(shown(input({ ipipMode: 'Always' })).slice(0, 3), [
    '10.244.2.0/26 ipip 10.0.0.2 dev 9 onlink',
    '10.244.3.0/26 ipip 10.0.1.3 dev 9 onlink',
    '10.244.3.7/32 ipip 10.0.0.2 dev 9 onlink',
  ]);
  t.same(shown(input({ ipipMode: 'CrossSubnet' })).slice(0, 3), [
    '10.244.2.0/26 direct 10.0.0.2 dev 2',
    '10.244.3.0/26 ipip 10.0.1.3 dev 9 onlink',
    '10.244.3.7/32 direct 10.0.0.2 dev 2',
  ]);
  t.match(planWays(input({ ipipMode: 'Always' })).waiting, [/^node n3, IPv6: IPIP carries no IPv6$/]);
});

t.test('WireGuard: no gateway, no route before the far end has answered, and the sources of each peer', async (t) => {
  const far = ['10.244.3.0/26 wireguard link dev 10', 'fd00:10::3:0/122 wireguard link dev 11'];
  t.same(shown(input({ wireguardMode: 'Always' })), [
    '10.244.2.0/26 wireguard link dev 10',
    far[0],
    '10.244.3.7/32 wireguard link dev 10',
    far[1],
  ]);
  t.same(shown(input({ wireguardMode: 'CrossSubnet' })), [
    '10.244.2.0/26 direct 10.0.0.2 dev 2',
    far[0],
    '10.244.3.7/32 direct 10.0.0.2 dev 2',
    far[1],
  ]);
  const silent = input({ wireguardMode: 'Always' }, { answered: new Set(['wireguard4 n2', 'wireguard6 n3']) });
  t.same(shown(silent), ['10.244.2.0/26 wireguard link dev 10', '10.244.3.7/32 wireguard link dev 10', far[1]]);
  t.same(planWays(silent).waiting, ['node n3, IPv4: has not answered over WireGuard yet']);
  // Also while no pool asks for it: others may still send.
  const sources = (name: 'wireguard4' | 'wireguard6') =>
    planWays(input({}))
      .ends.get(name)!
      .map(({ node, sources }) => `${node} ${sources.map(formatPrefix).join(' ')}`);
  t.same(sources('wireguard4'), [
    'n2 10.0.0.2/32 10.244.2.0/26 10.244.2.3/32 10.244.3.7/32',
    'n3 10.0.1.3/32 10.244.3.0/26 10.244.3.3/32',
  ]);
  t.match(sources('wireguard6')[1], /^n3 fd00:0:0:1::3\/128 fd00:10::3:0\/122 fd00:10::3:3\/128$/);
});

t.test('a node that does not hear yet gets no route, and the reason is told', async (t) => {
  const deaf = node('n3', '10.0.1.3/24', undefined, false);
  const waits = input({ vxlanMode: 'Always' }, { others: [NEAR, deaf] });
  t.same(shown(waits), ['10.244.2.0/26 vxlan 10.244.2.1 dev 7 onlink', '10.244.3.7/32 vxlan 10.244.2.1 dev 7 onlink']);
  t.same(planWays(waits).waiting, [
    'node n3, IPv4: has no VXLAN device yet',
    'node n3, IPv6: has no IPv6 address in its record',
  ]);
  t.match(planWays(input({ vxlanMode: 'Always' }, { others: [] })).waiting, [/n2, IPv4: has no record/]);
  t.match(planWays(input({ vxlanMode: 'Always' }, { devices: { uplink: {}, tunnels: {} } })).waiting, [
    /n2, IPv4: this node has no VXLAN device/,
  ]);
  t.match(planWays(input({ ipipMode: 'Always' }, { others: [NEAR, deaf] })).waiting, [
    'node n3, IPv4: has no IPIP device yet',
  ]);
  t.match(planWays(input({ hostGateway: true }, { devices: { uplink: {}, tunnels: {} } })).waiting, [
    /no interface here has this node's address/,
  ]);
});

t.test('a route stays as it was until the new one can be, as long as it still leads there', async (t) => {
  const over = (fields: Partial<WayPool>, change: Partial<WaysInput> = {}) =>
    input(fields, { prefixes: one, ...change });
  const one = input({}).prefixes.filter(({ prefix }) => formatPrefix(prefix) === '10.244.3.0/26');
  const routesOf = (fields: Partial<WayPool>) => planWays(over(fields)).routes;
  const before = routesOf({ vxlanMode: 'Always' });
  const silent = { answered: new Set<string>(), before };
  const { uplink, tunnels } = over({}).devices;
  const { vxlan4, ...rest } = tunnels;
  const devices = { uplink, tunnels: rest, idle: { vxlan4: vxlan4! } };
  const wireguard = { wireguardMode: 'Always' } as const;
  t.same(shown(over(wireguard, { ...silent, devices })), ['10.244.3.0/26 vxlan 10.244.3.1 dev 7 onlink']);
  t.match(planWays(over(wireguard, { ...silent, devices })).waiting, [/has not answered over WireGuard yet/]);
  t.same(shown(over(wireguard, { devices, before })), ['10.244.3.0/26 wireguard link dev 10'], 'it has answered');
  t.same(shown(over(wireguard, { ...silent, devices: { uplink, tunnels: rest } })), [], 'our device is gone');
  t.same(shown(over(wireguard, { ...silent, devices, others: [node('n3', '10.0.1.3/24', undefined, false)] })), []);
  t.same(shown(over({}, { ...silent, devices })), [], 'the pool is left to BGP');
  t.same(shown(over({ hostGateway: true }, { ...silent, devices })), [], 'there is no way as asked for');
  const near = input({}).prefixes.filter(({ prefix }) => formatPrefix(prefix) === '10.244.2.0/26');
  const direct = planWays(input({ hostGateway: true }, { prefixes: near })).routes;
  const unheard = { prefixes: near, before: direct, others: [node('n2', '10.0.0.2/24', undefined, false)] };
  t.same(shown(input({ vxlanMode: 'Always' }, unheard)), ['10.244.2.0/26 direct 10.0.0.2 dev 2']);
  const moved = [node('n2', '10.0.0.9/24', undefined, false)];
  t.same(shown(input({ vxlanMode: 'Always' }, { ...unheard, others: moved })), [], 'the node has another address');
});

t.test('the order of what comes in is of no account', async (t) => {
  const forwards = input({ vxlanMode: 'CrossSubnet' });
  const { prefixes, others, pools } = forwards;
  const backwards = {
    ...forwards,
    prefixes: [...prefixes].reverse(),
    others: [...others].reverse(),
    pools: [...pools].reverse(),
  };
  t.same(planWays(backwards), planWays(forwards));
  t.equal(
    planWays(forwards).ends.get('vxlan4')!.length,
    2,
    'every node that hears is an end, also those reached straight',
  );
});

t.test('MAC addresses and the link-local addresses that go with them', async (t) => {
  t.equal(tunnelMac('n1', 'vxlan.tortie'), tunnelMac('n1', 'vxlan.tortie'));
  t.not(tunnelMac('n1', 'vxlan.tortie'), tunnelMac('n2', 'vxlan.tortie'));
  t.match(tunnelMac('n1', 'x'), /^06(:[0-9a-f]{2}){5}$/);
  t.equal(formatAddress(linkLocalOf('06:53:e6:d3:fe:f8')), 'fe80::453:e6ff:fed3:fef8');
});

t.test('a block matters where its owner or its guests change, not where its owner assigns', async (t) => {
  const block = (affinity: string | null, nodes: string[], allocations: (number | null)[]) => ({
    affinity,
    allocations,
    attributes: nodes.map((name) => ({ handle: 'h', node: name })),
  });
  const before = usersOf(block('host:n1', ['n1'], [0, null]));
  t.equal(usersOf(block('host:n1', ['n1'], [0, 0])), before);
  t.not(usersOf(block('host:n2', ['n1'], [0, null])), before);
  t.not(usersOf(block(null, ['n1'], [0, null])), before);
  const lent = usersOf(block('host:n1', ['n1', 'n2'], [0, 1]));
  t.not(lent, before);
  t.not(usersOf(block('host:n1', ['n1', 'n2'], [1, 0])), lent, 'another address of a guest');
  t.equal(usersOf('nonsense'), '');
});
