/** What is wrong with a policy, found before it is compiled. */
import { FAMILIES } from '../wire/family/family.js';
import { asPathExpressionFault } from './as-path-expression.js';
import type { CommunityMatch, NumberRange, PolicyMatch, PolicySet, PrefixMatch, RoutePolicy } from './policy.js';
import { lengthsOf } from './prefix-list.js';

const MAX_WORD = 0xffffffff;
const ACTIONS = ['accept', 'reject', 'next'];
const SOURCES = ['own', 'ebgp', 'ibgp'];
const ORIGINS = ['igp', 'egp', 'incomplete'];

const isWord = (value: number, max = MAX_WORD): boolean => Number.isInteger(value) && value >= 0 && value <= max;

/** The first fault, with its place inside the policy: `/terms/3/match/asPaths/0 …`; undefined where it is sound. */
export function policyFault(
  { terms, otherwise = 'accept' }: RoutePolicy,
  side: 'import' | 'export',
): string | undefined {
  if (otherwise !== 'accept' && otherwise !== 'reject')
    return `/otherwise is "${otherwise}"; it must be accept or reject`;
  for (const [index, { action, match, set }] of terms.entries()) {
    const fault =
      (ACTIONS.includes(action) ? undefined : `/action is "${action}"; it must be accept, reject or next`) ??
      (match && matchFault(match)) ??
      (set && setFault(set, side));
    if (fault) return `/terms/${index}${fault}`;
  }
  return undefined;
}

function matchFault(match: PolicyMatch): string | undefined {
  const { prefixes, notPrefixes, communities, asPaths, families, sources, originAsns, neighbourAsns } = match;
  const words = FAMILIES.map(({ name }) => name);
  const bad =
    first(families, '/match/families', (name) =>
      words.includes(name) ? undefined : `is "${name}"; known are ${words.join(', ')}`,
    ) ??
    first(sources, '/match/sources', (name) =>
      SOURCES.includes(name) ? undefined : `is "${name}"; it must be own, ebgp or ibgp`,
    ) ??
    first(prefixes, '/match/prefixes', prefixFault) ??
    first(notPrefixes, '/match/notPrefixes', prefixFault) ??
    first(communities, '/match/communities', communityFault) ??
    first(asPaths, '/match/asPaths', (text) => asPathExpressionFault(text)) ??
    first(originAsns, '/match/originAsns', wordFault) ??
    first(neighbourAsns, '/match/neighbourAsns', wordFault);
  if (bad) return bad;
  for (const field of ['asPathLength', 'med', 'localPref'] as const) {
    const fault = match[field] && rangeFault(match[field]);
    if (fault) return `/match/${field} ${fault}`;
  }
  return undefined;
}

function prefixFault(match: PrefixMatch): string | undefined {
  const [shortest, longest] = lengthsOf(match);
  return shortest <= longest
    ? undefined
    : `matches nothing: it needs ${match.prefix.length} <= ge <= le <= the address's bits`;
}

function setFault(set: PolicySet, side: 'import' | 'export'): string | undefined {
  for (const field of ['localPref', 'med'] as const) {
    const fault = set[field] === undefined ? undefined : wordFault(set[field]);
    if (fault) return `/set/${field} ${fault}`;
  }
  if (set.origin !== undefined && !ORIGINS.includes(set.origin)) {
    return `/set/origin is "${set.origin}"; it must be igp, egp or incomplete`;
  }
  if (set.nextHop === (side === 'import' ? 'self' : 'peer')) {
    return side === 'import'
      ? '/set/nextHop is "self", which is for export policies; an import policy takes "peer" or an address'
      : '/set/nextHop is "peer", which is for import policies; an export policy takes "self" or an address';
  }
  return (
    first(set.communities, '/set/communities', wordFault) ??
    first(set.addCommunities, '/set/addCommunities', wordFault) ??
    first(set.removeCommunities, '/set/removeCommunities', communityFault) ??
    first(set.largeCommunities, '/set/largeCommunities', communityFault) ??
    first(set.addLargeCommunities, '/set/addLargeCommunities', communityFault) ??
    first(set.prependAsns, '/set/prependAsns', (asn) =>
      asn === 0 ? 'is 0, which is no AS (RFC 7607)' : wordFault(asn),
    )
  );
}

/** The first fault of a list, with its index. */
function first<T>(
  list: readonly T[] | undefined,
  at: string,
  faultOf: (item: T) => string | undefined,
): string | undefined {
  for (const [index, item] of (list ?? []).entries()) {
    const fault = faultOf(item);
    if (fault) return `${at}/${index} ${fault}`;
  }
  return undefined;
}

const wordFault = (value: number): string | undefined =>
  isWord(value) ? undefined : `is ${value}; it must be 0 to ${MAX_WORD}`;

function communityFault(match: CommunityMatch): string | undefined {
  if (typeof match === 'number') return wordFault(match);
  const max = match.length === 2 ? 0xffff : MAX_WORD;
  const sound = match.every((part) => part === '*' || isWord(part, max));
  return sound ? undefined : `is ${match.join(':')}; each part must be 0 to ${max}, or "*"`;
}

function rangeFault({ min = 0, max = MAX_WORD }: NumberRange): string | undefined {
  if (!isWord(min) || !isWord(max)) return `is ${min} to ${max}; both must be 0 to ${MAX_WORD}`;
  return min <= max ? undefined : `is ${min} to ${max}, which holds nothing`;
}
