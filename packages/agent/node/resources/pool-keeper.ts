/** IPPools: the pools of address management. */
import { API_VERSION, type IpPool, IpPoolSpec, type Resource } from '@tortie/cluster';
import { type Fault, withDefaults } from '@tortie/cluster/schema';
import { formatPrefix, parsePrefix, prefixesOverlap } from '@tortie/ip';
import { BLOCK_SIZES, DEFAULT_POOL_SETTINGS, type IpamApi, type Pool, type PoolSettings } from '@tortie/ipam';
import type { Keeper, ListedPage, PageRequest, Present } from './keeper.js';
import { pageOf, revisionOf } from './keeper.js';
import { notesOf } from './notes.js';

export class PoolKeeper implements Keeper {
  readonly #ipam: IpamApi;

  constructor(ipam: IpamApi) {
    this.#ipam = ipam;
  }

  async page(request: PageRequest): Promise<ListedPage> {
    return pageOf((await this.#ipam.pools.list()).map(poolResource), request);
  }

  async get(name: string): Promise<Present | undefined> {
    const pool = await this.#ipam.pools.get(name);
    return pool && poolResource(pool);
  }

  filled(resource: Resource): Resource {
    const spec = withDefaults(IpPoolSpec, resource.spec) as IpPool['spec'];
    const { default: usual } = BLOCK_SIZES[parsePrefix(spec.cidr).version];
    const { ipip: _ipip, 'nat-outgoing': _nat, wireguardMode, hostGateway, ...rest } = spec;
    return {
      ...resource,
      spec: {
        ...rest,
        ...ours(wireguardMode, hostGateway),
        blockSize: spec.blockSize ?? usual,
        cidr: formatPrefix(parsePrefix(spec.cidr)),
      },
    };
  }

  async check(resource: Resource, present: Present | undefined): Promise<readonly Fault[]> {
    const { cidr, blockSize } = this.filled(resource).spec as IpPool['spec'];
    if (present) {
      const before = present.spec as IpPool['spec'];
      const faults: Fault[] = [];
      const rest = 'delete the pool and make it anew, or make another beside it';
      const fixed = (field: 'cidr' | 'blockSize', now: unknown, then: unknown): void => {
        if (now === then) return;
        const message = `never changes, and is ${then} of this pool, not ${now}; ${rest}`;
        faults.push({ pointer: `/spec/${field}`, message, expected: String(then) });
      };
      fixed('cidr', cidr, before.cidr);
      fixed('blockSize', blockSize, before.blockSize);
      return faults;
    }
    const wanted = parsePrefix(cidr);
    const other = (await this.#ipam.pools.list()).find((pool) => prefixesOverlap(pool.cidr, wanted));
    if (!other) return [];
    const message = `${cidr} overlaps ${formatPrefix(other.cidr)} of pool "${other.name}"`;
    return [{ pointer: '/spec/cidr', message, expected: 'addresses of no other pool' }];
  }

  async write(resource: Resource, present: Present | undefined): Promise<void> {
    const { cidr, blockSize, ...settings } = this.filled(resource).spec as IpPool['spec'] & { blockSize: number };
    const { name } = resource.metadata;
    const notes = { ...notesOf(resource, present?.metadata.creationTimestamp) };
    const { wireguardMode, hostGateway } = DEFAULT_POOL_SETTINGS;
    const wanted = { wireguardMode, hostGateway, ...(settings as Partial<PoolSettings>), notes };
    if (present) await this.#ipam.pools.update(name, wanted, revisionOf(present));
    else await this.#ipam.pools.create({ ...wanted, name, cidr: parsePrefix(cidr), blockSize });
  }

  async remove(present: Present): Promise<void> {
    await this.#ipam.pools.delete(present.metadata.name, revisionOf(present));
  }
}

function poolResource(pool: Pool): Present {
  const { name, cidr, blockSize, revision, notes, terminating } = pool;
  const { nodeSelector, namespaceSelector, disabled, allowedUses, assignmentMode } = pool;
  const { natOutgoing, disableBGPExport, vxlanMode, ipipMode, wireguardMode, hostGateway } = pool;
  // An earlier version kept it there, where it had no effect.
  const { ipipMode: _ipipMode, ...metadata } = (notes ?? {}) as Record<string, unknown>;
  const spec: IpPool['spec'] = {
    cidr: formatPrefix(cidr),
    blockSize,
    nodeSelector,
    namespaceSelector,
    disabled,
    allowedUses: [...allowedUses],
    assignmentMode,
    natOutgoing,
    disableBGPExport,
    vxlanMode,
    ipipMode,
    ...ours(wireguardMode, hostGateway),
  };
  return {
    apiVersion: API_VERSION,
    kind: 'IPPool',
    metadata: { name, ...metadata, resourceVersion: String(revision) },
    spec,
    // It goes when its last address is released.
    ...(terminating && { status: { terminating } }),
  };
}

/** What Calico does not know is shown where it says something. */
const ours = (wireguardMode: IpPool['spec']['wireguardMode'], hostGateway: boolean | undefined) => ({
  ...(wireguardMode !== undefined && wireguardMode !== 'Never' && { wireguardMode }),
  ...(hostGateway && { hostGateway }),
});
