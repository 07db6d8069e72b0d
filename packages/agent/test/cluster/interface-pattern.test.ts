import t from 'tap';
import { isInterface } from '../../src/cluster/interface-pattern.js';

t.test('names and patterns of interfaces', async (t) => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['eth0', 'eth0', true],
    ['eth0', 'eth01', false],
    ['eth*', 'eth0', true],
    ['eth*', 'veth0', false],
    ['*.calico', 'vxlan.calico', true],
    ['*.calico', 'vxlanXcalico', false],
    ['*', 'eth0', true],
    ['eth?', 'eth0', true],
    ['eth?', 'eth', false],
    ['e*0', 'eth0', true],
    ['a+b', 'a+b', true],
    ['(x', '(x', true],
    ['[ab]', 'a', false],
    [`${'*'.repeat(40)}x`, 'enp0s31f6np0v12', false],
  ];
  for (const [pattern, name, expected] of rows) t.equal(isInterface(pattern, name), expected, `${pattern} ${name}`);
});
