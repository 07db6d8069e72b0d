/** Which of a host's addresses the other nodes use, and all that belong to it. */
import {
  type Address,
  addressesEqual,
  formatAddress,
  formatPrefix,
  type IpVersion,
  isLinkLocal,
  isLoopback,
  prefixContains,
  prefixOf,
} from '@tortie/ip';
import { isHostInterface } from '../pods/names.js';
import type { AddressMethod } from './address-method.js';

export interface HostAddress {
  readonly interface: string;
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  /** Deprecated, temporary, tentative, or secondary: nothing to build upon. */
  readonly passing: boolean;
}

/** By which interface a packet leaves, and to whom on its link. */
export interface WayOut {
  readonly ifindex: number;
  readonly neighbour: Address;
}

export interface ChooseOptions {
  /** The way of the default route of this version. */
  readonly uplink: WayOut | undefined;
  /** The address chosen before stays, as long as the method could choose it. */
  readonly before: Address | undefined;
  /** Of can-reach: the way to its destination, or why there is none. */
  readonly reach?: WayOut | string;
}

/** Interfaces that containers, tunnels and other networks of this host alone bring along; the list is Calico's. */
const VIRTUAL =
  /^(docker|cbr|br-|virbr|lxcbr|veth|cali|tunl|ipip|flannel|kube-ipvs|cni|vxlan|wireguard|wg|dummy|podman|nodelocaldns)/;

const isGlobal = ({ address }: HostAddress): boolean => !isLinkLocal(address) && !isLoopback(address);

/** All addresses by which a pod may call this host: those of pods' links, and of the loopback, are none. */
export const ownAddresses = (all: readonly HostAddress[]): HostAddress[] =>
  all.filter((one) => isGlobal(one) && !isHostInterface(one.interface));

/** What a method may choose among, and what it likes best. */
interface Choice {
  readonly among: readonly HostAddress[];
  readonly way?: WayOut | undefined;
  /** Why there is nothing, as the end of a sentence. */
  readonly nothing: string;
}

/**
 * The address for other nodes: the one from before, where the method could choose it; else with a subnet rather than alone, which is
 * how virtual addresses look, and the first by the order of interfaces. Or a sentence why there is none.
 */
export function chooseNodeAddress(
  all: readonly HostAddress[],
  version: IpVersion,
  method: AddressMethod,
  options: ChooseOptions,
): HostAddress | string {
  const own = ownAddresses(all).filter(({ address }) => address.version === version);
  if (method.type === 'fixed') {
    const found = own.find(({ address }) => addressesEqual(address, method.address));
    return found ?? `no interface of this host has ${formatAddress(method.address)}`;
  }
  const { among, way, nothing } = choiceOf(
    own.filter(({ passing }) => !passing),
    method,
    options,
  );
  const { before } = options;
  const kept = before && among.find(({ address }) => addressesEqual(address, before));
  if (kept) return kept;
  const hostLength = version === 4 ? 32 : 128;
  const rank = ({ interface: name, ifindex, address, prefixLength }: HostAddress): number =>
    (name === 'lo' ? 8 : 0) +
    (way === undefined || ifindex === way.ifindex ? 0 : 4) +
    (prefixLength === hostLength ? 2 : 0) +
    (way === undefined || prefixContains(prefixOf(address, prefixLength), way.neighbour) ? 0 : 1);
  const [best] = [...among].sort((x, y) => rank(x) - rank(y) || x.ifindex - y.ifindex);
  return best ?? `${nothing}; there ${listed(own, version)}`;
}

function choiceOf(own: readonly HostAddress[], method: AddressMethod, { uplink, reach }: ChooseOptions): Choice {
  const real = own.filter(({ interface: name }) => !VIRTUAL.test(name));
  const matches = (patterns: readonly RegExp[], name: string): boolean => patterns.some((each) => each.test(name));
  switch (method.type) {
    case 'fixed':
    case 'first-found':
      return { among: real, way: uplink, nothing: 'no interface has an address that other nodes could use' };
    case 'skip-interface':
      return {
        among: real.filter(({ interface: name }) => !matches(method.names, name)),
        way: uplink,
        nothing: 'no interface that is not to be skipped has an address',
      };
    case 'interface':
      // Whoever names an interface may mean a virtual one.
      return {
        among: own.filter(({ interface: name }) => matches(method.names, name)),
        nothing: 'no interface of such a name has an address',
      };
    case 'cidr':
      return {
        among: real.filter(({ address }) => method.prefixes.some((prefix) => prefixContains(prefix, address))),
        nothing: `no address is inside ${method.prefixes.map(formatPrefix).join(' or ')}`,
      };
    case 'can-reach':
      if (typeof reach !== 'object') {
        return { among: [], nothing: `there is no way to ${method.destination}: ${reach ?? 'not looked for yet'}` };
      }
      return {
        among: own.filter(({ ifindex }) => ifindex === reach.ifindex),
        way: reach,
        nothing: `the interface on the way to ${method.destination} has no address`,
      };
  }
}

/** What could have been chosen, so that its reader sees what to write. */
function listed(own: readonly HostAddress[], version: IpVersion): string {
  if (own.length === 0) return `is no IPv${version} address but those of loopback, links and pods`;
  const texts = own
    .slice(0, 8)
    .map(
      ({ interface: name, address, prefixLength, passing }) =>
        `${formatAddress(address)}/${prefixLength} on ${name}${passing ? ' (secondary, temporary or not ready)' : ''}`,
    );
  return `are ${texts.join(', ')}${own.length > texts.length ? ', …' : ''}`;
}
