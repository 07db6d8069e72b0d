/**
 * A cluster in one process, on a virtual clock: a real store in memory, real address management, the agent's own functions for
 * sessions, and speakers on a virtual network. Time goes in steps, as between rounds of a loop that rests: in each, agents
 * that start claim their block and write their record, then all look at what the store tells, then the network goes on.
 *
 * Every node is told the same by the store, so that one mirror of it serves them all, which in a real cluster each has itself.
 */
import { SimNetwork } from '@tortie/bgp/testing';
import { type ClusterIndex, resourcePrefix } from '@tortie/cluster';
import type { Prefix } from '@tortie/ip';
import { parsePrefix } from '@tortie/ip';
import { Ipam } from '@tortie/ipam';
import { MemoryStore } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import { writeNodeRecord } from '../../node/cluster/node-record.js';
import { ClusterMirror, RESOURCE_TABLES } from '../../src/cluster/cluster-mirror.js';
import { NODES } from '../../src/store/keys.js';
import { BLOCK_BITS, isReflector, type LargeCluster, poolOf, recordOf, resourcesOf } from '../cluster/large-cluster.js';
import { noTraffic, SimNode, type Traffic } from './sim-node.js';

const STEP_MS = 50;

export interface SimClusterOptions extends LargeCluster {
  /** Nodes besides the reflectors whose speakers have real tables; the others have compact ones. */
  readonly whole: (at: number) => boolean;
}

/** What was done so far. */
export interface Totals {
  readonly traffic: { readonly reflectors: Traffic; readonly others: Traffic };
  /** Store calls of nodes that started, and events of watches, of all nodes. */
  readonly store: { readonly reads: number; readonly writes: number; readonly events: number };
  readonly spentMs: {
    readonly store: number;
    readonly sessions: number;
    readonly reflectors: number;
    readonly others: number;
  };
}

export class SimCluster {
  readonly network = new SimNetwork({ cuttable: false });
  readonly nodes: readonly SimNode[];
  readonly options: SimClusterOptions;
  readonly #store = new MemoryStore({ keepCommits: 100_000 });
  readonly #counted;
  readonly #ipam: Ipam;
  readonly #mirror = new ClusterMirror('');
  readonly #calls = { reads: 0, writes: 0, events: 0 };
  #storeMs = 0;
  /** Agents so far. */
  started = 0;
  #revision = 0;
  /** When agents start, soonest first. */
  #starts: { readonly atMs: number; readonly node: SimNode; readonly restarting: boolean }[] = [];
  /** (node, block) pairs that are reached, and sessions that are up at one end, of nodes that run. */
  #reached = 0;
  /** Of nodes with compact tables. */
  #routes = 0;
  /** Blocks that were reached and then not, since somebody asked. */
  #lost = 0;
  #up = 0;
  #compact = 0;
  #running = 0;

