/** Routes of others on the way to an address of ours. */
import { type Address, prefixContains } from '@tortie/ip';
import type { Route } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';

/**
 * For each address the one that the kernel would take, the most specific and then that of the lowest metric, in one reading of all
 * routes: a lookup that ends in a blackhole does not say in which.
 */
export async function foreignRoutesTo(
  host: Rtnetlink,
  addresses: readonly Address[],
  isOurs: (route: Route) => boolean,
): Promise<readonly (Route | undefined)[]> {
  const first: (Route | undefined)[] = addresses.map(() => undefined);
  for (const version of [4, 6] as const) {
    const targets = [...addresses.entries()].filter(([, address]) => address.version === version);
    if (targets.length === 0) continue;
    for await (const route of host.routes({ version })) {
      if (isOurs(route)) continue;
      for (const [at, address] of targets)
        if (prefixContains(route.prefix, address) && goesBefore(route, first[at])) first[at] = route;
    }
  }
  return first;
}

const goesBefore = (one: Route, other: Route | undefined): boolean =>
  other === undefined ||
  one.prefix.length > other.prefix.length ||
  (one.prefix.length === other.prefix.length && one.metric < other.metric);
