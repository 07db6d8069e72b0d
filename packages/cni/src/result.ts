/** What ADD answers, in the shape of each version (specification, section "Success" of ADD). */
import { type Address, formatAddress, formatPrefix, hostPrefix } from '@tortie/ip';
import type { Dns } from './network-config.js';
import { type CniVersion, isAtLeast } from './version.js';

/** An attachment as it stands. */
export interface Attached {
  readonly hostInterface: { readonly name: string; readonly mac: string };
  readonly podInterface: { readonly name: string; readonly mac: string; readonly netns: string };
  readonly mtu: number;
  readonly addresses: readonly Address[];
  /** Next hop of the pod's default route, for each version it has an address of. */
  readonly gateways: Readonly<Record<4 | 6, Address>>;
  readonly dns: Dns;
}

/** The host's end is interface 0, the pod's end 1; every address is on the latter. */
export function addResult(version: CniVersion, attached: Attached): unknown {
  const { hostInterface, podInterface, mtu, addresses, gateways, dns } = attached;
  const withMtu = isAtLeast(version, '1.1.0') ? { mtu } : {};
  return {
    cniVersion: version,
    interfaces: [
      { ...hostInterface, ...withMtu },
      { name: podInterface.name, mac: podInterface.mac, ...withMtu, sandbox: podInterface.netns },
    ],
    ips: addresses.map((address) => ({
      // Until 0.4.0 an address says its version.
      ...(isAtLeast(version, '1.0.0') ? {} : { version: String(address.version) }),
      interface: 1,
      address: formatPrefix(hostPrefix(address)),
      gateway: formatAddress(gateways[address.version]),
    })),
    routes: addresses.map((address) => ({
      dst: address.version === 4 ? '0.0.0.0/0' : '::/0',
      gw: formatAddress(gateways[address.version]),
    })),
    dns,
  };
}
