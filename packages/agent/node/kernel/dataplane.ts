/**
 * What of the kernel follows from the cluster as a whole rather than from BGP. Each concern is a loop of its own.
 *
 * ```
 *  links, addresses ──► node record ──► store ──► the other nodes
 *                            │            │
 *  pools, nodes ─────────────┼────────────┴─► masquerade ──► nf_tables
 *  pools, nodes, blocks ─────┴──────────────► ways ──► tunnels, neighbours ──► FIB
 *  pods of our own ─────────────────────────► check of their sources ──► nf_tables
 *  others' packet filters and routes ───────► warnings
 * ```
 */
import { join } from 'node:path';
import { counted, type Prefix, parseAddress } from '@tortie/ip';
import type { IpamApi } from '@tortie/ipam';
import { openNftables, type Subscription, subscribeEvents } from '@tortie/linux/node';
import type { FollowEvent, Store } from '@tortie/store';
import type { Condition } from '../../src/api/status.js';
import type { Wireguard } from '../../src/api/wireguard.js';
import type { AgentConfig } from '../../src/config/config.js';
import { AgentError } from '../../src/errors.js';
import type { DroppedPods } from '../../src/filters/dropped-pods.js';
import { MASQUERADE_TABLE } from '../../src/masquerade/masquerade.js';
import { SOURCE_CHECK_TABLE } from '../../src/pods/source-check.js';
import { nodeKey } from '../../src/store/keys.js';
import { usersOf } from '../../src/ways/block-users.js';
import { TUNNEL_WAYS } from '../../src/ways/tunnel.js';
import { addressesIn, type NodeRecord, NodeRecords } from '../cluster/node-record.js';
import type { Journal } from '../journal.js';
import { HostMtu } from '../pods/host-mtu.js';
import { MasqueradeReconciler } from '../reconcilers/masquerade.js';
import { NodeRecordReconciler } from '../reconcilers/node-record.js';
import { ReconcileLoop } from '../reconcilers/reconcile-loop.js';
import { SourceCheck } from '../reconcilers/source-check.js';
import { WaysReconciler } from '../reconcilers/ways.js';
import { BlockRoutes, type RouteProblem } from './block-routes.js';
import { ForwardFilters } from './forward-filters.js';
import type { KernelSide } from './kernel-side.js';

const ROUTES_AFTER_MS = 20_000;

export interface DataplaneOptions {
  readonly config: AgentConfig;
  readonly store: Store;
  readonly ipam: IpamApi;
  readonly journal: Journal;
  readonly kernel: Pick<KernelSide, 'rtnetlink' | 'links' | 'programming' | 'fib' | 'onForeignRoute'>;
  /** What the node says of itself besides its addresses. */
  readonly identity: NodeRecord;
  /** Plugged in here. */
  readonly pods: () => readonly { readonly mtu: number }[];
  /** The record is another one. */
  readonly onRecord: () => void;
}

export class Dataplane {
  readonly nodes: NodeRecords;
  readonly #nodeRecord: NodeRecordReconciler;
  readonly #nodeRecordLoop: ReconcileLoop;
  readonly #masquerade: MasqueradeReconciler | undefined;
  readonly #masqueradeLoop: ReconcileLoop | undefined;
  readonly #sourceCheck: SourceCheck | undefined;
  readonly #sourceCheckLoop: ReconcileLoop | undefined;
  /** Of nodes with pods of their own. */
  readonly #filters: ForwardFilters | undefined;
  readonly #filtersLoop: ReconcileLoop | undefined;
  readonly #blockRoutes: BlockRoutes | undefined;
  readonly #blockRoutesLoop: ReconcileLoop | undefined;
  #lookAtRoutes: NodeJS.Timeout | undefined;
  readonly #ways: WaysReconciler | undefined;
  readonly #waysLoop: ReconcileLoop | undefined;
  readonly #neighbours: Promise<Subscription | undefined> | undefined;
  readonly #pods: DataplaneOptions['pods'];
  readonly #store: Store;
  /** Who used a block when it was last seen, by its key. */
  readonly #users = new Map<string, string>();
  #looked = false;

