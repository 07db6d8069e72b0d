// Ways between nodes as the benchmarks change them, on the network of test/interop/network-rig.ts.
import { until as waitUntil } from '@tortie/lab';
import { askAll, deviceTo, FAMILIES, faultsIn, setWay } from '../test/interop/dist/test/network-rig.js';

export { FAMILIES };

/** `near` and `far`: the device by which packets leave for a node on the same subnet and for one on another. */
export const WAYS = [
  { name: 'bgp', way: { vxlanMode: 'Never', hostGateway: false }, near: /^eth0/, far: /^eth0/ },
  { name: 'host-gw', way: { vxlanMode: 'Never', hostGateway: true }, near: /^eth0/ },
  { name: 'vxlan', way: { vxlanMode: 'Always', hostGateway: false }, near: /^vxlan/, far: /^vxlan/ },
  { name: 'cross-subnet', way: { vxlanMode: 'CrossSubnet', hostGateway: false }, near: /^eth0/, far: /^vxlan/ },
];

export const podOf = (lab, node) => [...lab.pods.values()].find((pod) => pod.node === node);

export const until = (what, predicate) => waitUntil(predicate, { what, deadlineMs: 60_000, everyMs: 100 });

export const reached = (lab) =>
  until('everybody to reach everybody', async () => {
    const faults = faultsIn(await askAll(lab));
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join('; '));
    return true;
  });

/** Pods alone, where nodes do not tell each other of their own addresses. */
export const podsReached = (lab) =>
  until('every pod to reach every pod', async () => {
    const pods = [...lab.pods.values()];
    for (const from of pods) {
      for (const { addresses } of pods) {
        for (const family of FAMILIES) if (!(await from.prober.ask(addresses[family])).ok) return false;
      }
    }
    return true;
  });

/** Has the pools go this way, and waits until the first node's packets do and everybody reaches everybody. */
export async function changeWay(lab, { way, near, far }) {
  await setWay(lab, way);
  await until('the routes', async () => {
    for (const family of FAMILIES) {
      for (const [node, device] of [
        ['n2', near],
        ['n3', far],
      ]) {
        const pod = podOf(lab, node);
        if (!device || !pod) continue;
        if (!device.test((await deviceTo(lab.host('n1'), pod.addresses[family])) ?? '')) return false;
      }
    }
    return true;
  });
  await reached(lab);
}
