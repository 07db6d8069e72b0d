/** Whether two resources say the same: labels, annotations and spec, whatever the order of their fields. */
import type { Resource } from '@tortie/cluster';

export const sameResource = (x: Resource, y: Resource): boolean => said(x) === said(y);

const said = ({ metadata: { labels, annotations }, spec }: Resource): string =>
  JSON.stringify(sorted({ labels, annotations, spec }));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.sort(([x], [y]) => (x < y ? -1 : 1)).map(([name, member]) => [name, sorted(member)]),
  );
}
