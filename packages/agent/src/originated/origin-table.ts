/**
 * Every prefix this node announces, from several sources, and what must be told to the speaker to get there.
 *
 * A prefix that several sources want is announced once, with the attributes of the first source in `ORIGINS`.
 */
import type { OriginateAttributes } from '@tortie/bgp';
import { comparePrefixes, formatPrefix, type Prefix } from '@tortie/ip';

export const ORIGINS = ['file', 'api', 'block', 'borrowed', 'service', 'service-address'] as const;
export type OriginName = (typeof ORIGINS)[number];

export interface OriginatedPrefix {
  readonly prefix: Prefix;
  readonly attributes: OriginateAttributes;
  /** FILE:LINE, a block, a handle, a resource. */
  readonly source?: string;
  readonly revision?: number;
}

export interface OriginDelta {
  readonly announce: readonly OriginatedPrefix[];
  readonly withdraw: readonly Prefix[];
}

export class OriginTable {
  readonly #desired = new Map<OriginName, ReadonlyMap<string, OriginatedPrefix>>();
  /** Prefix text -> fingerprint of what the speaker was told. */
  readonly #actual = new Map<string, { prefix: Prefix; fingerprint: string }>();

  /** Replaces everything that one source wants. */
  set(origin: OriginName, prefixes: readonly OriginatedPrefix[]): void {
    this.#desired.set(origin, new Map(prefixes.map((one) => [formatPrefix(one.prefix), one])));
  }

  /** What differs from what the speaker was told; counts it as told. */
  takeDelta(): OriginDelta {
    const wanted = new Map<string, OriginatedPrefix>();
    for (const { origin: _origin, ...one } of this.list()) wanted.set(formatPrefix(one.prefix), one);
    const announce: OriginatedPrefix[] = [];
    const withdraw: Prefix[] = [];
    for (const [text, one] of wanted) {
      const fingerprint = JSON.stringify(one.attributes);
      if (this.#actual.get(text)?.fingerprint === fingerprint) continue;
      this.#actual.set(text, { prefix: one.prefix, fingerprint });
      announce.push(one);
    }
    for (const [text, { prefix }] of this.#actual) {
      if (wanted.has(text)) continue;
      this.#actual.delete(text);
      withdraw.push(prefix);
    }
    return { announce, withdraw };
  }

  /** What is announced, each once, in address order. */
  list(): (OriginatedPrefix & { readonly origin: OriginName })[] {
    const seen = new Map<string, OriginatedPrefix & { readonly origin: OriginName }>();
    for (const origin of ORIGINS) {
      for (const [text, one] of this.#desired.get(origin) ?? []) {
        if (!seen.has(text)) seen.set(text, { ...one, origin });
      }
    }
    return [...seen.values()].sort((x, y) => comparePrefixes(x.prefix, y.prefix));
  }

  /** The source that has this prefix first, if any. */
  find(prefix: Prefix): (OriginatedPrefix & { readonly origin: OriginName }) | undefined {
    const text = formatPrefix(prefix);
    for (const origin of ORIGINS) {
      const one = this.#desired.get(origin)?.get(text);
      if (one) return { ...one, origin };
    }
    return undefined;
  }
}
