/** Prefixes to announce, from the file, the store and the blocks -> the speaker. */
import type { OriginateAttributes } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import { formatPrefix, parsePrefix } from '@tortie/ip';
import type { OriginatedSpec } from '../../src/api/originated.js';
import type { ServiceSpec } from '../../src/api/service.js';
import type { Announcements } from '../../src/cluster/configuration.js';
import type { FromFile } from '../../src/config/config.js';
import { type OriginatedPrefix, OriginTable } from '../../src/originated/origin-table.js';
import { byKind } from '../../src/policies/route-policy.js';
import { serviceAddresses } from '../../src/services/service-addresses.js';
import { nameIn, originatedPrefix, servicePrefix } from '../../src/store/keys.js';
import type { Journal } from '../journal.js';
import { type Lister, newerProblem } from './desired.js';
import type { Reconciler } from './reconcile-loop.js';

export interface OriginatedOptions {
  readonly node: string;
  readonly store: Lister;
  readonly fromFile: readonly FromFile<OriginatedSpec>[];
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
  /** What the node's blocks and borrowed addresses ask for at this moment. */
  readonly addressing: () => {
    readonly blocks: readonly OriginatedPrefix[];
    readonly borrowed: readonly OriginatedPrefix[];
  };
  /** Ranges of service addresses: all, and those which every node of the cluster announces. */
  readonly services: () => Pick<Announcements, 'services' | 'announcedServices'>;
}

export class OriginatedReconciler implements Reconciler {
  readonly name = 'originated';
  readonly table = new OriginTable();
  readonly #options: OriginatedOptions;
  #withheld: ReadonlySet<string> = new Set();
  /** Sentences that were told already. */
  readonly #refused = new Set<string>();

  constructor(options: OriginatedOptions) {
    this.#options = options;
    this.table.set(
      'file',
      options.fromFile.map(({ spec, source }) => ({ ...originated(spec), source })),
    );
  }

  forget(): void {
    const { store, node } = this.#options;
    for (const prefix of [originatedPrefix(node), servicePrefix(node)]) store.forget?.(prefix);
  }

  /** Addresses of services that are in no range of services. */
  get withheld(): ReadonlySet<string> {
    return this.#withheld;
  }

  async reconcile(): Promise<void> {
    const { store, node, speaker, journal, addressing, services } = this.#options;
    const { entries } = await store.list(originatedPrefix(node));
    const readable = entries.filter(({ key, value }) => {
      const problem = newerProblem(nameIn(originatedPrefix(node), key), value);
      if (problem !== undefined && !this.#refused.has(problem)) {
        this.#refused.add(problem);
        journal.event({ kind: 'originated', text: problem }, 'error');
      }
      return problem === undefined;
    });
    this.table.set(
      'api',
      readable.map(({ value, revision }) => ({ ...originated(value as OriginatedSpec), revision })),
    );
    const { blocks, borrowed } = addressing();
    this.table.set('block', blocks);
    this.table.set('borrowed', borrowed);
    const { services: ranges, announcedServices } = services();
    const source = 'service range of BGPConfiguration';
    this.table.set(
      'service',
      announcedServices.map((prefix) => ({ prefix, attributes: {}, source })),
    );
    const { announced, outside } = serviceAddresses(await this.#services(), ranges);
    this.table.set('service-address', announced);
    this.#withheld = outside;
    const { announce, withdraw } = this.table.takeDelta();
    for (const { prefix, attributes } of announce) speaker.originate(prefix, attributes);
    for (const prefix of withdraw) speaker.withdraw(prefix);
    for (const { prefix } of announce.slice(0, 20)) {
      journal.event({ kind: 'originated', subject: formatPrefix(prefix), text: `announces ${formatPrefix(prefix)}` });
    }
    for (const prefix of withdraw.slice(0, 20)) {
      journal.event({ kind: 'originated', subject: formatPrefix(prefix), text: `withdraws ${formatPrefix(prefix)}` });
    }
  }

  /** Those that are said to have an endpoint here. */
  async #services(): Promise<ReadonlyMap<string, ServiceSpec>> {
    const { store, node } = this.#options;
    const prefix = servicePrefix(node);
    const { entries } = await store.list(prefix);
    return new Map(entries.map(({ key, value }) => [nameIn(prefix, key), value as ServiceSpec]));
  }
}

/** A checked spec as the speaker takes it. */
export function originated({ prefix, med, localPref, communities: texts }: OriginatedSpec): OriginatedPrefix {
  const { standard, large } = byKind(texts ?? []);
  const attributes: OriginateAttributes = {
    ...(med !== undefined && { med }),
    ...(localPref !== undefined && { localPref }),
    ...(standard.length > 0 && { communities: standard }),
    ...(large.length > 0 && { largeCommunities: large }),
  };
  return { prefix: parsePrefix(prefix), attributes };
}
