// Ways between nodes as the benchmarks change them, on the network of test/interop/network-rig.ts.
import { until as waitUntil } from '@tortie/lab';
import { askAll, deviceTo, FAMILIES, faultsIn, setWay } from '../test/interop/dist/test/network-rig.js';

export { FAMILIES };

const PLAIN = { vxlanMode: 'Never', ipipMode: 'Never', wireguardMode: 'Never', hostGateway: false };

/**
 * `near` and `far`: the device by which packets leave for a node on the same subnet and for one on another; `kind`: of link, that not
 * every kernel has; `families`: those that it is for, the others go by BGP.
 */
export const WAYS = [
  { name: 'bgp', way: {}, near: /^eth0/, far: /^eth0/ },
  { name: 'host-gw', way: { hostGateway: true }, near: /^eth0/ },
  { name: 'vxlan', way: { vxlanMode: 'Always' }, near: /^vxlan/, far: /^vxlan/ },
  { name: 'cross-subnet', way: { vxlanMode: 'CrossSubnet' }, near: /^eth0/, far: /^vxlan/ },
  { name: 'ipip', kind: 'ipip', families: ['ipv4'], way: { ipipMode: 'Always' }, near: /^ipip/, far: /^ipip/ },
  { name: 'wireguard', kind: 'wireguard', way: { wireguardMode: 'Always' }, near: /^wg/, far: /^wg/ },
].map((each) => ({ families: FAMILIES, ...each }));

/** Those that the kernel has. */
export async function waysHere(lab) {
  const here = [];
  for (const each of WAYS) {
    // A second ipip device without addresses is refused beside the kernel's own.
    const local = each.kind === 'ipip' ? ['local', '192.0.2.1'] : [];
    const words = each.kind && ['link', 'add', 'probe', 'type', each.kind, ...local];
    const { code } = words ? await lab.host('n1').exec('ip', words, { allowFailure: true }) : { code: 0 };
    if (words && code === 0) await lab.host('n1').exec('ip', ['link', 'del', 'probe']);
    if (code === 0) here.push(each);
  }
  return here;
}

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
export async function changeWay(lab, { way, near, far, families }) {
  for (const family of FAMILIES) {
    const fields = families.includes(family) ? { ...PLAIN, ...way } : PLAIN;
    await setWay(lab, fields, family === 'ipv4' ? 'pods4' : 'pods6');
  }
  await until('the routes', async () => {
    for (const family of families) {
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
