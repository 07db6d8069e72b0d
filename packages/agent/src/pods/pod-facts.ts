/**
 * A pod's interface as facts beside each of its addresses. They are written with the addresses, in one commit: there is no
 * record of a pod that could say other than address management, and a restarted agent knows its pods from it.
 */
import type { AddRequest } from '@tortie/cni';
import { formatAddress } from '@tortie/ip';
import type { Assignment, Owner } from '@tortie/ipam';
import type { Pod } from '../api/pod.js';
import { handleOf, hostInterfaceOf, macOf } from './names.js';

/** Of an interface that is to be; `mtu` is that of links whose configuration names none. */
export function factsOf({ attachment, netns, settings, wishes, pod }: AddRequest, mtu: number): Owner {
  return {
    ...attachment,
    netns,
    mac: wishes.mac ?? macOf(handleOf(attachment)),
    mtu: String(settings.mtu ?? mtu),
    ...(pod && { namespace: pod.namespace, pod: pod.name }),
  };
}

export const isSame = (x: Owner, y: Owner): boolean => Object.keys({ ...x, ...y }).every((fact) => x[fact] === y[fact]);

/** The interface that these addresses of one handle belong to; undefined where no runtime has asked for them. */
export function podOf(assignments: readonly Assignment[]): Pod | undefined {
  const [first] = assignments;
  const { network, containerId, ifName, netns, mac, mtu, namespace, pod } = first?.owner ?? {};
  if (!first || !network || !containerId || !ifName || !netns || !mac || !mtu) return undefined;
  const handle = handleOf({ network, containerId, ifName });
  if (handle !== first.handle) return undefined;
  const addresses = assignments.toSorted((x, y) => x.address.version - y.address.version);
  return {
    network,
    containerId,
    ifName,
    netns,
    hostInterface: hostInterfaceOf(handle),
    mac,
    mtu: Number(mtu),
    addresses: addresses.map(({ address }) => formatAddress(address)),
    ...(namespace && pod && { namespace, pod }),
    since: new Date(first.since).toISOString(),
  };
}

/** As sentences call it. */
export const nameOf = ({ namespace, pod, containerId }: Pod): string =>
  pod === undefined ? containerId.slice(0, 64) : `${namespace}/${pod}`;
