/** Host names chosen by name or by pattern, where `*` stands for any characters. */
import type { TopologyFault } from './read-topology.js';

/** The hosts that match, in the order of the file, each once. A pattern that matches none is a fault. */
export function select(
  names: readonly string[],
  patterns: readonly string[],
  path: readonly (string | number)[],
  faults: TopologyFault[],
): string[] {
  const chosen = new Set<string>();
  for (const pattern of patterns) {
    const words = pattern.split('*').map((part) => part.replace(/[^a-z0-9-]/gi, '\\$&'));
    const matcher = new RegExp(`^${words.join('.*')}$`);
    const found = names.filter((name) => matcher.test(name));
    if (found.length === 0) faults.push({ path, text: `no host is named "${pattern}"; hosts: ${names.join(', ')}` });
    for (const name of found) chosen.add(name);
  }
  return names.filter((name) => chosen.has(name));
}
