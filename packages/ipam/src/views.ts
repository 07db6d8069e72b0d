/** What is shown of blocks and assignments. */
import {
  type Address,
  addressBits,
  compareAddresses,
  hostPrefix,
  lastAddress,
  ordinalOf,
  prefixContains,
} from '@tortie/ip';
import { ageOf, attributeAt, isResting, usageOf } from './block.js';
import { mapOf } from './block-map.js';
import { type IpamContext, restFor, termsFor } from './context.js';
import { assignmentAt } from './held.js';
import { type AffinityState, readAffinity } from './record/affinity.js';
import { type BlockAttribute, type BlockRecord, cidrOf, nodeOf, usableBlock } from './record/block-record.js';
import { readHandle } from './record/handle.js';
import { AFFINITIES, affinitiesKey, affinityKey, BLOCKS, blockKey, blockKeyOf, handleKey } from './record/keys.js';
import type {
  AddressView,
  Assignment,
  AssignmentFilter,
  AssignmentPageRequest,
  BlockFilter,
  BlockView,
  NodePrefix,
  NodeRoutes,
} from './requests.js';

interface ReadBlock {
  readonly key: string;
  readonly block: BlockRecord;
  readonly revision: number;
}

/** Every block that can be read, in one read. */
async function readAll({ store }: IpamContext): Promise<readonly ReadBlock[]> {
  const { entries } = await store.list(BLOCKS);
  return entries.flatMap((entry) => {
    const block = usableBlock(entry);
    return block ? [{ key: entry.key, block, revision: entry.revision }] : [];
  });
}

/** Some blocks, those known to this process without a read. */
export async function readSome(
  { store, catalogue }: IpamContext,
  keys: readonly string[],
): Promise<readonly ReadBlock[]> {
  const blocks: ReadBlock[] = [];
  for (const key of keys) {
    const known = catalogue.record(key);
    if (known) {
      blocks.push({ key, block: known.record, revision: known.revision });
      continue;
    }
    const entry = await store.get(key);
    const block = entry && usableBlock(entry);
    if (block) blocks.push({ key, block, revision: entry.revision });
  }
  return blocks;
}

async function statesUnder({ store }: IpamContext, prefix: string): Promise<ReadonlyMap<string, AffinityState>> {
  const { entries } = await store.list(prefix);
  return new Map(entries.map((entry) => [entry.key, readAffinity(entry).state]));
}

export async function viewBlocks(context: IpamContext, filter: BlockFilter): Promise<readonly BlockView[]> {
  const { cidr, node, pool, version } = filter;
  const { blocks } = context.catalogue;
  if (cidr) {
    const read = await readSome(context, [blockKey(cidr)]);
    const owners = [...new Set(read.flatMap(({ block }) => nodeOf(block) ?? []))];
    const states = await Promise.all(owners.map((owner) => statesUnder(context, affinitiesKey(owner))));
    return read.map((one) => viewBlock(context, one, states[0] ?? new Map(), filter.map ?? false));
  }
  const [read, states] =
    node === undefined
      ? [await readAll(context), await statesUnder(context, AFFINITIES)]
      : [
          await readSome(
            context,
            blocks.ownedBy(node).map(({ key }) => key),
          ),
          await statesUnder(context, affinitiesKey(node)),
        ];
  const views = read.map((one) => viewBlock(context, one, states, filter.map ?? false));
  return views.filter(
    (view) => (pool === undefined || view.pool === pool) && (version === undefined || view.cidr.version === version),
  );
}

export function viewBlock(
  context: IpamContext,
  { key, block, revision }: ReadBlock,
  states: ReadonlyMap<string, AffinityState>,
  map: boolean,
): BlockView {
  const cidr = cidrOf(block);
  const node = nodeOf(block);
  const terms = termsFor(context, key, block);
  return {
    cidr,
    pool: context.catalogue.blocks.spaceOf(cidr)?.pool.name,
    node,
    state: (node === undefined ? undefined : states.get(affinityKey(node, cidr))) ?? 'none',
    claimedAt: block.affinityClaimTime,
    size: block.allocations.length,
    ...usageOf(block, terms),
    revision,
    ...(map && { map: mapOf(block, terms) }),
  };
}

