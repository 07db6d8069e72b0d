/** What a session negotiated, for one direction: everything a decoder or encoder needs to know beside the octets. */
import { FAMILIES, familyIndex } from './family/family.js';

export interface WireContext {
  /** AS numbers in AS_PATH and AGGREGATOR have four octets (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** Messages may have 65,535 octets instead of 4,096 (RFC 8654). */
  readonly extendedMessages: boolean;
  readonly peerType: 'ebgp' | 'ibgp';
  readonly localAsn: number;
  /** By family index: NLRI carry a path identifier (RFC 7911). */
  readonly addPath: readonly boolean[];
  /** By family index: the family was negotiated. */
  readonly families: readonly boolean[];
  /** By family index: next hops of the other IP version may appear (RFC 8950). */
  readonly extendedNextHop: readonly boolean[];
}

/** A context with the given fields; the rest is what two modern speakers agree on without options, over eBGP. */
export function wireContext(fields: Partial<WireContext> = {}): WireContext {
  return {
    fourOctetAs: true,
    extendedMessages: false,
    peerType: 'ebgp',
    localAsn: 0,
    addPath: FAMILIES.map(() => false),
    families: FAMILIES.map(() => true),
    extendedNextHop: FAMILIES.map(() => false),
    ...fields,
  };
}

/** The longest message the context allows. RFC 4271 section 4.1, RFC 8654 section 3. */
export const maxMessageOctets = (context: WireContext): number => (context.extendedMessages ? 65535 : 4096);

/** The index of a family that was negotiated, or -1: routes of any other are ignored (RFC 4760 section 7). */
export function negotiatedFamily(context: WireContext, afi: number, safi: number): number {
  const index = familyIndex(afi, safi);
  return index >= 0 && context.families[index] ? index : -1;
}
