/**
 * What leaves the network under a node's address: connections from pools with `natOutgoing` to what is neither in a pool nor a
 * node. Pods and nodes see each other as they are.
 *
 * ```
 * table inet tortie {
 *   set from4 { … }  pools whose pods are hidden      set inside4 { … }  every pool, every address of a node
 *   chain postrouting {
 *     type nat hook postrouting priority srcnat + 10
 *     ip saddr @from4 ip daddr != @inside4 counter masquerade fully-random
 *     ip6 saddr @from6 ip6 daddr != @inside6 counter masquerade fully-random
 *   }
 * }
 * ```
 * Behind srcnat, so that whoever has a rule of his own for such a connection (Docker, kube-proxy, an administrator) goes first:
 * the first chain that translates a connection decides.
 */
import { type Address, formatPrefix, hostPrefix, type Prefix } from '@tortie/ip';
import { type NftElements, type NftLayout, outermost } from '@tortie/linux';

export const MASQUERADE_TABLE = { family: 'inet', name: 'tortie' } as const;

const PRIORITY = 110;
const VERSIONS = [4, 6] as const;

/** Comments tell one layout from another: who changes a rule changes its comment. */
const commentOf = (version: 4 | 6): string => `tortie: pods of natOutgoing pools to the world, IPv${version}, 1`;

export const MASQUERADE_LAYOUT: NftLayout = {
  chains: [{ name: 'postrouting', type: 'nat', hook: 'postrouting', priority: PRIORITY }],
  sets: VERSIONS.flatMap((version) => [
    { name: `from${version}`, version },
    { name: `inside${version}`, version },
  ]),
  rules: VERSIONS.map((version) => ({
    chain: 'postrouting',
    comment: commentOf(version),
    expressions: [
      { type: 'version', version },
      { type: 'address-in', version, which: 'source', set: `from${version}` },
      { type: 'address-in', version, which: 'destination', set: `inside${version}`, not: true },
      { type: 'counter' },
      { type: 'masquerade' },
    ],
  })),
};

export interface MasqueradeInput {
  readonly pools: readonly { readonly cidr: Prefix; readonly natOutgoing: boolean }[];
  /** All addresses of all nodes. */
  readonly nodes: readonly Address[];
}

/** What the sets hold; undefined where nobody is hidden. */
export function masqueradeOf({ pools, nodes }: MasqueradeInput): NftElements | undefined {
  const hidden = pools.filter(({ natOutgoing }) => natOutgoing);
  if (hidden.length === 0) return undefined;
  const elements: Record<string, readonly Prefix[]> = {};
  for (const version of VERSIONS) {
    const of = (prefixes: readonly Prefix[]): Prefix[] => outermost(prefixes.filter((one) => one.version === version));
    elements[`from${version}`] = of(hidden.map(({ cidr }) => cidr));
    elements[`inside${version}`] = of([...pools.map(({ cidr }) => cidr), ...nodes.map(hostPrefix)]);
  }
  return elements;
}

/** What of `from` is not in `other`, set by set; sets without any are left out. */
export function without(from: NftElements, other: NftElements): NftElements {
  const rest: Record<string, readonly Prefix[]> = {};
  for (const [name, prefixes] of Object.entries(from)) {
    const there = new Set(other[name]?.map(formatPrefix));
    const left = prefixes.filter((prefix) => !there.has(formatPrefix(prefix)));
    if (left.length > 0) rest[name] = left;
  }
  return rest;
}
