import { formatAddress, parseInterfaceAddress } from '@tortie/ip';
import t from 'tap';
import { chooseNodeAddress, type HostAddress, ownAddresses } from '../../src/node/node-addresses.js';

const NAMES = ['lo', 'docker0', 'tor0123456789a', 'eth0', 'eth1'];
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
const chosen = (all: readonly HostAddress[], version: 4 | 6 = 4, options = {}) => {
  const found = chooseNodeAddress(all, version, { uplink: undefined, before: undefined, ...options });
  return found && formatAddress(found.address);
};

t.test('the address for other nodes', async (t) => {
  const eth1 = at('eth1', '10.1.0.1/24');
  const all = [
    at('lo', '127.0.0.1/8'),
    at('docker0', '172.17.0.1/16'),
    at('tor0123456789a', '169.254.1.1/32'),
    at('eth0', '169.254.7.7/16'),
    at('eth0', '10.0.0.99/32'),
    at('eth0', '10.0.0.1/24'),
    eth1,
    at('eth0', 'fe80::1/64'),
    at('eth0', 'fd00::1/64'),
  ];
  t.equal(chosen(all), '10.0.0.1', 'the first that has a subnet: virtual addresses have none');
  t.equal(chosen(all, 6), 'fd00::1');
  t.equal(chosen(all, 4, { uplink: eth1.ifindex }), '10.1.0.1', 'that of the default route goes first');
  t.equal(chosen(all, 4, { before: parseInterfaceAddress('10.1.0.1/24').address }), '10.1.0.1', 'it stays');
  t.equal(chosen(all, 4, { before: parseInterfaceAddress('10.9.0.1/24').address }), '10.0.0.1', 'unless it is gone');
  t.equal(chosen(all, 4, { before: parseInterfaceAddress('172.17.0.1/16').address, fixed: true }), '172.17.0.1');
  t.equal(chosen(all, 4, { before: parseInterfaceAddress('10.9.0.1/24').address, fixed: true }), undefined);
  t.equal(chosen([at('eth0', '10.0.0.7/24', true), at('lo', '10.9.9.9/32')]), '10.9.9.9', 'a fabric has it on lo');
  t.equal(chosen([at('docker0', '172.17.0.1/16')]), undefined);
  t.same(
    ownAddresses(all).map(({ address }) => formatAddress(address)),
    ['172.17.0.1', '10.0.0.99', '10.0.0.1', '10.1.0.1', 'fd00::1'],
  );
});
