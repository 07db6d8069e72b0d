/**
 * Addresses of services with a ready endpoint on this node -> what of them is announced: each once, however many services have it, and
 * for as long as one of them does; and only inside the ranges of services, so that whoever may say that a service is here cannot draw
 * other traffic to this node.
 */
import { formatAddress, hostPrefix, type Prefix, parseAddress, prefixCovers } from '@tortie/ip';
import type { OriginatedPrefix } from '../originated/origin-table.js';

export interface ServiceAddresses {
  readonly announced: readonly OriginatedPrefix[];
  /** In no range of services. */
  readonly outside: ReadonlySet<string>;
}

export function serviceAddresses(
  services: ReadonlyMap<string, { readonly addresses: readonly string[] }>,
  ranges: readonly Prefix[],
): ServiceAddresses {
  const users = new Map<string, string[]>();
  for (const [name, { addresses }] of services) {
    for (const text of new Set(addresses.map((address) => formatAddress(parseAddress(address))))) {
      users.set(text, [...(users.get(text) ?? []), name]);
    }
  }
  const announced: OriginatedPrefix[] = [];
  const outside = new Set<string>();
  for (const [text, names] of users) {
    const prefix = hostPrefix(parseAddress(text));
    if (!ranges.some((range) => prefixCovers(range, prefix))) outside.add(text);
    else announced.push({ prefix, attributes: {}, source: `service ${names.sort().join(', ')}` });
  }
  return { announced, outside };
}
