/** What of a policy matters to routes. */
import type { RoutePolicy } from './policy.js';

/** Equal for policies that do the same to every route because they differ in names alone, or say a default. */
export function policyKey(policy: RoutePolicy | undefined): string {
  if (!policy) return '';
  const { terms, otherwise = 'accept' } = policy;
  if (terms.length === 0 && otherwise === 'accept') return '';
  return JSON.stringify({ otherwise, terms: terms.map(({ name: _, ...effect }) => effect) });
}
