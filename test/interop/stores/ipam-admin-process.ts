/**
 * `node ipam-admin-process.js ENDPOINTS setup`: makes the pool the clients share. `… report`: prints what is there at the end,
 * as JSON (`FinalState`).
 */
import { formatAddress, parsePrefix } from '@tortie/ip';
import { Ipam } from '@tortie/ipam';
import { openEtcdStore } from '@tortie/store/etcd';
import type { FinalState } from './history.js';

const [, , endpoints = '', what = ''] = process.argv;
const store = openEtcdStore({ endpoints: endpoints.split(','), timeoutMs: 30_000 });
const ipam = new Ipam({ store, now: Date.now });

if (what === 'setup') {
  // An address may be used again at once, so that a release that was not one would show.
  await ipam.configure({ cooldownS: 0 });
  await ipam.pools.create({ name: 'pool', cidr: parsePrefix('10.77.0.0/25'), blockSize: 28 });
} else {
  const assignments = await ipam.assignments();
  const { findings } = await ipam.check();
  const state: FinalState = {
    assignments: assignments.map(({ address, handle }) => ({ address: formatAddress(address), handle })),
    findings: findings.map(({ code, key, detail }) => `${code} ${key}: ${detail}`),
  };
  process.stdout.write(JSON.stringify(state));
}
await store.close();
