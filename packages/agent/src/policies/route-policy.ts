/** Policies as a user writes them -> policies as the speaker takes them: names are looked up, text becomes numbers. */
import type {
  CommunityMatch,
  PolicyMatch as MatchData,
  PolicySet as SetData,
  PolicyTerm as TermData,
} from '@tortie/bgp';
import { parseAddress, parsePrefix } from '@tortie/ip';
import type { Policy, PolicyLibrary, PolicyMatch, PolicySet, PolicyTerm, PrefixMatch } from '../api/policy.js';
import { tryParseCommunity, tryParseCommunityMatch } from '../bgp-text/community.js';
import { AgentError } from '../errors.js';

/**
 * Terms that fit the schema. `asn` is what a prepend without one repeats; `place` names those without a name. Throws AgentError
 * for a name that is not in the library: a peer of the store may name what the file no longer has.
 */
export function policyTerms(policy: Policy, library: PolicyLibrary, asn: number, place: string): TermData[] {
  return policy.flatMap((term, index) => {
    if (term.policy === undefined) return [termData(term, library, asn, `${place}[${index}]`)];
    const { name, terms, default: verdict } = required('policies', library.policies, term.policy);
    // A policy names no other one, so that none can name itself.
    const inner = policyTerms(terms, { ...library, policies: [] }, asn, name);
    return verdict ? [...inner, { name: `${name} default`, action: verdict }] : inner;
  });
}

function required<Item extends { readonly name: string }>(
  field: string,
  items: readonly Item[] | undefined,
  name: string,
): Item {
  const item = items?.find((each) => each.name === name);
  if (!item) throw new AgentError('ERR_AGENT_VALIDATION', `"${name}" is not in ${field} of the configuration file`);
  return item;
}

function termData(
  { name, action, match, set }: PolicyTerm,
  library: PolicyLibrary,
  asn: number,
  place: string,
): TermData {
  return {
    name: name ?? place,
    action: action ?? 'next',
    ...(match && { match: matchData(match, library) }),
    ...(set && { set: setData(set, asn) }),
  };
}

function matchData(match: PolicyMatch, { prefixSets, communitySets, asPathSets }: PolicyLibrary): MatchData {
  const { prefixSets: prefixNames, communitySets: communityNames, asPathSets: pathNames, ...given } = match;
  const prefixes = joined(
    given.prefixes,
    prefixNames?.map((name) => required('prefixSets', prefixSets, name).prefixes),
  );
  const communities = joined(
    given.communities,
    communityNames?.map((name) => required('communitySets', communitySets, name).communities),
  );
  const asPaths = joined(
    given.asPaths,
    pathNames?.map((name) => required('asPathSets', asPathSets, name).asPaths),
  );
  const { prefixes: _p, communities: _c, asPaths: _a, nextHops, ...same } = given;
  return {
    ...same,
    ...(prefixes && { prefixes: prefixes.map(prefixData) }),
    ...(communities && { communities: communityMatches(communities) }),
    ...(asPaths && { asPaths }),
    ...(nextHops && { nextHops: nextHops.map(parsePrefix) }),
  };
}

/** What is written in place and what is named; undefined where neither is. */
const joined = <Item>(
  given: readonly Item[] | undefined,
  sets: readonly (readonly Item[])[] | undefined,
): readonly Item[] | undefined => (sets ? [...(given ?? []), ...sets.flat()] : given);

const prefixData = ({ prefix, ge, le }: PrefixMatch) => ({
  prefix: parsePrefix(prefix),
  ...(ge !== undefined && { ge }),
  ...(le !== undefined && { le }),
});

function setData(set: PolicySet, asn: number): SetData {
  const { nextHop, communities, largeCommunities, removeCommunities, addCommunities, prepend, ...same } = set;
  const added = addCommunities && byKind(addCommunities);
  return {
    ...same,
    ...(nextHop !== undefined && {
      nextHop: nextHop === 'self' || nextHop === 'peer' ? nextHop : parseAddress(nextHop),
    }),
    ...(communities && { communities: byKind(communities).standard }),
    ...(largeCommunities && { largeCommunities: byKind(largeCommunities).large }),
    ...(removeCommunities && { removeCommunities: communityMatches(removeCommunities) }),
    ...(added && { addCommunities: added.standard, addLargeCommunities: added.large }),
    ...(prepend && { prependAsns: new Array<number>(prepend.count).fill(prepend.asn ?? asn) }),
  };
}

const communityMatches = (texts: readonly string[]): CommunityMatch[] =>
  texts.map(tryParseCommunityMatch).filter((match) => match !== undefined);

/** Texts that have passed the format check, by kind. */
export function byKind(texts: readonly string[]): {
  standard: number[];
  large: (readonly [number, number, number])[];
} {
  const standard: number[] = [];
  const large: (readonly [number, number, number])[] = [];
  for (const text of texts) {
    const community = tryParseCommunity(text);
    if (community?.type === 'standard') standard.push(community.value);
    if (community?.type === 'large') large.push(community.value);
  }
  return { standard, large };
}
