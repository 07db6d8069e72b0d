/** How a policy came to its verdict, as the API shows it and in words. */
import type { PolicyTrace } from '@tortie/bgp';
import type { PolicyVerdict } from '../api/policy.js';

type TermRef = NonNullable<PolicyTrace['decided']>;

const nameOf = ({ index, name }: TermRef): string => name ?? `term ${index}`;

export function policyView({ verdict, decided, passed }: PolicyTrace): PolicyVerdict {
  return {
    verdict,
    ...(decided && { term: nameOf(decided) }),
    ...(passed.length > 0 && { passed: passed.map(nameOf) }),
  };
}

/** `"import[0]" went on, "pools" decided` */
export function policyText({ term, passed = [] }: PolicyVerdict): string {
  const before = passed.map((name) => `"${name}" went on, `).join('');
  return `${before}${term === undefined ? 'no term decided' : `"${term}" decided`}`;
}
