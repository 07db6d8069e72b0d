/** Tests every invariant over all records of one moment. Pure; each fault is named with the record it is about. */
import { comparePrefixes, formatPrefix, type Prefix, prefixCovers, prefixesOverlap } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { attributeAt, blockFaults } from './block.js';
import { type AffinityState, readAffinity } from './record/affinity.js';
import { type BlockRecord, cidrOf, nodeOf, readBlock } from './record/block-record.js';
import { type HandleRecord, readHandle } from './record/handle.js';
import {
  AFFINITIES,
  affinityKey,
  BLOCKS,
  blockKey,
  cidrOfSegment,
  HANDLES,
  handleKey,
  POOLS,
  poolKey,
} from './record/keys.js';
import { type Pool, readPool } from './record/pool.js';
import type { CheckReport, Finding } from './requests.js';

interface Affinity {
  readonly key: string;
  readonly node: string;
  readonly cidr: Prefix;
  readonly state: AffinityState;
}

interface Records {
  readonly pools: readonly Pool[];
  readonly blocks: readonly { readonly key: string; readonly cidr: Prefix; readonly block: BlockRecord }[];
  readonly affinities: readonly Affinity[];
  readonly handles: readonly HandleRecord[];
}

type Report = (code: string, key: string, detail: string) => void;

/** One invariant, or a few that are seen together. */
type Rule = (records: Records, report: Report) => void;

const RULES: readonly Rule[] = [poolsDoNotOverlap, blocksAreSound, blocksDoNotOverlap, affinitiesMatch, handlesMatch];

export function checkRecords(entries: readonly Entry[], revision: number): CheckReport {
  const findings: Finding[] = [];
  const report: Report = (code, key, detail) => findings.push({ code, key, detail });
  const records = readRecords(entries, report);
  for (const rule of RULES) rule(records, report);
  let assignments = 0;
  for (const { block } of records.blocks) assignments += block.allocations.filter((index) => index !== null).length;
  const { pools, blocks, handles } = records;
  return { revision, pools: pools.length, blocks: blocks.length, handles: handles.length, assignments, findings };
}

function readRecords(entries: readonly Entry[], report: Report): Records {
  const pools: Pool[] = [];
  const blocks: Records['blocks'][number][] = [];
  const affinities: Affinity[] = [];
  const handles: HandleRecord[] = [];
  for (const entry of entries) {
    const { key } = entry;
    try {
      if (key.startsWith(POOLS)) pools.push(readPool(entry));
      else if (key.startsWith(HANDLES)) handles.push(readHandle(entry));
      else if (key.startsWith(AFFINITIES)) affinities.push(affinityAt(entry));
      else if (key.startsWith(BLOCKS)) {
        const block = readBlock(entry);
        blocks.push({ key, cidr: cidrOf(block), block });
      }
    } catch (error) {
      report('unreadable-record', key, (error as Error).message);
    }
  }
  return { pools, blocks, affinities, handles };
}

function affinityAt(entry: Entry): Affinity {
  const [node = '', segment = ''] = entry.key.slice(AFFINITIES.length).split('/');
  return {
    key: entry.key,
    node: decodeURIComponent(node),
    cidr: cidrOfSegment(segment),
    state: readAffinity(entry).state,
  };
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

function blocksAreSound({ pools, blocks }: Records, report: Report): void {
  for (const { key, cidr, block } of blocks) {
    if (key !== blockKey(cidr)) report('block-misplaced', key, `it is the block ${block.cidr}`);
    for (const fault of blockFaults(block)) report('block-fault', key, fault);
    const pool = pools.find((candidate) => prefixCovers(candidate.cidr, cidr));
    if (!pool) report('block-outside-pools', key, `no pool covers ${block.cidr}`);
    else if (pool.blockSize !== cidr.length) {
      report('block-size', key, `pool ${pool.name} is cut into blocks of /${pool.blockSize}`);
    }
  }
}

function blocksDoNotOverlap({ blocks }: Records, report: Report): void {
  let widest: Records['blocks'][number] | undefined;
  for (const next of [...blocks].sort((x, y) => comparePrefixes(x.cidr, y.cidr))) {
    if (widest && prefixCovers(widest.cidr, next.cidr)) {
      report('blocks-overlap', next.key, `${next.block.cidr} lies inside block ${widest.block.cidr}`);
    } else widest = next;
  }
}

function affinitiesMatch({ blocks, affinities }: Records, report: Report): void {
  const owners = new Map(blocks.map(({ cidr, block }) => [formatPrefix(cidr), { owner: nodeOf(block) }]));
  const states = new Map<string, AffinityState>();
  for (const { key, node, cidr, state } of affinities) {
    states.set(key, state);
    const block = owners.get(formatPrefix(cidr));
    if (!block) report('affinity-without-block', key, `${node} has an affinity for a block that does not exist`);
    else if (block.owner !== node) {
      report('affinity-foreign', key, `${node} has an affinity for a block of ${block.owner ?? 'no node'}`);
    } else if (state !== 'confirmed') report('affinity-unfinished', key, `it is ${state}`);
  }
  for (const { key, cidr, block } of blocks) {
    const owner = nodeOf(block);
    if (owner !== undefined && !states.has(affinityKey(owner, cidr))) {
      report('block-without-affinity', key, `it belongs to ${owner}, who has no affinity for it`);
    }
  }
}

function handlesMatch({ blocks, handles }: Records, report: Report): void {
  const counted = new Map<string, Map<string, number>>();
  for (const { key, block } of blocks) {
    for (const ordinal of block.allocations.keys()) {
      let handle: string | undefined;
      try {
        handle = attributeAt(block, ordinal)?.handle;
      } catch {
        continue; // a block-fault, reported as such
      }
      if (handle === undefined) continue;
      const counts = counted.get(handle) ?? new Map<string, number>();
      counted.set(handle, counts.set(key, (counts.get(key) ?? 0) + 1));
    }
  }
  for (const { handle, blocks: claimed } of handles) {
    const key = handleKey(handle);
    const counts = counted.get(handle);
    counted.delete(handle);
    if (!counts) report('handle-without-addresses', key, 'no block has an address of it');
    for (const [cidr, count] of Object.entries(claimed)) {
      const at = BLOCKS + cidr.replace('/', '-');
      const actual = counts?.get(at) ?? 0;
      counts?.delete(at);
      if (counts && actual !== count)
        report('handle-count', key, `it counts ${count} addresses of ${cidr}, there are ${actual}`);
    }
    for (const [at, actual] of counts ?? []) {
      report('handle-count', key, `it does not count its ${actual} addresses of ${at.slice(BLOCKS.length)}`);
    }
  }
  for (const [handle, counts] of counted) {
    for (const [at, actual] of counts) {
      report('address-without-handle', at, `${actual} addresses belong to the handle ${handle}, which does not exist`);
    }
  }
}
