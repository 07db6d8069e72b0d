/** Routes of others on the way to an address of ours. */
import { type Address, hostPrefix, prefixCovers } from '@tortie/ip';
import type { Route } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';

/**
 * The one that the kernel would take, the most specific and then that of the lowest metric, read from all: a lookup that ends in a
 * blackhole does not say in which.
 */
export async function foreignRouteTo(
  host: Rtnetlink,
  address: Address,
  isOurs: (route: Route) => boolean,
): Promise<Route | undefined> {
  const target = hostPrefix(address);
  let first: Route | undefined;
  for await (const route of host.routes({ version: address.version })) {
    if (!isOurs(route) && prefixCovers(route.prefix, target) && goesBefore(route, first)) first = route;
  }
  return first;
}

const goesBefore = (one: Route, other: Route | undefined): boolean =>
  other === undefined ||
  one.prefix.length > other.prefix.length ||
  (one.prefix.length === other.prefix.length && one.metric < other.metric);
