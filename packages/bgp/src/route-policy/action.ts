/** The changes a policy term makes to attributes. */
import { ATTRIBUTE_TYPE } from '../iana.js';
import {
  asPathValue,
  CANONICAL_CONTEXT,
  communitiesValue,
  editBlock,
  largeCommunitiesValue,
  wordValue,
} from '../rib/block-edit.js';
import { decodeAttributes } from '../wire/attribute/attribute-set.js';
import type { AsPathSegment } from '../wire/attribute/path-attributes.js';
import type { PolicySet } from './policy.js';

/** The most ASes in one segment of AS_PATH. */
const SEGMENT_MAX = 255;

/** Puts ASes in front of a path, into its first sequence where they fit. RFC 4271 section 5.1.2. */
export function prepend(path: readonly AsPathSegment[], asns: readonly number[]): readonly AsPathSegment[] {
  const [first, ...rest] = path;
  if (first?.type === 'sequence' && first.asns.length + asns.length <= SEGMENT_MAX) {
    return [{ type: 'sequence', asns: [...asns, ...first.asns] }, ...rest];
  }
  return [{ type: 'sequence', asns }, ...path];
}

/** The canonical block with the changes of `set`. */
export function applySet(block: Uint8Array, set: PolicySet): Uint8Array {
  const { attributes } = decodeAttributes(block, 0, block.length, CANONICAL_CONTEXT, { nlri: false });
  const changes = new Map<number, Uint8Array | undefined>();
  if (set.localPref !== undefined) changes.set(ATTRIBUTE_TYPE.localPref, wordValue(set.localPref));
  if (set.med !== undefined) changes.set(ATTRIBUTE_TYPE.med, wordValue(set.med));
  if (set.communities || set.addCommunities) {
    const kept = set.communities ?? attributes.communities ?? [];
    const list = [...new Set([...kept, ...(set.addCommunities ?? [])])];
    changes.set(ATTRIBUTE_TYPE.communities, communitiesValue(list));
  }
  if (set.addLargeCommunities) {
    const list = [...(attributes.largeCommunities ?? []), ...set.addLargeCommunities];
    changes.set(ATTRIBUTE_TYPE.largeCommunities, largeCommunitiesValue(list));
  }
  if (set.prependAsns && set.prependAsns.length > 0) {
    changes.set(ATTRIBUTE_TYPE.asPath, asPathValue(prepend(attributes.asPath ?? [], set.prependAsns)));
  }
  return editBlock(block, changes);
}
