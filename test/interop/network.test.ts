/** The network model, by traffic and by what each end sees as the other's address, for every way between nodes. */
import { enterNamespaces } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { askAll, conditionOf, FAMILIES, faultsIn, type NetworkOptions, nodesOf, withNetwork } from './network-rig.js';

await enterNamespaces();
t.jobs = 1;

const WAYS: readonly (NetworkOptions & { readonly name: string; readonly detail?: RegExp })[] = [
  { name: 'bgp', way: {}, bgp: true },
  {
    name: 'host-gw',
    way: { hostGateway: true, natOutgoing: true },
    oneSubnet: true,
    detail: /^[2-9] routes straight to other nodes$/,
  },
  {
    name: 'vxlan',
    way: { vxlanMode: 'Always', natOutgoing: true },
    detail: /^0 routes straight to other nodes, [4-9]/,
  },
  {
    name: 'cross-subnet',
    way: { vxlanMode: 'CrossSubnet' },
    // n3 is on another subnet than the other two.
    detail: /^(2 routes straight to other nodes, 2|0 routes straight to other nodes, 4) over VXLAN/,
  },
];

for (const { name, detail, ...options } of WAYS) {
  t.test(`${name}: pods and nodes talk without translation, on one node and across`, { buffered: true }, (t) =>
    withNetwork(options, async (lab) => {
      const answers = await eventually('every answer as it should be', async () => {
        const all = await askAll(lab);
        const faults = faultsIn(all);
        if (faults.length > 0) throw new Error(`${faults.length} of ${all.length}: ${faults.slice(0, 5).join('; ')}`);
        return all;
      });
      const count = lab.pods.size;
      t.equal(answers.length, 2 * (count * (count - 1) + 2 * count * nodesOf(lab).length), 'nobody was left out');
      for (const host of nodesOf(lab)) {
        const condition = await conditionOf(lab.agent(host.name), 'ways');
        if (detail) t.match(condition, { ok: true, detail });
        else t.equal(condition, undefined);
        t.same((await lab.agent(host.name).status()).warnings, []);
      }
      const [pod] = lab.pods.values();
      for (const [family, localhost] of [
        ['ipv4', '127.0.0.1'],
        ['ipv6', '::1'],
      ] as const) {
        const flag = family === 'ipv4' ? '-4' : '-6';
        t.match((await pod!.exec('ping', [flag, '-c', '1', localhost])).stdout, /1 received/, `${family} localhost`);
      }
      t.equal(FAMILIES.length, 2);
    }),
  );
}
