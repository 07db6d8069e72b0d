/** The changes a policy term makes to attributes. */
import { type Address, ipv4, ipv6 } from '@tortie/ip';
import { ATTRIBUTE_TYPE } from '../iana.js';
import {
  asPathValue,
  type BlockChanges,
  CANONICAL_CONTEXT,
  communitiesValue,
  editBlock,
  largeCommunitiesValue,
  nextHopChange,
  originValue,
  prepend,
  wordValue,
} from '../rib/block-edit.js';
import { decodeAttributes } from '../wire/attribute/attribute-set.js';
import { FAMILIES } from '../wire/family/family.js';
import { CommunityList } from './community-list.js';
import type { PolicySet } from './policy.js';

export class Action {
  readonly set: PolicySet;
  readonly #side: 'import' | 'export';
  readonly #removed: CommunityList | undefined;

  constructor(set: PolicySet, side: 'import' | 'export') {
    this.set = set;
    this.#side = side;
    this.#removed = set.removeCommunities && new CommunityList(set.removeCommunities);
  }

  /** Whether a route of this version gets another next hop. `peer` is the address that "peer" stands for. */
  nextHop(version: 4 | 6, peer: Address | undefined): Address | undefined {
    const { nextHop } = this.set;
    // An unspecified next hop stands for ours on each session.
    const self = this.#side === 'export' ? (version === 4 ? ipv4(0) : ipv6(0, 0, 0, 0)) : undefined;
    const own = this.#side === 'import' ? peer : undefined;
    const address = nextHop === 'self' ? self : nextHop === 'peer' ? own : nextHop;
    return address?.version === version ? address : undefined;
  }

  /** The canonical block with the changes. */
  apply(block: Uint8Array, version: 4 | 6, peer: Address | undefined): Uint8Array {
    const { set } = this;
    const { attributes } = decodeAttributes(block, 0, block.length, CANONICAL_CONTEXT, { nlri: false });
    const changes = new Map<number, Uint8Array | undefined>();
    if (set.localPref !== undefined) changes.set(ATTRIBUTE_TYPE.localPref, wordValue(set.localPref));
    if (set.med !== undefined) changes.set(ATTRIBUTE_TYPE.med, wordValue(set.med));
    if (set.origin !== undefined) changes.set(ATTRIBUTE_TYPE.origin, originValue(set.origin));
    const nextHop = this.nextHop(version, peer);
    if (nextHop) {
      changes.set(ATTRIBUTE_TYPE.nextHop, undefined).set(ATTRIBUTE_TYPE.mpReach, undefined);
      changes.set(...nextHopChange(FAMILIES.find((family) => family.version === version)!, nextHop));
    }
    this.#communities(attributes.communities ?? [], changes);
    this.#largeCommunities(attributes.largeCommunities ?? [], changes);
    if (set.prependAsns && set.prependAsns.length > 0) {
      changes.set(ATTRIBUTE_TYPE.asPath, asPathValue(prepend(attributes.asPath ?? [], set.prependAsns)));
    }
    return editBlock(block, changes satisfies BlockChanges);
  }

  #communities(present: readonly number[], changes: Map<number, Uint8Array | undefined>): void {
    const { communities, addCommunities = [] } = this.set;
    if (!communities && !this.#removed && addCommunities.length === 0) return;
    const kept = (communities ?? present).filter((each) => !this.#removed?.has(each));
    changes.set(ATTRIBUTE_TYPE.communities, communitiesValue([...new Set([...kept, ...addCommunities])]));
  }

  #largeCommunities(
    present: Required<PolicySet>['addLargeCommunities'],
    changes: Map<number, Uint8Array | undefined>,
  ): void {
    const { largeCommunities, addLargeCommunities = [] } = this.set;
    if (!largeCommunities && !this.#removed && addLargeCommunities.length === 0) return;
    const kept = (largeCommunities ?? present).filter((each) => !this.#removed?.hasLarge(each));
    changes.set(ATTRIBUTE_TYPE.largeCommunities, largeCommunitiesValue([...kept, ...addLargeCommunities]));
  }
}
