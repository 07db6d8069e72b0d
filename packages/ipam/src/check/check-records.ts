/** Tests every invariant over all records of one moment. Pure; each fault is named with the record it is about. */
import {
  addressAt,
  comparePrefixes,
  counted,
  formatAddress,
  formatPrefix,
  ordinalOf,
  prefixCovers,
  prefixesOverlap,
} from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { blockFaults } from '../block.js';
import type { AffinityState } from '../record/affinity.js';
import { nodeOf } from '../record/block-record.js';
import { affinityKey, BLOCKS, blockKey, blockKeyOf, handleKey, POOLS, poolKey } from '../record/keys.js';
import type { CheckReport, Finding } from '../requests.js';
import { type Records, type Report, readRecords, type StoredBlock } from './read-records.js';

/** One invariant, or a few that are seen together. */
type Rule = (records: Records, report: Report, part: Part | undefined) => void;

const RULES: readonly Rule[] = [poolsDoNotOverlap, blocksAreSound, blocksDoNotOverlap, affinitiesMatch, handlesMatch];

/** Where only a node's part is looked at: what is not here is not missing. */
export interface Part {
  readonly node: string;
  readonly handles: ReadonlySet<string>;
}

export function checkRecords(entries: readonly Entry[], part?: Part): Omit<CheckReport, 'revision' | 'cluster'> {
  const findings: Finding[] = [];
  const report: Report = (code, key, detail) => findings.push({ code, key, detail });
  const records = readRecords(entries, report);
  for (const rule of RULES) rule(records, report, part);
  let assignments = 0;
  for (const { block } of records.blocks) assignments += block.allocations.filter((index) => index !== null).length;
  const { pools, blocks, handles } = records;
  return { pools: pools.length, blocks: blocks.length, handles: handles.length, assignments, findings };
}

function poolsDoNotOverlap({ pools }: Records, report: Report): void {
  for (const [at, pool] of pools.entries()) {
    for (const other of pools.slice(0, at)) {
      if (!prefixesOverlap(pool.cidr, other.cidr)) continue;
      const detail = `${formatPrefix(pool.cidr)} overlaps ${formatPrefix(other.cidr)} of pool ${other.name}`;
      report('pools-overlap', poolKey(pool.name), detail);
    }
  }
}

function blocksAreSound({ pools, blocks, unreadable }: Records, report: Report): void {
  // A block without a pool may be of one that cannot be read.
  const allPoolsKnown = ![...unreadable].some((key) => key.startsWith(POOLS));
  for (const { key, cidr, block } of blocks) {
    if (key !== blockKey(cidr)) report('block-misplaced', key, `it is the block ${block.cidr}`);
    for (const fault of blockFaults(block)) report('block-fault', key, fault);
    const pool = pools.find((candidate) => prefixCovers(candidate.cidr, cidr));
    if (!pool) {
      if (allPoolsKnown) report('block-outside-pools', key, `no pool covers ${block.cidr}`);
    } else if (pool.blockSize !== cidr.length) {
      report('block-size', key, `pool ${pool.name} is cut into blocks of /${pool.blockSize}`);
    }
  }
}

function blocksDoNotOverlap({ blocks }: Records, report: Report): void {
  let widest: StoredBlock | undefined;
  for (const next of [...blocks].sort((x, y) => comparePrefixes(x.cidr, y.cidr))) {
    if (widest && prefixCovers(widest.cidr, next.cidr)) {
      report('blocks-overlap', next.key, `${next.block.cidr} lies inside block ${widest.block.cidr}`);
      findSharedAddresses(widest, next, report);
    } else widest = next;
  }
}