export async function viewAssignments(context: IpamContext, filter: AssignmentFilter): Promise<readonly Assignment[]> {
  const assignments: Assignment[] = [];
  for (const { block } of await blocksFor(context, filter)) {
    for (const one of assignmentsOf(context, block, filter)) assignments.push(one);
  }
  return assignments;
}

function assignmentsOf(context: IpamContext, block: BlockRecord, filter: AssignmentFilter): readonly Assignment[] {
  const owner = nodeOf(block);
  return assignmentsIn(context, block, (holder) => {
    if (filter.handle !== undefined && holder.handle !== filter.handle) return false;
    if (filter.node !== undefined && holder.node !== filter.node) return false;
    return filter.borrowed === undefined || filter.borrowed === (holder.node !== owner);
  });
}

/** How many blocks are read at once for a page. */
const READ_AT_ONCE = 16;

/**
 * At most `limit` of them behind an address, in the order of their addresses. Which blocks there are this process knows; read are
 * those that the page needs.
 */
export async function pageAssignments(
  context: IpamContext,
  { after, limit, ...filter }: AssignmentPageRequest,
): Promise<{ readonly items: readonly Assignment[]; readonly more: boolean }> {
  const isBehind = (address: Address): boolean => !after || compareAddresses(address, after) > 0;
  const found: Assignment[] = [];
  const take = (some: readonly Assignment[]): void => {
    for (const one of some) if (isBehind(one.address)) found.push(one);
  };
  if (filter.handle !== undefined || filter.node !== undefined || filter.block !== undefined) {
    take(await viewAssignments(context, filter));
    found.sort((x, y) => compareAddresses(x.address, y.address));
  } else {
    const keys = [...context.catalogue.blocks.all()]
      .filter(({ assigned, cidr }) => assigned > 0 && isBehind(lastAddress(cidr)))
      .sort((x, y) => compareAddresses(x.cidr, y.cidr))
      .map(({ key }) => key);
    for (let at = 0; at < keys.length && found.length <= limit; at += READ_AT_ONCE) {
      for (const { block } of await readSome(context, keys.slice(at, at + READ_AT_ONCE))) {
        take(assignmentsOf(context, block, filter));
      }
    }
  }
  return { items: found.slice(0, limit), more: found.length > limit };
}

/** Those of a block whose holders are wanted, by ordinal. */
export function assignmentsIn(
  context: IpamContext,
  block: BlockRecord,
  isWanted: (holder: BlockAttribute) => boolean,
): readonly Assignment[] {
  const assignments: Assignment[] = [];
  for (const ordinal of block.allocations.keys()) {
    const holder = attributeAt(block, ordinal);
    if (holder && isWanted(holder)) assignments.push(assignmentAt(context, block, ordinal));
  }
  return assignments;
}

/** The blocks in which assignments that pass the filter can lie. */
async function blocksFor(
  context: IpamContext,
  { handle, node, block }: AssignmentFilter,
): Promise<readonly ReadBlock[]> {
  const { blocks } = context.catalogue;
  if (block) return readSome(context, [blockKey(block)]);
  if (handle !== undefined) {
    const entry = await context.store.get(handleKey(handle));
    const cidrs = entry ? Object.keys(readHandle(entry).blocks) : [];
    return readSome(context, cidrs.map(blockKeyOf));
  }
  if (node !== undefined) {
    return readSome(
      context,
      [...blocks.ownedBy(node), ...blocks.visitedBy(node)].map(({ key }) => key),
    );
  }
  return readAll(context);
}

