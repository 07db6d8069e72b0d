/** How much of a pool is reserved: prefixes lie inside one another or apart, so that a sum is possible without their union. */
import { type Prefix, prefixCovers, prefixesEqual, prefixSize } from '@tortie/ip';
import type { Reservation } from './record/config.js';

/** What of the pool is reserved, without what lies inside another. */
export function reservedIn(pool: Prefix, reservations: readonly Reservation[]): readonly Prefix[] {
  const inside: Prefix[] = [];
  for (const cidr of reservations.flatMap(({ cidrs }) => cidrs)) {
    const part = prefixCovers(pool, cidr) ? cidr : prefixCovers(cidr, pool) ? pool : undefined;
    if (part && !inside.some((known) => prefixesEqual(known, part))) inside.push(part);
  }
  return inside.filter((part) => !inside.some((other) => other !== part && prefixCovers(other, part)));
}

export const sizeOf = (prefixes: readonly Prefix[]): bigint =>
  prefixes.reduce((sum, prefix) => sum + prefixSize(prefix), 0n);