function findSharedAddresses(outer: StoredBlock, inner: StoredBlock, report: Report): void {
  if (outer.key === inner.key) return;
  const first = Number(ordinalOf(outer.cidr, inner.cidr));
  for (const ordinal of inner.block.allocations.keys()) {
    const [one, other] = [handleAt(outer, first + ordinal), handleAt(inner, ordinal)];
    if (one === undefined || other === undefined || one === other) continue;
    const address = formatAddress(addressAt(inner.cidr, ordinal));
    report(
      'address-twice',
      inner.key,
      `${address} is with ${one} in ${outer.block.cidr}, and with ${other} in ${inner.block.cidr}`,
    );
  }
}

/** Undefined also where the record contradicts itself, which is a finding of its own. */
function handleAt({ block }: StoredBlock, ordinal: number): string | undefined {
  const index = block.allocations[ordinal];
  return index === null || index === undefined ? undefined : block.attributes[index]?.handle;
}

function affinitiesMatch({ blocks, affinities, unreadable }: Records, report: Report, part: Part | undefined): void {
  const owners = new Map(blocks.map(({ cidr, block }) => [blockKey(cidr), { owner: nodeOf(block) }]));
  const states = new Map<string, AffinityState>();
  for (const { key, node, cidr, state } of affinities) {
    states.set(key, state);
    const block = owners.get(blockKey(cidr));
    if (unreadable.has(blockKey(cidr))) continue;
    if (!block) report('affinity-without-block', key, `${node} has an affinity for a block that does not exist`);
    else if (block.owner !== node) {
      report('affinity-foreign', key, `${node} has an affinity for a block of ${block.owner ?? 'no node'}`);
    } else if (state !== 'confirmed') report('affinity-unfinished', key, `it is ${state}`);
  }
  for (const { key, cidr, block } of blocks) {
    const owner = nodeOf(block);
    if (part && owner !== part.node) continue;
    if (owner !== undefined && !states.has(affinityKey(owner, cidr)) && !unreadable.has(affinityKey(owner, cidr))) {
      report('block-without-affinity', key, `it belongs to ${owner}, who has no affinity for it`);
    }
  }
}

function handlesMatch({ blocks, handles, unreadable }: Records, report: Report, part: Part | undefined): void {
  const byHandle = new Map<string, Map<string, number>>();
  for (const stored of blocks) {
    for (const ordinal of stored.block.allocations.keys()) {
      const handle = handleAt(stored, ordinal);
      if (handle === undefined) continue;
      const counts = byHandle.get(handle) ?? new Map<string, number>();
      byHandle.set(handle, counts.set(stored.key, (counts.get(stored.key) ?? 0) + 1));
    }
  }
  for (const { key, handle, blocks: claimed } of handles) {
    if (key !== handleKey(handle)) {
      report('handle-misplaced', key, `it is the record of ${handle}`);
      continue;
    }
    const counts = byHandle.get(handle);
    byHandle.delete(handle);
    const inUnreadable = Object.keys(claimed).some((cidr) => unreadable.has(blockKeyOf(cidr)));
    if (!counts && !inUnreadable) report('handle-without-addresses', key, 'no block has an address of it');
    for (const [cidr, count] of Object.entries(claimed)) {
      const at = blockKeyOf(cidr);
      const actual = counts?.get(at) ?? 0;
      counts?.delete(at);
      if (counts && actual !== count && !unreadable.has(at))
        report('handle-count', key, `it counts ${counted(count, 'address', 'addresses')} of ${cidr}, not ${actual}`);
    }
    for (const [at, actual] of counts ?? []) {
      report(
        'handle-count',
        key,
        `it does not count its ${counted(actual, 'address', 'addresses')} of ${at.slice(BLOCKS.length)}`,
      );
    }
  }
  for (const [handle, counts] of byHandle) {
    if (part && !part.handles.has(handle)) continue;
    const key = handleKey(handle);
    const absence = unreadable.has(key) ? 'whose record cannot be read' : 'which does not exist';
    for (const [at, actual] of counts) {
      report(
        'address-without-handle',
        at,
        `${counted(actual, 'address belongs', 'addresses belong')} to the handle ${handle}, ${absence}`,
      );
    }
  }
}
