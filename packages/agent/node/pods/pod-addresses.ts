/** The addresses of a pod: what it wishes for -> what address management assigns to its handle. All of them or none. */

import { type AddRequest, CniError, type Wishes } from '@tortie/cni';
import { formatAddress, formatPrefix, type IpVersion } from '@tortie/ip';
import type { Assignment, IpamApi, Owner, Pool } from '@tortie/ipam';
import { handleOf } from '../../src/pods/names.js';

/**
 * Assigns; asking again gives the same addresses. Throws IpamError, or CniError where no pool is there for pods. What a
 * failure leaves goes with the handle's release.
 */
export async function takeAddresses(
  ipam: IpamApi,
  node: string,
  request: AddRequest,
  owner: Owner,
): Promise<readonly Assignment[]> {
  const { wishes, pod } = request;
  const pools = await ipam.pools.list();
  const counts = { count4: isWanted(wishes, 4, pools) ? 1 : 0, count6: isWanted(wishes, 6, pools) ? 1 : 0 };
  if (counts.count4 + counts.count6 === 0) {
    throw new CniError('ERR_CNI_CONFIG', 'no pool has addresses for pods; add one: tortie ipam pools add NAME CIDR');
  }
  const common = { node, handle: handleOf(request.attachment), owner };
  for (const address of wishes.addresses) await ipam.assignAddress({ ...common, address });
  const [pools4, pools6] = [poolNames(wishes.ipv4Pools, pools), poolNames(wishes.ipv6Pools, pools)];
  const assigned = await ipam.assign({
    ...common,
    ...counts,
    ...(pools4 && { pools4 }),
    ...(pools6 && { pools6 }),
    // The label that Kubernetes gives every namespace, and the one Calico's selectors know it by.
    ...(pod && {
      namespaceLabels: { 'kubernetes.io/metadata.name': pod.namespace, 'projectcalico.org/name': pod.namespace },
    }),
  });
  if (request.settings.ipMasq) assertHidden(assigned, pools);
  return assigned;
}

/** `ipMasq` is a demand on the pools, which decide for all of their pods. IPv6 need not be hidden where a pod has IPv4. */
function assertHidden(assigned: readonly Assignment[], pools: readonly Pool[]): void {
  const version = assigned.some(({ address }) => address.version === 4) ? 4 : 6;
  for (const { address, pool: name } of assigned) {
    if (address.version !== version || pools.find((pool) => pool.name === name)?.natOutgoing) continue;
    throw new CniError(
      'ERR_CNI_CONFIG',
      `"ipMasq": true, but pool ${name} of ${formatAddress(address)} hides no pods: tortie ipam pools set ${name} --nat-outgoing`,
    );
  }
}

/** What is not said is wanted where the cluster has a pool for it; that this one is disabled is no reason to go without a word. */
function isWanted(wishes: Wishes, version: IpVersion, pools: readonly Pool[]): boolean {
  const said = wishes[`ipv${version}`];
  if (said !== undefined) return said;
  if (wishes[`ipv${version}Pools`] || wishes.addresses.some((address) => address.version === version)) return true;
  return pools.some(
    ({ cidr, assignmentMode, allowedUses }) =>
      cidr.version === version && assignmentMode === 'Automatic' && allowedUses.includes('Workload'),
  );
}

/** Pools are named, or meant by their CIDR. */
const poolNames = (wished: readonly string[] | undefined, pools: readonly Pool[]): string[] | undefined =>
  wished?.map((text) => pools.find(({ cidr }) => formatPrefix(cidr) === text)?.name ?? text);
