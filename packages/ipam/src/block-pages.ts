/** Blocks with their usage, page by page in the order of their addresses. */
import { comparePrefixes, type Prefix } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import type { IpamContext } from './context.js';
import { IpamError } from './errors.js';
import { type AffinityState, readAffinity } from './record/affinity.js';
import { affinityKey } from './record/keys.js';
import type { BlockFilter, BlockView } from './requests.js';
import { readSome, viewBlock } from './views.js';

export interface BlockPageRequest extends Omit<BlockFilter, 'cidr'> {
  /** The last of the page before, which need not be there any more. */
  readonly after?: Prefix;
  readonly limit: number;
}

export interface BlockPage {
  /** Records that cannot be read are left out: there may be fewer than asked for, or none, and more behind them. */
  readonly items: readonly BlockView[];
  /** The last block of the page; absent: there are no more behind it. */
  readonly next?: Prefix;
}

/** How many records are asked for at once. */
const READ_AT_ONCE = 16;

/** Which blocks there are this process knows; read are those of the page. */
export async function pageBlockViews(
  context: IpamContext,
  { after, limit, node, pool, version, map = false }: BlockPageRequest,
): Promise<BlockPage> {
  const { blocks: index } = context.catalogue;
  const behind = [...(node === undefined ? index.all() : index.ownedBy(node))]
    .filter(
      ({ cidr }) =>
        (!after || comparePrefixes(cidr, after) > 0) &&
        (version === undefined || cidr.version === version) &&
        (pool === undefined || index.spaceOf(cidr)?.pool.name === pool),
    )
    .sort((x, y) => comparePrefixes(x.cidr, y.cidr));
  const page = behind.slice(0, limit);
  const items: BlockView[] = [];
  for (let at = 0; at < page.length; at += READ_AT_ONCE) {
    const some = page.slice(at, at + READ_AT_ONCE);
    items.push(...(await Promise.all(some.map((one) => viewOf(context, one, map)))).flat());
  }
  const last = page.at(-1);
  return { items, ...(behind.length > limit && last && { next: last.cidr }) };
}

async function viewOf(
  context: IpamContext,
  { key, cidr, node }: { readonly key: string; readonly cidr: Prefix; readonly node: string | undefined },
  map: boolean,
): Promise<readonly BlockView[]> {
  const affinity = node === undefined ? undefined : await context.store.get(affinityKey(node, cidr));
  const state = affinity && stateOf(affinity);
  const states = new Map(state === undefined ? [] : [[affinity!.key, state]]);
  return (await readSome(context, [key])).map((one) => viewBlock(context, one, states, map));
}

/** Undefined where the record cannot be read: one hides no block. */
function stateOf(entry: Entry): AffinityState | undefined {
  try {
    return readAffinity(entry).state;
  } catch (error) {
    if (!(error instanceof IpamError)) throw error;
    return undefined;
  }
}
