/** Lists of resources as exports have them: `kind: List`, or a kind of its own (`BGPPeerList`). */
import { pointerTo } from '../schema/fault.js';

export interface Unfolded {
  /** Pointer of the resource in its document; empty: it is the document. */
  readonly at: string;
  readonly document: unknown;
}

/** Nobody's export has lists in lists in lists; what is deeper is told as the document it is. */
const DEPTH = 8;

/** A list is as many resources as it has items, lists in lists included; anything else is itself. */
export const unfoldList = (document: unknown, at = ''): readonly Unfolded[] => unfold(document, at, DEPTH);

function unfold(document: unknown, at: string, depth: number): readonly Unfolded[] {
  const { apiVersion, kind, items } = (document ?? {}) as { apiVersion?: unknown; kind?: unknown; items?: unknown };
  if (depth === 0 || typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items))
    return [{ at, document }];
  // The items of a typed list may leave their kind out.
  const inherited = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -4) };
  return items.flatMap((item, index) => {
    const inner = typeof item === 'object' && item !== null ? { ...inherited, ...item } : item;
    return unfold(inner, pointerTo(pointerTo(at, 'items'), index), depth - 1);
  });
}
