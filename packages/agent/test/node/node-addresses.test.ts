import { formatAddress, parseAddress, parseInterfaceAddress } from '@tortie/ip';
import t from 'tap';
import { readAddressMethod } from '../../src/node/address-method.js';
import {
  type ChooseOptions,
  chooseNodeAddress,
  type HostAddress,
  ownAddresses,
  type WayOut,
} from '../../src/node/node-addresses.js';

const NAMES = ['lo', 'docker0', 'tor0123456789a', 'eth0', 'eth1', 'bond0'];
const at = (name: string, text: string, passing = false): HostAddress => {
  const { address } = parseInterfaceAddress(text);
  return {
    interface: name,
    ifindex: NAMES.indexOf(name) + 1,
    address,
    prefixLength: Number(text.split('/')[1]),
    passing,
  };
};
const by = (name: string, neighbour: string): WayOut => ({
  ifindex: NAMES.indexOf(name) + 1,
  neighbour: parseAddress(neighbour),
});

const HOST = [
  at('lo', '127.0.0.1/8'),
  at('docker0', '172.17.0.1/16'),
  at('tor0123456789a', '169.254.1.1/32'),
  at('eth0', '169.254.7.7/16'),
  at('eth0', '10.0.0.99/32'),
  at('eth0', '10.0.0.1/24'),
  at('eth0', '10.0.0.2/24', true),
  at('eth1', '10.1.0.1/24'),
  at('eth1', '10.2.0.1/24'),
  at('bond0', '192.0.2.1/24'),
  at('eth0', 'fe80::1/64'),
  at('eth0', 'fd00::1/64'),
];

interface Case {
  readonly what: string;
  readonly method?: string;
  readonly version?: 4 | 6;
  readonly all?: readonly HostAddress[];
  readonly options?: Partial<ChooseOptions>;
  readonly gives: string | RegExp;
}

const before = (text: string): Partial<ChooseOptions> => ({ before: parseAddress(text) });

const CASES: readonly Case[] = [
  { what: 'the first that has a subnet: virtual addresses have none', gives: '10.0.0.1' },
  { what: 'IPv6', version: 6, gives: 'fd00::1' },
  { what: 'that of the default route', options: { uplink: by('eth1', '10.1.0.254') }, gives: '10.1.0.1' },
  { what: 'in the subnet of its gateway', options: { uplink: by('eth1', '10.2.0.254') }, gives: '10.2.0.1' },
  { what: 'the one from before', options: before('10.1.0.1'), gives: '10.1.0.1' },
  { what: 'the one from before, though it is alone', options: before('10.0.0.99'), gives: '10.0.0.99' },
  { what: 'another, when that is gone', options: before('10.9.0.1'), gives: '10.0.0.1' },
  { what: 'another, when that became secondary', options: before('10.0.0.2'), gives: '10.0.0.1' },
  {
    what: 'that of the loopback, as fabrics have it',
    all: [at('eth0', '10.0.0.7/24', true), at('lo', '10.9.9.9/32')],
    gives: '10.9.9.9',
  },
  {
    what: 'nothing of virtual interfaces alone',
    all: [at('docker0', '172.17.0.1/16')],
    gives: 'no interface has an address that other nodes could use; there are 172.17.0.1/16 on docker0',
  },
  { what: 'nothing', all: [at('eth0', 'fe80::1/64')], gives: /; there is no IPv4 address but those of loopback/ },
  { what: 'a fixed one', method: '172.17.0.1/16', gives: '172.17.0.1' },
  { what: 'a fixed one that is not there', method: '10.9.0.1/24', gives: 'no interface of this host has 10.9.0.1' },
  { what: 'an interface', method: 'interface=bond.*', gives: '192.0.2.1' },
  { what: 'several interfaces, by their order on the host', method: 'interface=bond0,eth1', gives: '10.1.0.1' },
  { what: 'an interface, virtual but named', method: 'interface=^docker0$', gives: '172.17.0.1' },
  { what: 'an interface, wherever it stands in the name', method: 'interface=th1', gives: '10.1.0.1' },
  {
    what: 'an interface, not the one from before elsewhere',
    method: 'interface=eth1',
    options: before('10.0.0.1'),
    gives: '10.1.0.1',
  },
  {
    what: 'no such interface',
    method: 'interface=ens.*',
    gives:
      /^no interface of such a name has an address; there are 172\.17\.0\.1\/16 on docker0, 10\.0\.0\.99\/32 on eth0, /,
  },
  { what: 'an interface that is not skipped', method: 'skip-interface=^eth', gives: '192.0.2.1' },
  {
    what: 'all skipped',
    method: 'skip-interface=eth,bond',
    gives: /^no interface that is not to be skipped has an address; /,
  },
  { what: 'inside a prefix', method: 'cidr=192.0.2.0/24', gives: '192.0.2.1' },
  { what: 'inside one of several prefixes', method: 'cidr=203.0.113.0/24, 10.2.0.0/16', gives: '10.2.0.1' },
  {
    what: 'inside a prefix, none of a bridge',
    method: 'cidr=172.16.0.0/12',
    gives: /^no address is inside 172\.16\.0\.0\/12; there are /,
  },
  { what: 'inside a prefix, IPv6', method: 'cidr=fd00::/8', version: 6, gives: 'fd00::1' },
  {
    what: 'on the way to a destination, in the subnet of the gateway there',
    method: 'can-reach=203.0.113.9',
    options: { reach: by('eth1', '10.2.0.254'), uplink: by('eth0', '10.0.0.254') },
    gives: '10.2.0.1',
  },
  {
    what: 'on no way',
    method: 'can-reach=203.0.113.9',
    options: { reach: 'no route' },
    gives: /^there is no way to 203\.0\.113\.9: no route; there are /,
  },
  {
    what: 'on a way without an address',
    method: 'can-reach=203.0.113.9',
    all: [at('eth0', '10.0.0.1/24')],
    options: { reach: by('eth1', '10.2.0.254') },
    gives: 'the interface on the way to 203.0.113.9 has no address; there are 10.0.0.1/24 on eth0',
  },
];

