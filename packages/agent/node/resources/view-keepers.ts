/** Kinds that nodes make: read from the records they are, written by nobody here. */
import { API_VERSION, resourceKey, resourcePrefix } from '@tortie/cluster';
import { formatAddress, formatPrefix, type Prefix, parsePrefix } from '@tortie/ip';
import type { AffinityState, Assignment, BlockView, HandleView, IpamApi, Page } from '@tortie/ipam';
import type { Store } from '@tortie/store';
import { NODES, nodeKey } from '../../src/store/keys.js';
import type { ListedPage, Present, ReadKeeper } from './keeper.js';

/** `10.244.0.0/26` as a name: `10-244-0-0-26`, as Calico has it. */
const nameOfBlock = (cidr: string): string => cidr.replaceAll(/[.:/]/g, '-');

/** The inverse, where such a block is. */
async function blockNamed(ipam: IpamApi, name: string): Promise<BlockView | undefined> {
  const end = name.lastIndexOf('-');
  const address = name.slice(0, end).replaceAll('-', /^\d+(-\d+){3}$/.test(name.slice(0, end)) ? '.' : ':');
  const parsed = tryParsePrefix(`${address}/${name.slice(end + 1)}`);
  return parsed && (await ipam.blocks({ cidr: parsed }))[0];
}

function tryParsePrefix(text: string): Prefix | undefined {
  try {
    return parsePrefix(text);
  } catch {
    return undefined;
  }
}

const view = (kind: string, name: string, spec: object, revision?: number): Present => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, ...(revision !== undefined && { resourceVersion: String(revision) }) },
  spec,
});

const pageOf = <T>({ items, problems, next }: Page<T>, resource: (item: T) => Present): ListedPage => ({
  resources: items.map(resource),
  problems,
  ...(next !== undefined && { next }),
});

export const blockAffinities = (ipam: IpamApi): ReadKeeper => ({
  page: async (request) =>
    pageOf(await ipam.pages.affinities(request), ({ cidr, node, state }) => affinityResource(cidr, node, state)),
  async get(name) {
    // Names of nodes have dashes and digits as well: wherever a block's name could begin is tried.
    for (let at = name.indexOf('-'); at >= 0; at = name.indexOf('-', at + 1)) {
      const block = await blockNamed(ipam, name.slice(at + 1));
      if (!block || block.node !== name.slice(0, at) || block.state === 'none') continue;
      return affinityResource(block.cidr, block.node, block.state);
    }
    return undefined;
  },
});

const affinityResource = (cidr: Prefix, node: string, state: AffinityState): Present => {
  const text = formatPrefix(cidr);
  return view('BlockAffinity', `${node}-${nameOfBlock(text)}`, { cidr: text, node, state });
};

export const ipamBlocks = (ipam: IpamApi): ReadKeeper => ({
  page: async (request) => pageOf(await ipam.pages.blocks(request), (block) => blockResource(block)),
  async get(name) {
    const block = await blockNamed(ipam, name);
    return block && blockResource(block, await ipam.assignments({ block: block.cidr }));
  },
});

function blockResource(
  { cidr, pool, node, state, size, assigned, resting, reserved, free, revision }: BlockView,
  assignments?: readonly Assignment[],
): Present {
  const text = formatPrefix(cidr);
  const spec = {
    cidr: text,
    ...(pool !== undefined && { pool }),
    ...(node !== undefined && { affinity: node.includes(':') ? node : `host:${node}` }),
    state,
    size,
    assigned,
    resting,
    reserved,
    free,
    ...(assignments && {
      allocations: assignments.map((one) => ({
        address: formatAddress(one.address),
        handle: one.handle,
        node: one.node,
      })),
    }),
  };
  return view('IPAMBlock', nameOfBlock(text), spec, revision);
}

export const ipamHandles = (ipam: IpamApi): ReadKeeper => ({
  page: async (request) => pageOf(await ipam.pages.handles(request), handleResource),
  async get(handle) {
    const assignments = await ipam.assignments({ handle });
    if (assignments.length === 0) return undefined;
    const blocks = [...new Set(assignments.map(({ block }) => formatPrefix(block)))];
    return handleResource({ handle, node: assignments[0]!.node, blocks, assignments });
  },
});

const handleResource = ({ handle, node, blocks, assignments }: HandleView): Present =>
  view('IPAMHandle', handle, {
    handleID: handle,
    addresses: assignments.map(({ address }) => formatAddress(address)),
    node,
    blocks: [...blocks].sort((x, y) => parsePrefix(x).version - parsePrefix(y).version || (x < y ? -1 : 1)),
  });

/** What each node says of itself, as its record has it. */
export const nodeStatuses = (store: Store): ReadKeeper => {
  const resource = (node: string, value: unknown, revision: number): Present => {
    const { name: _name, ...said } = (value ?? {}) as Readonly<Record<string, unknown>>;
    return view('NodeStatus', node, { node, ...said }, revision);
  };
  const seen = (resource: Present, value: unknown): Present => {
    const { spec } = (value ?? {}) as { readonly spec?: object };
    return spec ? { ...resource, spec: { ...(resource.spec as object), ...spec } } : resource;
  };
  const prefix = resourcePrefix('nodestatuses');
  return {
    async page({ cursor, limit }) {
      const { entries, more } = await store.list(NODES, { limit, ...(cursor && { after: NODES + cursor }) });
      // Both have the names of nodes in one order: nearly always the same ones.
      const { entries: told } = await store.list(prefix, { limit, ...(cursor && { after: prefix + cursor }) });
      const statuses = new Map(told.map(({ key, value }) => [key, value]));
      const resources = entries.map(async ({ key, value, revision }) => {
        const node = key.slice(NODES.length);
        const at = resourceKey('nodestatuses', node);
        return seen(resource(node, value, revision), statuses.get(at) ?? (await store.get(at))?.value);
      });
      return {
        resources: await Promise.all(resources),
        problems: [],
        ...(more && { next: entries.at(-1)!.key.slice(NODES.length) }),
      };
    },
    async get(name) {
      const entry = await store.get(nodeKey(name));
      if (!entry) return undefined;
      const status = await store.get(resourceKey('nodestatuses', name));
      return seen(resource(name, entry.value, entry.revision), status?.value);
    },
  };
};
