/** Records of many nodes, page by page in the order of their keys: a page costs what it has, however many there are. */
import type { Prefix } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { type BlockPage, type BlockPageRequest, pageBlockViews } from './block-pages.js';
import type { IpamContext } from './context.js';
import { IpamError } from './errors.js';
import { type AffinityState, readAffinity } from './record/affinity.js';
import { nodeOf, readBlock } from './record/block-record.js';
import { readHandle } from './record/handle.js';
import { AFFINITIES, affinityKey, BLOCKS, blockKeyOf, cidrOfSegment, HANDLES } from './record/keys.js';
import type { Assignment, AssignmentPageRequest, BlockView } from './requests.js';
import { assignmentsIn, pageAssignments, readSome, viewBlock } from './views.js';

export interface PageRequest {
  /** Of the page before. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Records that cannot be read, as sentences. */
  readonly problems: readonly string[];
  /** Absent: this is the last page. */
  readonly next?: string;
}

export interface AffinityView {
  readonly node: string;
  readonly cidr: Prefix;
  readonly state: AffinityState;
}

/** A handle and its addresses, which may be none where it was left behind. */
export interface HandleView {
  readonly handle: string;
  readonly node: string;
  readonly blocks: readonly string[];
  readonly assignments: readonly Assignment[];
}

/** What many nodes write. */
export interface IpamPages {
  blocks(request: PageRequest): Promise<Page<BlockView>>;
  /** The same in the order of their addresses, of some only where the request says so. */
  blockViews(request: BlockPageRequest): Promise<BlockPage>;
  affinities(request: PageRequest): Promise<Page<AffinityView>>;
  handles(request: PageRequest): Promise<Page<HandleView>>;
  assignments(
    request: AssignmentPageRequest,
  ): Promise<{ readonly items: readonly Assignment[]; readonly more: boolean }>;
}

export const ipamPages = (synced: <T>(read: (context: IpamContext) => Promise<T>) => Promise<T>): IpamPages => ({
  blocks: (request) => synced((context) => pageBlocks(context, request)),
  blockViews: (request) => synced((context) => pageBlockViews(context, request)),
  affinities: (request) => synced((context) => pageAffinities(context, request)),
  handles: (request) => synced((context) => pageHandles(context, request)),
  assignments: (request) => synced((context) => pageAssignments(context, request)),
});

function pageBlocks(context: IpamContext, request: PageRequest): Promise<Page<BlockView>> {
  return page(context, BLOCKS, request, async (entries, read) => {
    const blocks = entries.flatMap((entry) => {
      const block = read(entry, readBlock);
      return block ? [{ key: entry.key, block, revision: entry.revision }] : [];
    });
    const states = new Map<string, AffinityState>();
    await Promise.all(
      blocks.map(async ({ key, block }) => {
        const node = nodeOf(block);
        const affinity =
          node !== undefined && (await context.store.get(affinityKey(node, cidrOfSegment(key.slice(BLOCKS.length)))));
        const state = affinity && read(affinity, readAffinity)?.state;
        if (affinity && state) states.set(affinity.key, state);
      }),
    );
    return blocks.map((one) => viewBlock(context, one, states, false));
  });
}

function pageAffinities(context: IpamContext, request: PageRequest): Promise<Page<AffinityView>> {
  return page(context, AFFINITIES, request, async (entries, read) =>
    entries.flatMap((entry) => {
      const [node = '', segment = ''] = entry.key.slice(AFFINITIES.length).split('/');
      const record = read(entry, readAffinity);
      return record ? [{ node: decodeURIComponent(node), cidr: cidrOfSegment(segment), state: record.state }] : [];
    }),
  );
}

function pageHandles(context: IpamContext, request: PageRequest): Promise<Page<HandleView>> {
  return page(context, HANDLES, request, async (entries, read) => {
    const handles = entries.flatMap((entry) => read(entry, readHandle) ?? []);
    const keys = new Set(handles.flatMap(({ blocks }) => Object.keys(blocks).map(blockKeyOf)));
    const wanted = new Set(handles.map(({ handle }) => handle));
    const assigned = new Map<string, Assignment[]>();
    for (const { block } of await readSome(context, [...keys])) {
      for (const one of assignmentsIn(context, block, ({ handle }) => wanted.has(handle))) {
        assigned.set(one.handle, [...(assigned.get(one.handle) ?? []), one]);
      }
    }
    return handles.map(({ handle, node, blocks }) => ({
      handle,
      node,
      blocks: Object.keys(blocks),
      assignments: assigned.get(handle) ?? [],
    }));
  });
}

type Read = <T>(entry: Entry, readRecord: (entry: Entry) => T) => T | undefined;

/** A cursor is the end of a key. */
async function page<T>(
  { store }: IpamContext,
  prefix: string,
  { cursor, limit }: PageRequest,
  view: (entries: readonly Entry[], read: Read) => Promise<readonly T[]>,
): Promise<Page<T>> {
  const problems: string[] = [];
  const read: Read = (entry, readRecord) => {
    try {
      return readRecord(entry);
    } catch (error) {
      if (!(error instanceof IpamError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const after = cursor === undefined ? {} : { after: prefix + cursor };
  const { entries, more } = await store.list(prefix, { limit, ...after });
  const last = entries.at(-1);
  const items = await view(entries, read);
  return { items, problems, ...(more && last && { next: last.key.slice(prefix.length) }) };
}
