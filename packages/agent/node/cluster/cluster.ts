/**
 * This node's part in the cluster of its store: what the watches tell, kept in memory, and the sessions that follow from it.
 * Absent where the configuration file has no `cluster:`.
 */
import { join } from 'node:path';
import type { RunningSpeaker } from '@tortie/bgp/node';
import { resourcePrefix } from '@tortie/cluster';
import { counted, type Prefix, prefixOf } from '@tortie/ip';
import type { Rtnetlink } from '@tortie/linux/node';
import type { FollowEvent } from '@tortie/store';
import { ClusterMirror, RESOURCE_TABLES } from '../../src/cluster/cluster-mirror.js';
import { announcementsOf } from '../../src/cluster/configuration.js';
import type { NodeFacts } from '../../src/cluster/session-node.js';
import type { AgentConfig } from '../../src/config/config.js';
import type { Addressing } from '../../src/ipam/addressing.js';
import { NODES, SECRETS } from '../../src/store/keys.js';
import type { Journal } from '../journal.js';
import { ClusterSessionsReconciler } from '../reconcilers/cluster-sessions.js';
import type { Lister } from '../reconcilers/desired.js';
import type { Links } from '../reconcilers/links.js';
import type { PeerGateways } from '../reconcilers/peer-gateways.js';
import { ReconcileLoop } from '../reconcilers/reconcile-loop.js';
import { Secrets } from '../store/secrets.js';

export interface ClusterOptions {
  readonly config: AgentConfig;
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
  readonly links: Links | undefined;
  readonly rtnetlink: Rtnetlink | undefined;
  readonly gateways: PeerGateways | undefined;
  readonly addressing: () => Addressing;
  /** Sessions are others than before, or what they are told. */
  readonly onChange: () => void;
}

export class Cluster {
  readonly mirror: ClusterMirror;
  readonly secrets: Secrets;
  readonly sessions: ClusterSessionsReconciler;
  readonly loop: ReconcileLoop;
  readonly #options: ClusterOptions;
  #timer: NodeJS.Timeout | undefined;
  #loaded = false;

  constructor(options: ClusterOptions) {
    const { config, speaker, journal, links } = options;
    this.#options = options;
    this.mirror = new ClusterMirror(config.node);
    this.secrets = new Secrets(config.cluster?.secrets);
    this.sessions = new ClusterSessionsReconciler({
      node: config.node,
      asn: config.asn,
      families: config.cluster?.families ?? [],
      mirror: this.mirror,
      secrets: this.secrets,
      speaker,
      journal,
      keptFile: join(config.store.path, `sessions-${config.node}.json`),
      exportScope: () => {
        const { pools, hiddenPools } = options.addressing();
        return { pools, hiddenPools, ...this.announcements };
      },
      interfaces: () => this.#interfaces(),
      onChange: () => {
        options.gateways?.set(this.sessions.gateways());
        options.onChange();
      },
      wake: (afterMs) => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.loop.trigger(), afterMs);
      },
    });
    this.loop = new ReconcileLoop(this.sessions, { journal, paced: true });
    const again = (): void => {
      if (this.sessions.isWaiting) this.loop.trigger();
    };
    speaker.on('session', again).on('end-of-rib', again);
    links?.follow(() => this.#look(this.#asksForInterfaces(), true));
  }

  /** What the store must be watched for, and what to do with what it tells. */
  get watches(): readonly (readonly [prefix: string, take: (event: FollowEvent) => void])[] {
    return [
      [NODES, (event) => this.#look(this.mirror.takeRecords(event))],
      ...RESOURCE_TABLES.map(
        (table) =>
          [
            resourcePrefix(table),
            (event: FollowEvent) => this.#look(this.mirror.takeResources(table, event), table !== 'nodes'),
          ] as const,
      ),
      [
        SECRETS,
        (event) => {
          this.secrets.take(event);
          this.#look(true, true);
        },
      ],
    ];
  }

  /** `whole`: not of nodes alone. */
  #look(changed: boolean, whole = false): void {
    if (!changed) return;
    if (whole) this.sessions.forget();
    // Before it is known who is in the cluster a round would take all sessions away.
    if (this.#loaded) this.loop.trigger();
  }

  /** What the configuration resources say of routes. */
  get announcements() {
    return announcementsOf(this.mirror.resources('bgpconfigurations'), this.#options.config.node);
  }

  /**
   * Before the first watch: sessions of an earlier run are there again before their peers miss them. Taken in one go: no round
   * is to see nodes without the resources that say who peers with whom. To be followed by the first round.
   */
  async load(lister: Lister, own: NodeFacts): Promise<void> {
    const listed = await Promise.all(
      this.watches.map(async ([prefix, take]) => ({ take, ...(await lister.list(prefix)) })),
    );
    this.setOwn(own);
    for (const { take, entries, revision } of listed) {
      take({ type: 'page', after: undefined, upTo: undefined, entries, revision });
    }
    this.#loaded = true;
  }

  /** What this node says of itself. */
  setOwn(facts: NodeFacts): void {
    this.#look(this.mirror.setOwn(facts));
  }

  warnings(): string[] {
    const held = this.sessions.pending.map(
      ({ id, reason, sessions }) =>
        `A change of the cluster is held, ${counted(sessions.length, 'session stays', 'sessions stay')}: ${reason}; see "tortie cluster", and "tortie cluster confirm ${id}".`,
    );
    return [...held, ...this.mirror.problems, ...(this.#options.gateways?.problems() ?? [])];
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.loop.close();
    this.sessions.close();
  }

  async #interfaces(): Promise<ReadonlyMap<string, readonly Prefix[]>> {
    const { links, rtnetlink } = this.#options;
    const byName = new Map<string, Prefix[]>();
    if (!links || !rtnetlink || !this.#asksForInterfaces()) return byName;
    for (const { ifindex, address, prefixLength } of await rtnetlink.addresses()) {
      const name = links.name(ifindex);
      if (name === undefined) continue;
      byName.set(name, [...(byName.get(name) ?? []), prefixOf(address, prefixLength)]);
    }
    return byName;
  }

  #asksForInterfaces(): boolean {
    return [...this.mirror.resources('bgpfilters').values()].some(({ spec }) =>
      [spec.importV4, spec.importV6, spec.exportV4, spec.exportV6].some((rules) =>
        rules?.some((rule) => rule.interface !== undefined),
      ),
    );
  }
}