  constructor(options: SimClusterOptions) {
    this.options = options;
    this.#counted = interceptStore(this.#store, {
      before: ({ method }) => {
        if (method === 'commit') this.#calls.writes++;
        else this.#calls.reads++;
      },
    });
    this.#ipam = new Ipam({ store: this.#counted, now: () => 1_700_000_000_000 + this.network.clock.nowMs });
    this.nodes = Array.from({ length: options.nodes }, (_, at) => {
      const node = new SimNode(at, options, this.network, isReflector(at, options) || options.whole(at));
      node.onReach = (_node, reached) => {
        this.#reached += reached ? 1 : -1;
        if (!reached) this.#lost++;
      };
      node.onGone = (_node, rib) => {
        this.#reached -= rib.reached;
        this.#routes -= rib.routes;
      };
      node.onRoutes = (_node, more) => {
        this.#routes += more;
      };
      node.onSession = (_node, up) => {
        this.#up += up ? 1 : -1;
      };
      return node;
    });
  }

  get nowMs(): number {
    return this.network.clock.nowMs;
  }

  get index(): ClusterIndex {
    return this.#mirror.index;
  }

  /** An operator's part: the pool, and who peers with whom. */
  async setUp(): Promise<void> {
    const cidr = parsePrefix(poolOf(this.options));
    await this.#ipam.pools.create({ name: 'pods', cidr, blockSize: 32 - BLOCK_BITS });
    for (const [key, value] of resourcesOf(this.options)) await this.#store.create(key, value);
    this.#calls.reads = this.#calls.writes = 0;
  }

  startLater(node: SimNode, afterMs: number, restarting = false): void {
    this.#starts.push({ atMs: this.nowMs + afterMs, node, restarting });
    this.#starts.sort((x, y) => x.atMs - y.atMs);
  }

  crash(node: SimNode, silent: boolean): void {
    this.#running--;
    if (!node.whole) this.#compact--;
    node.crash(silent);
  }

  /** Steps until everybody has everything; gives how much time that took. Throws after `limitMs`. */
  async converge(limitMs = 600_000): Promise<number> {
    const beganMs = this.nowMs;
    do await this.#step();
    while (!this.isConverged && this.nowMs - beganMs < limitMs);
    if (!this.isConverged) {
      throw new Error(
        `not converged after ${limitMs} ms: ${this.#reached} blocks reached, ${this.#up} ends of sessions up`,
      );
    }
    return this.nowMs - beganMs;
  }

  /** All agents run, all sessions are up at both ends, and every node reaches every block but its own. */
  get isConverged(): boolean {
    if (this.#starts.length > 0 || this.#up !== this.wantedEnds) return false;
    const { nodes, pairs } = this.options;
    const others = this.#compact * (nodes - 1);
    if (this.#reached !== others || this.#routes !== others * (pairs === 0 ? 1 : 2)) return false;
    return this.isQuiet;
  }

  /** Every peer of every speaker with real tables has as many routes as it must. */
  get isQuiet(): boolean {
    return this.nodes.every(({ whole, router }) => {
      if (!whole || !router) return true;
      const { families } = router.speaker.rib.counters();
      const ipv4 = families.find(({ family }) => family === 'ipv4-unicast')!;
      return ipv4.prefixes === this.options.nodes;
    });
  }

  /** Ends of sessions that must be up. */
  get wantedEnds(): number {
    const { nodes, pairs } = this.options;
    if (pairs === 0) return nodes * (nodes - 1);
    const reflectors = 2 * pairs;
    return 2 * (2 * (nodes - reflectors) + (reflectors * (reflectors - 1)) / 2);
  }

  /** How often a node that ran lost its way to a block, since this was asked last. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  totals(): Totals {
    const traffic = { reflectors: noTraffic(), others: noTraffic() };
    const spentMs = { store: this.#storeMs, sessions: 0, reflectors: 0, others: 0 };
    for (const node of this.nodes) {
      const kind = isReflector(node.at, this.options) ? 'reflectors' : 'others';
      const part = node.traffic();
      for (const key of Object.keys(part) as (keyof Traffic)[]) traffic[kind][key] += part[key];
      spentMs.sessions += node.spent.sessions;
      spentMs[kind] += node.spent.speaker;
    }
    return { traffic, store: { ...this.#calls }, spentMs };
  }

  async #step(): Promise<void> {
    const beganMs = performance.now();
    const started: SimNode[] = [];
    while (this.#starts[0] && this.#starts[0].atMs <= this.nowMs) {
      const { node, restarting } = this.#starts.shift()!;
      node.start(await this.#join(node), restarting);
      this.#running++;
      this.started++;
      if (!node.whole) this.#compact++;
      started.push(node);
    }
    const changed = await this.#watch();
    this.#storeMs += performance.now() - beganMs;
    const { index } = this;
    if (changed) for (const node of this.nodes) node.reconcile(index);
    else for (const node of started) node.reconcile(index);
    this.network.run(STEP_MS);
  }

  /** What an agent does when it starts: its block, then its record. */
  async #join(node: SimNode): Promise<Prefix> {
    const { cidr } = await this.#ipam.claimBlock(node.name, 4);
    const startedAt = new Date(1_700_000_000_000 + this.nowMs).toISOString();
    await writeNodeRecord(this.#counted, { ...recordOf(node.at, this.options), startedAt });
    return cidr;
  }

  /** What every watch tells since the last step. */
  async #watch(): Promise<boolean> {
    const { events, revision } = await this.#store.changes('/', this.#revision);
    this.#revision = revision;
    let changed = false;
    for (const event of events) {
      const isRecord = event.key.startsWith(NODES);
      const table = RESOURCE_TABLES.find((one) => event.key.startsWith(resourcePrefix(one)));
      if (isRecord || event.key.startsWith('/ipam/blocks/')) this.#calls.events += this.#running;
      if (isRecord) changed = this.#mirror.takeRecords(event) || changed;
      else if (table) changed = this.#mirror.takeResources(table, event) || changed;
    }
    return changed;
  }
}
