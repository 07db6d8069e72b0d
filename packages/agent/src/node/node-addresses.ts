/** Which of a host's addresses the other nodes use, and all that belong to it. */
import { type Address, addressesEqual, type IpVersion, isLinkLocal, isLoopback } from '@tortie/ip';
import { isHostInterface } from '../pods/names.js';

export interface HostAddress {
  readonly interface: string;
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  /** Deprecated, temporary, tentative, or secondary: nothing to build upon. */
  readonly passing: boolean;
}

export interface ChooseOptions {
  /** The interface that the default route of this version leaves by. */
  readonly uplink: number | undefined;
  /** The address chosen before stays, as long as it is there. */
  readonly before: Address | undefined;
  /** `before` is the configuration's: no other will do. */
  readonly fixed?: boolean;
}

/** Interfaces that containers, tunnels and other networks of this host alone bring along; the list is Calico's. */
const VIRTUAL =
  /^(docker|cbr|br-|virbr|lxcbr|veth|cali|tunl|ipip|flannel|kube-ipvs|cni|vxlan|wireguard|wg|dummy|podman|nodelocaldns)/;

const isGlobal = ({ address }: HostAddress): boolean => !isLinkLocal(address) && !isLoopback(address);

/** All addresses by which a pod may call this host: those of pods' links, and of the loopback, are none. */
export const ownAddresses = (all: readonly HostAddress[]): HostAddress[] =>
  all.filter((one) => isGlobal(one) && !isHostInterface(one.interface));

/**
 * The address for other nodes: the one from before; else on the interface of the default route, else on the first one; with a
 * subnet rather than alone, which is how virtual addresses look.
 */
export function chooseNodeAddress(
  all: readonly HostAddress[],
  version: IpVersion,
  { uplink, before, fixed }: ChooseOptions,
): HostAddress | undefined {
  const own = ownAddresses(all).filter(({ address }) => address.version === version);
  const usable = own.filter(({ passing, interface: name }) => !passing && !VIRTUAL.test(name));
  const kept = before && (fixed ? own : usable).find(({ address }) => addressesEqual(address, before));
  if (kept || fixed) return kept;
  const hostLength = version === 4 ? 32 : 128;
  const rank = ({ interface: name, ifindex, prefixLength }: HostAddress): number =>
    (name === 'lo' ? 4 : 0) + (ifindex === uplink ? 0 : 2) + (prefixLength === hostLength ? 1 : 0);
  return [...usable].sort((x, y) => rank(x) - rank(y) || x.ifindex - y.ifindex)[0];
}
