/** The BGP identifier of a node: configured, or an address it has, or a hash that stays the same for its name. */
import { type Address, formatAddress, ipv4, isLinkLocal, isLoopback, parseAddress } from '@tortie/ip';

export interface RouterId {
  readonly value: number;
  readonly text: string;
  readonly source: 'configured' | 'address' | 'hash';
}

/** `addresses` in the kernel's order: the first global IPv4 one is taken, so that it survives added interfaces. */
export function chooseRouterId(
  configured: string | undefined,
  addresses: readonly Address[],
  nodeName: string,
): RouterId {
  const make = (value: number, source: RouterId['source']): RouterId => ({
    value,
    text: formatAddress(ipv4(value)),
    source,
  });
  if (configured !== undefined) return make(parseAddress(configured).a, 'configured');
  const address = addresses.find((one) => one.version === 4 && !isLoopback(one) && !isLinkLocal(one));
  return address ? make(address.a, 'address') : make(hashName(nodeName), 'hash');
}

/**
 * FNV-1a of the name, spread over 240.0.0.0/4: a range that no interface has, so that hashes and addresses never meet.
 * Two names that meet are found by the node records in the store.
 */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (const octet of Buffer.from(name)) hash = Math.imul(hash ^ octet, 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  const value = (0xf0000000 | (hash >>> 4)) >>> 0;
  return value === 0xffffffff ? 0xf0000001 : value;
}