for (const { what, method = 'first-found', version = 4, all = HOST, options = {}, gives } of CASES) {
  t.test(`${method}: ${what}`, async (t) => {
    // Whatever the order of interfaces; that of the addresses of one is the kernel's.
    for (const list of [all, [...all].sort((x, y) => y.ifindex - x.ifindex)]) {
      const read = readAddressMethod(method, version);
      if (typeof read === 'string') throw new Error(read);
      const found = chooseNodeAddress(list, version, read, { uplink: undefined, before: undefined, ...options });
      const text = typeof found === 'string' ? found : formatAddress(found.address);
      // Reversed, a sentence lists in another order.
      if (list === all || typeof found !== 'string') t.match(text, gives);
    }
  });
}

const REFUSED: readonly (readonly [text: string, version: 4 | 6, says: RegExp])[] = [
  ['10.0.0.1/24', 6, /^10\.0\.0\.1\/24 is no IPv6 address$/],
  [
    '10.0.0.0.1',
    4,
    /is no address with the length of its subnet, and no method; write it like 10\.0\.0\.1\/24, or first-found/,
  ],
  [
    'first',
    4,
    /^"first" is no address and no method; write an address like 10\.0\.0\.1\/24, or first-found, can-reach=/,
  ],
  ['first-found=eth0', 4, /takes no value/],
  ['kubernetes-internal-ip', 4, /asks Kubernetes, which this agent does not do; write the address, or first-found/],
  ['interface=', 4, /has an empty part/],
  ['interface=eth0,,eth1', 4, /has an empty part/],
  ['interface=(', 4, /^"\(" is no regular expression \(.*\); write it like eth\.\* or \^bond0\$/],
  ['can-reach=fd00::1', 4, /^"fd00::1" is no destination; write one IPv4 address, or the name of a host/],
  ['can-reach=10.0.0.1,10.0.0.2', 4, /is no destination/],
  ['can-reach=http://x', 4, /is neither an IPv4 address nor the name of a host/],
  ['cidr=10.0.0.0', 4, /^"10\.0\.0\.0" is no prefix; write it like 10\.0\.0\.0\/8/],
  ['cidr=10.0.0.0/8', 6, /is no IPv6 prefix/],
];

for (const [text, version, says] of REFUSED) {
  t.test(`${text} for IPv${version} is refused`, async (t) => t.match(readAddressMethod(text, version), says));
}

t.test('addresses by which pods may call the host', async (t) =>
  t.same(
    ownAddresses(HOST).map(({ address }) => formatAddress(address)),
    ['172.17.0.1', '10.0.0.99', '10.0.0.1', '10.0.0.2', '10.1.0.1', '10.2.0.1', '192.0.2.1', 'fd00::1'],
  ),
);