export async function viewAssignmentOf(context: IpamContext, address: Address): Promise<Assignment | undefined> {
  const summary = context.catalogue.blocks.containing(address);
  const [read] = summary ? await readSome(context, [summary.key]) : [];
  if (!summary || !read) return undefined;
  const ordinal = Number(ordinalOf(summary.cidr, address));
  return attributeAt(read.block, ordinal) && assignmentAt(context, read.block, ordinal);
}

export async function viewAddress(context: IpamContext, address: Address): Promise<AddressView> {
  const { blocks, reservations } = context.catalogue;
  const summary = blocks.containing(address);
  const [read] = summary ? await readSome(context, [summary.key]) : [];
  const assignment = read && (await viewAssignmentOf(context, address));
  const covering = reservations.filter(({ cidrs }) => cidrs.some((cidr) => prefixContains(cidr, address)));
  const pool = blocks.spaceOf(address)?.pool.name;
  const rest = summary && restFor(context, summary.key);
  const releasedAt = read?.block.released[Number(ordinalOf(cidrOf(read.block), address))];
  const isAtRest = rest !== undefined && releasedAt !== undefined && isResting(releasedAt, rest);
  const state = (): AddressView['state'] => {
    if (summary && !read) return 'unreadable';
    if (assignment) return 'used';
    if (pool === undefined) return 'outside';
    if (covering.length > 0) return 'reserved';
    return isAtRest ? 'resting' : 'free';
  };
  return {
    address,
    state: state(),
    pool,
    block: summary?.cidr,
    node: read && nodeOf(read.block),
    assignment,
    reservations: covering.map(({ name }) => name),
    freeAt: isAtRest ? rest.now + rest.cooldownMs - ageOf(releasedAt, rest) : undefined,
  };
}

/** All blocks by their owners, as their own records tell, and what other nodes use of them; where a pool still is. */
export async function viewNodePrefixes(context: IpamContext): Promise<readonly NodePrefix[]> {
  const { blocks: index } = context.catalogue;
  const prefixes: NodePrefix[] = [];
  const visited: string[] = [];
  for (const { key, cidr, node, guests } of index.all()) {
    const pool = index.spaceOf(cidr)?.pool.name;
    if (pool === undefined) continue;
    if (node !== undefined) prefixes.push({ prefix: cidr, node, pool });
    if (guests.length > 0) visited.push(key);
  }
  for (const { block } of await readSome(context, visited)) {
    const pool = index.spaceOf(cidrOf(block))?.pool.name;
    if (pool === undefined) continue;
    const owner = nodeOf(block);
    for (const ordinal of block.allocations.keys()) {
      const node = attributeAt(block, ordinal)?.node;
      if (node === undefined || node === owner) continue;
      prefixes.push({ prefix: hostPrefix(assignmentAt(context, block, ordinal).address), node, pool });
    }
  }
  return prefixes;
}

export async function viewRoutes(context: IpamContext, node: string): Promise<NodeRoutes> {
  const { blocks: index } = context.catalogue;
  const states = await statesUnder(context, affinitiesKey(node));
  const blocks = index.ownedBy(node).flatMap(({ cidr }) => {
    const state = states.get(affinityKey(node, cidr));
    const pool = index.spaceOf(cidr)?.pool;
    if (state === undefined) return [];
    return {
      cidr,
      pool: pool?.name,
      state,
      advertise: state === 'confirmed' && !pool?.disableBGPExport,
      blackhole: cidr.length < addressBits(cidr.version),
    };
  });
  const borrowed: NodeRoutes['borrowed'][number][] = [];
  for (const { block } of await readSome(
    context,
    index.visitedBy(node).map(({ key }) => key),
  )) {
    const pool = index.spaceOf(cidrOf(block))?.pool;
    for (const ordinal of block.allocations.keys()) {
      if (attributeAt(block, ordinal)?.node !== node) continue;
      const { address, block: cidr } = assignmentAt(context, block, ordinal);
      borrowed.push({ address, block: cidr, pool: pool?.name, advertise: !pool?.disableBGPExport });
    }
  }
  return { blocks, borrowed };
}
