/** Changes the way of pools step by step while pods talk: packets go on, by the way that was asked for, near and far. */
import type { Test } from 'tap';
import { eventually } from './eventually.js';
import {
  askAll,
  deviceTo,
  FAMILIES,
  type Family,
  faultsIn,
  MAY_LOSE,
  podOn,
  setWay,
  startPings,
  type WayFields,
  withNetwork,
} from './network-rig.js';

export interface WayStep {
  readonly name: string;
  readonly way: WayFields;
  /** By which packets go to a node on the same subnet, and to one beyond it. */
  readonly devices: readonly [near: RegExp, far: RegExp];
}

/** Begins with pools that are routed by BGP. */
export function switchWays(t: Test, steps: readonly WayStep[], families: readonly Family[] = FAMILIES): Promise<void> {
  return withNetwork({ way: {}, bgp: true, pods: 1 }, async (lab) => {
    await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
    const [from, near, far] = [podOn(lab, 'n1'), podOn(lab, 'n2'), podOn(lab, 'n3')];
    const node = lab.host('n1');
    for (const { name, way, devices } of steps) {
      const streams = families.flatMap((family) => [near, far].map((to) => startPings(from, to.addresses[family]!)));
      for (const family of families) await setWay(lab, way, family === 'ipv4' ? 'pods4' : 'pods6');
      for (const family of families) {
        await eventually(`${name}: the routes of ${family}`, async () => {
          const used = await Promise.all([near, far].map((to) => deviceTo(node, to.addresses[family]!)));
          return devices.every((device, at) => device.test(used[at] ?? ''));
        });
      }
      await eventually(`${name}: every answer as it should be`, async () => {
        const faults = faultsIn(await askAll(lab));
        if (faults.length > 0) throw new Error(faults.slice(0, 4).join('; '));
        return true;
      });
      for (const { sent, received } of await Promise.all(streams.map((end) => end()))) {
        t.comment(`${name}: ${sent - received} of ${sent} packets lost`);
        t.ok(sent - received <= 1 + sent * MAY_LOSE, `${name}: traffic goes on`);
      }
    }
  });
}
