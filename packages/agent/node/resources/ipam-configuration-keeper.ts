/** IPAMConfiguration `default`: the settings of address management. It is always there; deleting it brings the defaults back. */
import { API_VERSION, type IpamConfiguration, type Resource } from '@tortie/cluster';
import { DEFAULT_CONFIG, type IpamApi, type IpamConfig } from '@tortie/ipam';
import type { Keeper, ListedPage, PageRequest, Present } from './keeper.js';
import { pageOf, revisionOf } from './keeper.js';
import { type Notes, notesOf } from './notes.js';

type Spec = Required<IpamConfiguration['spec']>;

interface ConfigNotes extends Notes {
  readonly kubeVirtVMAddressPersistence?: Spec['kubeVirtVMAddressPersistence'];
}

export class IpamConfigurationKeeper implements Keeper {
  readonly #ipam: IpamApi;

  constructor(ipam: IpamApi) {
    this.#ipam = ipam;
  }

  async page(request: PageRequest): Promise<ListedPage> {
    return pageOf([await this.#present()], request);
  }

  async get(name: string): Promise<Present | undefined> {
    return name === 'default' ? this.#present() : undefined;
  }

  filled(resource: Resource): Resource {
    const spec = resource.spec as IpamConfiguration['spec'];
    return { ...resource, spec: specOf(configOf(spec), spec.kubeVirtVMAddressPersistence) };
  }

  async check(): Promise<readonly []> {
    return [];
  }

  async write(resource: Resource, present: Present | undefined): Promise<void> {
    const spec = resource.spec as IpamConfiguration['spec'];
    const { kubeVirtVMAddressPersistence } = spec;
    const notes = {
      ...notesOf(resource, present?.metadata.creationTimestamp),
      ...(kubeVirtVMAddressPersistence && { kubeVirtVMAddressPersistence }),
    };
    await this.#ipam.configure({ ...configOf(spec), notes }, (present && revisionOf(present)) ?? 0);
  }

  async remove(present: Present): Promise<void> {
    await this.#ipam.configure({ ...DEFAULT_CONFIG, notes: {} }, revisionOf(present) ?? 0);
  }

  async #present(): Promise<Present> {
    const { config, revision } = await this.#ipam.settings();
    const { kubeVirtVMAddressPersistence, ...metadata } = (config.notes ?? {}) as ConfigNotes;
    return {
      apiVersion: API_VERSION,
      kind: 'IPAMConfiguration',
      metadata: { name: 'default', ...metadata, ...(revision > 0 && { resourceVersion: String(revision) }) },
      spec: specOf(config, kubeVirtVMAddressPersistence),
    };
  }
}

/** Calico's names and ours. */
const configOf = (spec: IpamConfiguration['spec']): Omit<IpamConfig, 'notes'> => ({
  strictAffinity: spec.strictAffinity ?? DEFAULT_CONFIG.strictAffinity,
  autoAllocateBlocks: spec.autoAllocateBlocks ?? DEFAULT_CONFIG.autoAllocateBlocks,
  maxBlocksPerHost: spec.maxBlocksPerHost ?? DEFAULT_CONFIG.maxBlocksPerHost,
  cooldownS: spec.ipCooldownSeconds ?? DEFAULT_CONFIG.cooldownS,
  leakGraceS: spec.leakGraceSeconds ?? DEFAULT_CONFIG.leakGraceS,
});

const specOf = (
  config: Omit<IpamConfig, 'notes'>,
  persistence: IpamConfiguration['spec']['kubeVirtVMAddressPersistence'],
): IpamConfiguration['spec'] => ({
  strictAffinity: config.strictAffinity,
  autoAllocateBlocks: config.autoAllocateBlocks,
  maxBlocksPerHost: config.maxBlocksPerHost,
  ipCooldownSeconds: config.cooldownS,
  leakGraceSeconds: config.leakGraceS,
  ...(persistence !== undefined && { kubeVirtVMAddressPersistence: persistence }),
});
