/**
 * The invariants as far as they concern one node: its blocks, affinities and handles, and what overlaps its blocks. Reads a block
 * and its handles once each; besides those nothing.
 */
import { prefixesOverlap } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import type { IpamContext } from '../context.js';
import { usableBlock } from '../record/block-record.js';
import { readHandle } from '../record/handle.js';
import { affinitiesKey, BLOCKS, blockKeyOf, handleKey, POOLS } from '../record/keys.js';
import type { Finding } from '../requests.js';
import { checkRecords } from './check-records.js';

export async function checkNode({ store, catalogue }: IpamContext, node: string): Promise<readonly Finding[]> {
  const { blocks } = catalogue;
  const entries = new Map<string, Entry>();
  const take = async (key: string): Promise<Entry | undefined> => {
    const entry = entries.get(key) ?? (await store.get(key));
    if (entry) entries.set(key, entry);
    return entry;
  };
  for (const entry of (await store.list(POOLS)).entries) entries.set(entry.key, entry);
  for (const entry of (await store.list(affinitiesKey(node))).entries) {
    entries.set(entry.key, entry);
    await take(BLOCKS + entry.key.slice(affinitiesKey(node).length));
  }
  const handles = new Set<string>();
  for (const { key } of [...blocks.ownedBy(node), ...blocks.visitedBy(node)]) {
    const entry = await take(key);
    const block = entry && usableBlock(entry);
    for (const attribute of block?.attributes ?? []) if (attribute.node === node) handles.add(attribute.handle);
  }
  for (const handle of handles) {
    const entry = await take(handleKey(handle));
    if (entry) for (const cidr of cidrsOf(entry)) await take(blockKeyOf(cidr));
  }
  for (const other of overlapping(blocks.all(), blocks.ownedBy(node))) await take(other);
  return checkRecords([...entries.values()], { node, handles }).findings;
}

function cidrsOf(entry: Entry): readonly string[] {
  try {
    return Object.keys(readHandle(entry).blocks);
  } catch {
    return [];
  }
}

type Placed = { readonly key: string; readonly cidr: Parameters<typeof prefixesOverlap>[0] };

/** From memory. Blocks of one size cannot overlap, so that there is hardly ever one to look at. */
function* overlapping(all: Iterable<Placed>, own: readonly Placed[]): Generator<string> {
  const lengths = new Set(own.map(({ cidr }) => cidr.length));
  for (const { key, cidr } of all) {
    if (lengths.size === 1 && lengths.has(cidr.length)) continue;
    if (own.some((block) => block.key !== key && prefixesOverlap(block.cidr, cidr))) yield key;
  }
}
