/** The resources of a topology, each fault with the place it was written at. */
import { type Resource, readResource } from '@tortie/cluster';
import { formatFault } from '@tortie/cluster/schema';
import type { TopologyFault } from './read-topology.js';

export function planResources(written: readonly unknown[], faults: TopologyFault[]): Resource[] {
  return written.flatMap((document, index) => {
    const { resource, faults: found } = readResource(document);
    for (const fault of found) {
      const inside = fault.pointer.split('/').slice(1).map(keyOf);
      faults.push({ path: ['resources', index, ...inside], text: formatFault(fault) });
    }
    return resource ? [resource] : [];
  });
}

/** A part of a JSON pointer (RFC 6901 section 4) as the key of a mapping or the index of a list. */
function keyOf(part: string): string | number {
  const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
  return /^\d+$/.test(key) ? Number(key) : key;
}
