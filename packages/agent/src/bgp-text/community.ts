/** Communities as operators write them. RFC 1997, RFC 8092, and the IANA registry of well-known ones. */

/** Global administrator and two local parts. RFC 8092. */
export type LargeCommunity = readonly [number, number, number];

const WELL_KNOWN: readonly (readonly [string, number])[] = [
  ['graceful-shutdown', 0xffff0000],
  ['blackhole', 0xffff029a],
  ['no-export', 0xffffff01],
  ['no-advertise', 0xffffff02],
  ['no-export-subconfed', 0xffffff03],
  ['no-peer', 0xffffff04],
];

export type ParsedCommunity =
  | { readonly type: 'standard'; readonly value: number }
  | { readonly type: 'large'; readonly value: LargeCommunity };

/** Parses `65000:100`, `65000:1:2` or a well-known name; undefined for anything else. */
export function tryParseCommunity(text: string): ParsedCommunity | undefined {
  const known = WELL_KNOWN.find(([name]) => name === text);
  if (known) return { type: 'standard', value: known[1] };
  if (!/^\d{1,10}(:\d{1,10}){1,2}$/.test(text)) return undefined;
  const [high, low, third] = text.split(':').map(Number) as [number, number, number | undefined];
  if (third !== undefined) {
    if ([high, low, third].some((part) => part > 0xffffffff)) return undefined;
    return { type: 'large', value: [high, low, third] };
  }
  if (high > 0xffff || low > 0xffff) return undefined;
  return { type: 'standard', value: ((high << 16) | low) >>> 0 };
}

/** Part of a community, or any. */
type Part = number | '*';

/** Parses what tryParseCommunity does, with `*` for any part: `65000:*`, `*:1:2`; undefined for anything else. */
export function tryParseCommunityMatch(
  text: string,
): number | readonly [Part, Part] | readonly [Part, Part, Part] | undefined {
  const exact = tryParseCommunity(text);
  if (exact) return exact.value;
  if (!/^(\d{1,10}|\*)(:(\d{1,10}|\*)){1,2}$/.test(text)) return undefined;
  const [high, low, third] = text.split(':').map((part): Part => (part === '*' ? '*' : Number(part)));
  const fits = (max: number) => (part: Part | undefined) => part === undefined || part === '*' || part <= max;
  if (![high, low, third].every(fits(third === undefined ? 0xffff : 0xffffffff))) return undefined;
  return third === undefined ? [high!, low!] : [high!, low!, third];
}

/** `no-export` for a well-known one, else `65000:100`. */
export const formatCommunity = (value: number): string =>
  WELL_KNOWN.find(([, known]) => known === value)?.[0] ?? `${value >>> 16}:${value & 0xffff}`;

export const formatLargeCommunity = (value: LargeCommunity): string => value.join(':');
