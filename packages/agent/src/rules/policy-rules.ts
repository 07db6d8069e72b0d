/** What a schema cannot say about policies: names that lead nowhere, terms that cannot be, ranges that hold nothing. */
import { suggest } from '@tortie/cluster/schema';
import { parsePrefix } from '@tortie/ip';
import type { Policy, PolicyLibrary, PolicyMatch, PolicyTerm, PrefixMatch } from '../api/policy.js';
import type { Issue } from '../errors.js';
import { pointerTo } from '../schema/check.js';

/** Where a policy is used; undefined for one of the library, which may be used on both sides. */
type Side = 'import' | 'export' | undefined;

/** The sides on which a next hop that is no address makes sense. */
const NEXT_HOP_SIDES: Readonly<Record<string, Side>> = { self: 'export', peer: 'import' };

export function checkPolicy(policy: Policy, at: string, library: PolicyLibrary, side: Side): Issue[] {
  return policy.flatMap((term, index) => checkTerm(term, pointerTo(at, index), library, side));
}

/** The parts that peers name, each for itself. */
export function checkLibrary(library: PolicyLibrary): Issue[] {
  const issues: Issue[] = [];
  for (const field of ['policies', 'prefixSets', 'communitySets', 'asPathSets'] as const) {
    const names = (library[field] ?? []).map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      issues.push({ pointer: `/${field}/${index}/name`, detail: `"${name}" is there twice; names must differ` });
    }
  }
  for (const [index, { terms }] of (library.policies ?? []).entries()) {
    issues.push(...checkPolicy(terms, `/policies/${index}/terms`, library, undefined));
  }
  for (const [index, { prefixes }] of (library.prefixSets ?? []).entries()) {
    issues.push(...checkPrefixes(prefixes, `/prefixSets/${index}/prefixes`));
  }
  return issues;
}

function checkTerm(term: PolicyTerm, at: string, library: PolicyLibrary, side: Side): Issue[] {
  if (term.policy !== undefined) return checkReference(term, at, library, side);
  const issues: Issue[] = [];
  if (term.action === undefined) {
    issues.push({ pointer: at, detail: '"action" is missing: accept, reject or next; or "policy", the name of one' });
  }
  if (term.action === 'reject' && term.set) {
    issues.push({ pointer: `${at}/set`, detail: 'changes nothing, as the term rejects; remove it or accept' });
  }
  if (term.action === 'next' && !term.set) {
    issues.push({
      pointer: `${at}/action`,
      detail: 'is next without set, so the term does nothing; give it one, or remove it',
    });
  }
  if (term.match) issues.push(...checkMatch(term.match, `${at}/match`, library));
  const wanted = NEXT_HOP_SIDES[term.set?.nextHop ?? ''];
  if (wanted && side && wanted !== side)
    issues.push({ pointer: `${at}/set/nextHop`, detail: otherSide(term.set!.nextHop!, wanted) });
  return issues;
}

const otherSide = (nextHop: string, side: Side): string =>
  `is ${nextHop}, which is for ${side}; ${side === 'import' ? 'export takes self' : 'import takes peer'} or an address`;

/** A term that stands for a policy of the library. */
function checkReference(term: PolicyTerm, at: string, library: PolicyLibrary, side: Side): Issue[] {
  const pointer = `${at}/policy`;
  if (side === undefined) return [{ pointer, detail: 'a policy cannot name another one; write its terms here' }];
  const issues = checkNames([term.policy!], library.policies, 'policies', () => pointer);
  for (const field of ['name', 'match', 'action', 'set'] as const) {
    if (term[field] === undefined) continue;
    issues.push({
      pointer: `${at}/${field}`,
      detail: 'cannot stand beside "policy", whose own terms have theirs; remove it',
    });
  }
  const { terms = [] } = library.policies?.find(({ name }) => name === term.policy) ?? {};
  for (const [index, { set }] of terms.entries()) {
    const wanted = NEXT_HOP_SIDES[set?.nextHop ?? ''];
    if (!wanted || wanted === side) continue;
    issues.push({
      pointer,
      detail: `nextHop of term ${index} of "${term.policy}" ${otherSide(set!.nextHop!, wanted)}`,
    });
  }
  return issues;
}

function checkMatch(match: PolicyMatch, at: string, library: PolicyLibrary): Issue[] {
  const issues = checkPrefixes(match.prefixes ?? [], `${at}/prefixes`);
  for (const field of ['prefixSets', 'communitySets', 'asPathSets'] as const) {
    issues.push(...checkNames(match[field] ?? [], library[field], field, (index) => `${at}/${field}/${index}`));
  }
  for (const field of ['asPathLength', 'med', 'localPref'] as const) {
    const { min = 0, max = Number.POSITIVE_INFINITY } = match[field] ?? {};
    if (min > max) issues.push({ pointer: `${at}/${field}`, detail: `matches nothing: ${min} is above ${max}` });
  }
  return issues;
}

function checkNames(
  names: readonly string[],
  items: readonly { readonly name: string }[] | undefined,
  field: string,
  pointer: (index: number) => string,
): Issue[] {
  const known = (items ?? []).map(({ name }) => name);
  return names.flatMap((name, index) => {
    if (known.includes(name)) return [];
    const near = suggest(name, known);
    const right = near
      ? `did you mean "${near}"?`
      : known.length > 0
        ? `there are ${known.join(', ')}`
        : 'there are none';
    return [{ pointer: pointer(index), detail: `"${name}" is not in ${field} of the configuration file; ${right}` }];
  });
}

function checkPrefixes(prefixes: readonly PrefixMatch[], at: string): Issue[] {
  return prefixes.flatMap((match, index) => {
    const { length, version } = parsePrefix(match.prefix);
    const bits = version === 4 ? 32 : 128;
    const ge = match.ge ?? length;
    const le = match.le ?? (match.ge === undefined ? length : bits);
    if (length <= ge && ge <= le && le <= bits) return [];
    const detail = `matches nothing: ${match.prefix} needs ${length} <= ge <= le <= ${bits}`;
    return [{ pointer: pointerTo(at, index), detail }];
  });
}