  constructor({ config, store, ipam, journal, kernel, identity, pods, onRecord }: DataplaneOptions) {
    const { rtnetlink, links, programming, fib } = kernel;
    this.#pods = pods;
    this.#store = store;
    this.nodes = new NodeRecords(store);
    this.#nodeRecord = new NodeRecordReconciler({
      store,
      journal,
      identity,
      rtnetlink,
      interfaceName: (ifindex) => links?.name(ifindex),
      configured: config.nodeAddress,
      onChange: () => {
        this.#clusterChanged();
        onRecord();
      },
    });
    this.#nodeRecordLoop = new ReconcileLoop(this.#nodeRecord, { journal });
    links?.follow(() => this.#nodeRecordLoop.trigger());
    // In a VRF there are no pods, and no ways to those of others but BGP.
    if (programming.state !== 'on' || !rtnetlink || !fib || config.kernel.vrf !== undefined) return;
    this.#masquerade = new MasqueradeReconciler({
      pools: ipam.pools,
      nodes: async () => {
        const others = (await this.nodes.list()).filter(({ name }) => name !== identity.name);
        return [this.record, ...others].flatMap(addressesIn).map(parseAddress);
      },
      open: () => openNftables({ table: MASQUERADE_TABLE, onDisturbed: () => this.#masqueradeLoop?.trigger() }),
      journal,
    });
    this.#masqueradeLoop = new ReconcileLoop(this.#masquerade, { journal, paced: true });
    this.#sourceCheck = new SourceCheck({
      wanted: config.cni !== undefined,
      open: () => openNftables({ table: SOURCE_CHECK_TABLE, onDisturbed: () => this.#sourceCheckLoop?.trigger() }),
      journal,
    });
    this.#sourceCheckLoop = new ReconcileLoop(this.#sourceCheck, { journal });
    if (config.cni) {
      this.#filters = new ForwardFilters({
        pools: ipam.pools,
        uplink: (version) => this.#nodeRecord.uplink(version)?.interface,
        journal,
      });
      this.#filtersLoop = new ReconcileLoop(this.#filters, { journal });
    }
    this.#blockRoutes = new BlockRoutes({
      node: identity.name,
      ipam,
      rtnetlink,
      protocol: config.kernel.protocol,
      fib: fib.table,
      linkName: (ifindex) => links?.name(ifindex),
      journal,
    });
    this.#blockRoutesLoop = new ReconcileLoop(this.#blockRoutes, { journal, paced: true });
    kernel.onForeignRoute((prefix) => {
      if (prefix === undefined || this.#blockRoutes!.heard(prefix)) this.#blockRoutesLoop!.trigger();
    });
    const hostMtu = new HostMtu(rtnetlink);
    this.#ways = new WaysReconciler({
      node: identity.name,
      ipam,
      rtnetlink,
      journal,
      own: () => this.record,
      records: () => this.nodes.list(),
      uplink: (version) => this.#nodeRecord.uplink(version),
      publish: async (tunnels) => {
        if (this.#nodeRecord.setTunnels(tunnels)) await settled(this.#nodeRecordLoop);
      },
      setRoutes: (routes) => fib.setDirect(routes),
      routesWritten: () => fib.idle(),
      hostMtu: () => hostMtu.get(),
      // Several nodes of one machine may share the folder.
      keyFile: join(config.store.path, `${identity.name}.wireguard.key`),
    });
    this.#waysLoop = new ReconcileLoop(this.#ways, { journal, paced: true });
    this.#ways.onDue = () => this.#waysLoop!.trigger();
    this.#neighbours = this.#watchNeighbours();
    links?.follow(() => {
      hostMtu.forget();
      this.#waysLoop!.trigger();
    });
  }

  /** This node's own, as it is or is about to be in the store. */
  get record(): NodeRecord {
    return this.#nodeRecord.record;
  }

  /** Resolves once the record is known; that the store does not take it is no reason to wait. */
  async recordKnown(): Promise<void> {
    await this.#nodeRecordLoop.settle();
  }

  /** Everything may have changed: after the start, and when a store that was away is back. */
  trigger(): void {
    // Routes and tunnels go by the node's own address: its record comes first.
    void this.#nodeRecordLoop.settle().then(() => {
      this.#looked = true;
      this.#clusterChanged();
      this.#sourceCheckLoop?.trigger();
      this.#filtersLoop?.trigger();
      this.#blockRoutesLoop?.trigger();
      // What BGP brings after a start is there by then.
      this.#lookAtRoutes ??= setTimeout(() => this.#blockRoutesLoop?.trigger(), ROUTES_AFTER_MS).unref();
    });
  }

  /** A record of some node changed. */
  nodesChanged(event: FollowEvent): void {
    const reachable = this.nodes.take(event);
    if (event.type === 'page') {
      if (event.upTo !== undefined) return;
      this.#nodeRecordLoop.trigger();
      this.#clusterChanged();
      return;
    }
    if (event.key === nodeKey(this.record.name)) this.#nodeRecordLoop.trigger();
    if (reachable && this.#looked) {
      if (this.#masquerade && this.#masquerade.pools.length > 0) this.#masqueradeLoop?.trigger();
      if (this.#ways && this.#ways.pools.length > 0) this.#waysLoop?.trigger();
    }
  }

  poolsChanged(): void {
    this.#clusterChanged();
    if (this.#looked) this.#filtersLoop?.trigger();
  }

  /** Packets of pods that packet filters of others keep, as it is now. */
  async dropped(): Promise<readonly DroppedPods[]> {
    await this.#filters?.refresh();
    return this.#filters?.found ?? [];
  }

  /** What is wrong with the ways to pods of other nodes, as it is now. */
  async routeProblems(): Promise<readonly RouteProblem[]> {
    if (!this.#blockRoutes || !this.#blockRoutesLoop) return [];
    await this.#blockRoutesLoop.settle();
    return [...this.#blockRoutes.taken, ...(await this.#blockRoutes.examine())];
  }

  /** By which route of others packets go that a route of ours is for, as a sentence. */
  takenFrom(prefix: Prefix): string | undefined {
    return this.#blockRoutes?.takenFrom(prefix);
  }

  /** One node's assignments must not wake all the others: only who uses a block counts. */
  blocksChanged(event: FollowEvent): void {
    if (event.type === 'page') {
      if (event.upTo === undefined && this.#looked) this.#waysLoop?.trigger();
      return;
    }
    const users = event.type === 'put' ? usersOf(event.value) : undefined;
    if (this.#users.get(event.key) === users) return;
    if (users === undefined) this.#users.delete(event.key);
    else this.#users.set(event.key, users);
    if (this.#looked && (this.#ways?.pools.length ?? 0) > 0) this.#waysLoop?.trigger();
  }

  /** Of tunnels that pools ask for; undefined: there is none. */
  async tunnelMtu(): Promise<number | undefined> {
    return this.#ways?.mtuOfPods();
  }

  async wireguard(): Promise<Wireguard> {
    return (await this.#ways?.wireguard()) ?? { devices: [] };
  }

  /**
   * Resolves when the kernel has the new key and the store tells the other nodes of it. Throws AgentError where this node has no ways
   * of its own, StoreError where the store is away: the others could not be told, and would be lost.
   */
  async rotateWireguardKey(): Promise<Wireguard> {
    if (!this.#ways || !this.#waysLoop) {
      throw new AgentError('ERR_AGENT_UNAVAILABLE', 'this node programs no tunnels, and has no key for WireGuard');
    }
    await this.#store.get(nodeKey(this.record.name));
    this.#ways.renewKey();
    await settled(this.#waysLoop);
    return this.#ways.wireguard();
  }

  /** Entries of tunnels that others take away. */
  async #watchNeighbours(): Promise<Subscription | undefined> {
    const again = (): void => {
      if (this.#looked) this.#waysLoop?.trigger();
    };
    return subscribeEvents({
      groups: ['neighbour'],
      goneNeighbours: true,
      onEvents: (events) => {
        if (events.some((one) => one.type === 'neighbour' && this.#ways?.hasEntries(one.neighbour.ifindex))) again();
      },
      onResync: again,
    }).catch(() => undefined);
  }

  #clusterChanged(): void {
    if (!this.#looked) return;
    this.#masqueradeLoop?.trigger();
    this.#waysLoop?.trigger();
  }

  /** Of what is asked for; nothing where nothing is. */
  conditions(): Condition[] {
    const conditions: Condition[] = [];
    const [masquerade, ways] = [this.#masquerade, this.#ways];
    if (masquerade && masquerade.pools.length > 0) {
      const { problem, pools } = masquerade;
      const detail = problem ?? `pods of ${pools.join(', ')} leave under an address of this node`;
      conditions.push({ name: 'masquerade', ok: problem === undefined, detail });
    }
    if (ways && ways.pools.length > 0) {
      const { problems, plan } = ways;
      const count = (way: string): number => plan?.routes.filter((route) => route.way === way).length ?? 0;
      const tunnels = Object.entries(TUNNEL_WAYS).map(([way, { title }]) => ({ title, routes: count(way) }));
      const counts = [
        `${counted(count('direct'), 'route')} straight to other nodes`,
        ...tunnels.filter(({ routes }) => routes > 0).map(({ title, routes }) => `${routes} over ${title}`),
      ].join(', ');
      conditions.push({ name: 'ways', ok: problems.length === 0, detail: problems.join('; ') || counts });
    }
    return conditions;
  }

  warnings(): string[] {
    const dropped = (this.#filters?.found ?? [])
      .filter(({ code }) => code === 'pods-dropped')
      .map(({ text, remedy }) => `${text[0]!.toUpperCase()}${text.slice(1)}. What helps: ${remedy}.`);
    const taken = (this.#blockRoutes?.taken ?? []).map(({ text }) => `${text[0]!.toUpperCase()}${text.slice(1)}.`);
    const warnings: string[] = [...this.#nodeRecord.problems, ...dropped, ...taken];
    const [masquerade, ways] = [this.#masquerade, this.#ways];
    if (masquerade?.problem !== undefined && masquerade.pools.length > 0) warnings.push(masquerade.problem);
    if (this.#sourceCheck?.problem !== undefined) warnings.push(this.#sourceCheck.problem);
    if (!ways || ways.pools.length === 0) return warnings;
    warnings.push(...ways.problems);
    for (const text of ways.plan?.waiting ?? []) warnings.push(`No route to the pods of ${text}.`);
    const large = this.#pods().filter(({ mtu }) => ways.mtu !== undefined && mtu > ways.mtu).length;
    if (large > 0) {
      warnings.push(
        `${counted(large, 'pod has', 'pods have')} an MTU above ${ways.mtu}, which is what fits through the tunnels between nodes: plugged in before, and dependent on path MTU discovery until made anew.`,
      );
    }
    return warnings;
  }

  /** What is in the kernel stays. */
  async close(): Promise<void> {
    clearTimeout(this.#lookAtRoutes);
    this.#ways?.close();
    (await this.#neighbours)?.close();
    const loops = [
      this.#nodeRecordLoop,
      this.#masqueradeLoop,
      this.#sourceCheckLoop,
      this.#filtersLoop,
      this.#blockRoutesLoop,
      this.#waysLoop,
    ];
    await Promise.all(loops.map((loop) => loop?.close()));
    this.#masquerade?.close();
    this.#sourceCheck?.close();
  }
}

/** Throws what the loop's round failed with. */
async function settled(loop: ReconcileLoop): Promise<void> {
  await loop.settle();
  if (loop.error) throw loop.error;
}
