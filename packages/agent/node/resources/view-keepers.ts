/** Kinds that nodes make: read from the records they are, written by nobody here. */
import { API_VERSION, resourceKey, resourcePrefix } from '@tortie/cluster';
import { formatAddress, formatPrefix, parsePrefix } from '@tortie/ip';
import type { Assignment, BlockView, IpamApi } from '@tortie/ipam';
import type { Store } from '@tortie/store';
import { NODES, nodeKey } from '../../src/store/keys.js';
import type { Listed, Present, ReadKeeper } from './keeper.js';

/** `10.244.0.0/26` as a name: `10-244-0-0-26`, as Calico has it. */
const nameOfBlock = (cidr: string): string => cidr.replaceAll(/[.:/]/g, '-');

const view = (kind: string, name: string, spec: object, revision?: number): Present => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, ...(revision !== undefined && { resourceVersion: String(revision) }) },
  spec,
});

const byName = (resources: Present[]): Listed => ({
  resources: resources.sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1)),
  problems: [],
});

export const blockAffinities = (ipam: IpamApi): ReadKeeper => {
  const list = async (): Promise<Listed> =>
    byName(
      (await ipam.blocks()).flatMap(({ cidr, node, state }) => {
        if (node === undefined || state === 'none') return [];
        const text = formatPrefix(cidr);
        return [view('BlockAffinity', `${node}-${nameOfBlock(text)}`, { cidr: text, node, state })];
      }),
    );
  return { list, get: async (name) => (await list()).resources.find((one) => one.metadata.name === name) };
};

export const ipamBlocks = (ipam: IpamApi): ReadKeeper => ({
  list: async () => byName((await ipam.blocks()).map((block) => blockResource(block))),
  async get(name) {
    const block = (await ipam.blocks()).find(({ cidr }) => nameOfBlock(formatPrefix(cidr)) === name);
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
  async list() {
    const handles = new Map<string, Assignment[]>();
    for (const one of await ipam.assignments()) {
      const known = handles.get(one.handle);
      if (known) known.push(one);
      else handles.set(one.handle, [one]);
    }
    return byName([...handles].map(([handle, assignments]) => handleResource(handle, assignments)));
  },
  async get(handle) {
    const assignments = await ipam.assignments({ handle });
    return assignments.length > 0 ? handleResource(handle, assignments) : undefined;
  },
});

const handleResource = (handleID: string, assignments: readonly Assignment[]): Present =>
  view('IPAMHandle', handleID, {
    handleID,
    addresses: assignments.map(({ address }) => formatAddress(address)),
    node: assignments[0]!.node,
    blocks: [...new Set(assignments.map(({ block }) => formatPrefix(block)))].sort(
      (x, y) => parsePrefix(x).version - parsePrefix(y).version || (x < y ? -1 : 1),
    ),
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
    async list() {
      const { entries } = await store.list(NODES);
      const statuses = new Map((await store.list(prefix)).entries.map(({ key, value }) => [key, value]));
      return byName(
        entries.map(({ key, value, revision }) => {
          const node = key.slice(NODES.length);
          return seen(resource(node, value, revision), statuses.get(resourceKey('nodestatuses', node)));
        }),
      );
    },
    async get(name) {
      const entry = await store.get(nodeKey(name));
      if (!entry) return undefined;
      const status = await store.get(resourceKey('nodestatuses', name));
      return seen(resource(name, entry.value, entry.revision), status?.value);
    },
  };
};
