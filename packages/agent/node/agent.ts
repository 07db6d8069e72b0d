/**
 * One node of a Tortie network: the composition root. It alone knows all packages, and wires ports to adapters.
 *
 * ```
 *  configuration file ──┐                                ┌── REST API (unix socket, TCP with token)
 *                       ▼                                ▼
 *              ┌───── desired ◄──── store ◄──── peers, prefixes, pools, assignments
 *              │                      ▲ ▲ watches wake the loops
 *   peers ◄────┤ peers loop ──────────┘ │
 *              │   speaker.addPeer / updatePeer / removePeer; import policy from pools and blocks
 *              │   ▲ who is behind an interface: router advertisements, neighbour table
 *   blocks ◄───┤ blocks loop ───────────┘   claims blocks ──► aggregates, blackholes, lent and borrowed addresses
 *   prefixes ◄─┤ originated loop            speaker.originate / withdraw
 *              │
 *   routes  ───┼► speaker.subscribe ─► fib loop ─► FibTable (wanted <> kernel) ─► FibWriter ─► kernel
 *              │                          ▲ what was refused, with the kernel's words
 *   nodes   ───┼► dataplane: record, VXLAN, masquerade ─► routes straight to other nodes ─► fib loop
 *   next hops ─┼► kernel FIB, asked once and followed by events ─► RIB eligibility, FIB gateways
 *   links ─────┘  events ─► what was refused is tried again
 * ```
 *
 * Order of a start: locks, store and kernel; routes of an earlier run are adopted; then the speaker dials; then the API
 * is loaded behind sockets that already listen. Nothing polls: watches and kernel events wake the loops, and a slow
 * round with jitter is the safety net.
 *
 * Longer than other files: it is the one place that names every part.
 */
import { BfdService } from '@tortie/bfd/node';
import { type RunningSpeaker, runSpeaker } from '@tortie/bgp/node';
import { hostPrefix, type Prefix, parseAddress } from '@tortie/ip';
import { Ipam, steadyClock } from '@tortie/ipam';
import { tcpMd5Counters } from '@tortie/linux/node';
import { type FollowEvent, PagesRead, type Store } from '@tortie/store';
import type { Health, Status } from '../src/api/status.js';
import type { AgentConfig } from '../src/config/config.js';
import { nodeStatusOf } from '../src/node/node-status.js';
import { chooseRouterId, type RouterId } from '../src/node/router-id.js';
import type { PeerDefaults } from '../src/peers/peer-config.js';
import { handleOf } from '../src/pods/names.js';
import { BLOCKS } from '../src/store/keys.js';
import { Cluster } from './cluster/cluster.js';
import { NodeLabels } from './cluster/node-labels.js';
import { findNodeConflicts } from './cluster/node-record.js';
import { GarbageCollector } from './ipam/garbage-collector.js';
import type { Journal } from './journal.js';
import { Dataplane } from './kernel/dataplane.js';
import { type KernelSide, openKernelSide } from './kernel/kernel-side.js';
import { MrtFiles } from './mrt/mrt-files.js';
import { CniStarter } from './pods/cni-starter.js';
import { BlocksReconciler } from './reconcilers/blocks.js';
import { BmpCollectorsReconciler } from './reconcilers/bmp-collectors.js';
import { NodeStatusReconciler } from './reconcilers/node-status.js';
import { OriginatedReconciler } from './reconcilers/originated.js';
import { PeerRangesReconciler } from './reconcilers/peer-ranges.js';
import { PeersReconciler } from './reconcilers/peers.js';
import { ReconcileLoop } from './reconcilers/reconcile-loop.js';
import type { RestContext } from './rest/context.js';
import { BfdPeers, type BfdPort } from './sessions/bfd-peers.js';
import { DropWatch } from './sessions/drop-watch.js';
import { InterfacePeers } from './sessions/interface-peers.js';
import { NodeDrain } from './sessions/node-drain.js';
import { followSpeaker } from './sessions/speaker-events.js';
import { startSpeaker } from './sessions/start-speaker.js';
import { type AgentInside, agentHealth, agentStatus } from './status/agent-status.js';
import { VERSION } from './status/version.js';
import { followStore } from './store/follow-store.js';
import { KeptLists } from './store/kept-lists.js';
import type { RemoteStore } from './store/remote-store.js';
import type { StoreWatch } from './store/store-watch.js';

const CHECK_AFTER_MS = 100;

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly store: Store;
  readonly journal: Journal;
  /** Where the store is on other hosts: what to go by while it is away. */
  readonly remote?: RemoteStore;
  /** Where the API can be found, for status. */
  readonly api: () => Status['api'];
  /** Default: a real speaker. */
  readonly runSpeaker?: typeof runSpeaker;
  /** Default: sessions in a thread of their own. */
  readonly bfd?: BfdPort;
}

export class Agent implements RestContext {
  readonly config: AgentConfig;
  readonly store: Store;
  readonly journal: Journal;
  readonly speaker: RunningSpeaker;
  readonly ipam: Ipam;
  readonly labels: NodeLabels;
  readonly bfd: BfdPeers;
  readonly interfacePeers: InterfacePeers;
  readonly peers: PeersReconciler;
  readonly peersLoop: ReconcileLoop;
  readonly peerRanges: PeerRangesReconciler;
  readonly peerRangesLoop: ReconcileLoop;
  readonly originated: OriginatedReconciler;
  readonly originatedLoop: ReconcileLoop;
  readonly bmp: BmpCollectorsReconciler;
  readonly bmpLoop: ReconcileLoop;
  readonly mrt: MrtFiles;
  readonly blocks: BlocksReconciler;
  readonly blocksLoop: ReconcileLoop;
  readonly garbage: GarbageCollector;
  readonly garbageLoop: ReconcileLoop;
  readonly dataplane: Dataplane;
  /** Absent where the node takes no part in a cluster. */
  readonly cluster: Cluster | undefined;
  readonly nodeDrain: NodeDrain;
  readonly dropWatch = new DropWatch(tcpMd5Counters);
  /** What of the store is of this node alone. */
  readonly own: KeptLists;
  readonly #options: AgentOptions;
  readonly #kernel: KernelSide;
  readonly #fibLoop: ReconcileLoop | undefined;
  readonly #routerId: RouterId;
  readonly #cni: CniStarter;
  readonly #nodeStatus: NodeStatusReconciler;
  readonly #startedAt = Date.now();
  readonly #startedMs = performance.now();
  #watches: readonly StoreWatch[] = [];
  /** Thousands of nodes make all blocks large: they are read once. */
  readonly #blocksRead = new PagesRead();
  #nodeWarnings: readonly string[] = [];
  #grace: NodeJS.Timeout | undefined;
  #graceOver = false;
  /** Of the records of all nodes, together for those that come together. */
  #check: NodeJS.Timeout | undefined;

  private constructor(
    options: AgentOptions,
    kernel: KernelSide,
    speaker: RunningSpeaker,
    mrt: MrtFiles,
    routerId: RouterId,
  ) {
    const { config, store, journal } = options;
    this.#options = options;
    this.config = config;
    this.store = store;
    this.journal = journal;
    this.speaker = speaker;
    this.dropWatch.follow(speaker);
    this.labels = new NodeLabels(config.node);
    this.ipam = new Ipam({
      store,
      now: steadyClock(Date.now, () => performance.now()),
      labelsOf: (node) => this.labels.of(node),
      gather: wholeTurn,
      // Before there is a watch of them.
      onBlocks: (page) => {
        if (this.#watches.length > 0) return;
        this.#blocksRead.add(page);
        options.remote?.copy.take(BLOCKS, page, (entry) => this.blocks.isOurs(entry));
        this.blocks.concerns(page);
      },
    });
    this.#kernel = kernel;
    this.#cni = new CniStarter(this, kernel);
    this.#routerId = routerId;
    this.blocks = new BlocksReconciler({
      node: config.node,
      ipam: this.ipam,
      pools: config.pools,
      claim: config.blocks,
      journal,
      ...(options.remote && {
        recall: () => options.remote!.copy.ipam(),
        recordAgain: () => options.remote!.recordAgain(this.ipam, config.node),
      }),
      onChange: () => this.#addressingChanged(),
    });
    this.bfd = new BfdPeers({
      bfd: options.bfd ?? new BfdService(config.kernel.vrf === undefined ? {} : { vrf: config.kernel.vrf }),
      speaker,
      journal,
      onHoldChange: () => this.peersLoop.trigger(),
    });
    this.nodeDrain = new NodeDrain({
      journal,
      onChange: async () => {
        await this.peersLoop.settle();
        await this.peerRangesLoop.settle();
      },
    });
    const defaults = (): PeerDefaults => ({
      asn: config.asn,
      restartTimeS: config.bgp.gracefulRestart.restartTimeS,
      library: config.library,
      drain: this.nodeDrain.phase,
      scope: {
        policy: config.importPolicy,
        defaultRoute: config.importDefaultRoute,
        pools: this.blocks.addressing.pools,
        services: this.cluster?.announcements.services ?? [],
        ownAddresses: this.cluster ? this.#ownAddresses() : [],
        ownBlocks: this.blocks.addressing.ownBlocks,
        lentAddresses: this.blocks.addressing.lent,
      },
    });
    const { node, peers: filePeers, peerRanges: fileRanges } = config;
    const { links, rtnetlink } = kernel;
    this.interfacePeers = new InterfacePeers({
      kernel: links && rtnetlink && { links, rtnetlink },
      speaker,
      journal,
      onChange: () => this.peersLoop.trigger(),
    });
    const own = new KeptLists(options.remote?.copy ?? store);
    this.own = own;
    const { bfd, interfacePeers: interfaces } = this;
    this.cluster = config.cluster && this.#makeCluster();
    const cluster = this.cluster?.sessions;
    this.peers = new PeersReconciler({
      node,
      store: own,
      speaker,
      bfd,
      interfaces,
      filePeers,
      defaults,
      ...(cluster && { cluster }),
    });
    this.peerRanges = new PeerRangesReconciler({
      node,
      store: own,
      speaker,
      fileRanges,
      defaults,
      ...(cluster && { cluster: () => cluster.ranges() }),
    });
    this.originated = new OriginatedReconciler({
      node: config.node,
      store: own,
      speaker,
      journal,
      fromFile: config.originate,
      addressing: () => this.blocks.addressing,
      services: () => this.cluster?.announcements ?? { services: [], announcedServices: [] },
    });
    this.bmp = new BmpCollectorsReconciler({
      node: config.node,
      store: own,
      speaker,
      fromFile: config.bmp,
      identity: { sysName: config.node, sysDescr: `Tortie ${VERSION}` },
    });
    this.mrt = mrt;
    this.bmpLoop = new ReconcileLoop(this.bmp, { journal });
    this.garbage = new GarbageCollector({
      node: config.node,
      ipam: this.ipam,
      store,
      journal,
      pods: () => this.cni && new Set(this.cni.pods.list().map(handleOf)),
    });
    // Half the usual grace period: whoever is gone for longer than that is seen gone twice.
    this.garbageLoop = new ReconcileLoop(this.garbage, { journal, fullRoundS: 450 });
    this.blocksLoop = new ReconcileLoop(this.blocks, { journal });
    this.peersLoop = new ReconcileLoop(this.peers, { journal, paced: true });
    this.peerRangesLoop = new ReconcileLoop(this.peerRanges, { journal, paced: true });
    this.originatedLoop = new ReconcileLoop(this.originated, { journal, paced: true });
    this.#fibLoop = kernel.fib && new ReconcileLoop(kernel.fib, { journal });
    this.#nodeStatus = new NodeStatusReconciler({
      node: config.node,
      store,
      journal,
      read: () =>
        nodeStatusOf({
          status: this.status(),
          health: this.health(),
          peers: speaker.peers(),
          originMs: performance.timeOrigin,
        }),
    });
    const identity = {
      name: config.node,
      asn: config.asn,
      routerId: routerId.text,
      ...(config.clusterId !== undefined && { clusterId: config.clusterId }),
      version: VERSION,
      startedAt: new Date(this.#startedAt).toISOString(),
      ...(config.cluster && { cluster: config.cluster.families }),
      ...(config.cluster?.labels && { labels: config.cluster.labels }),
      ...(speaker.listening[0] && { listenPort: speaker.listening[0].port }),
    };
    this.dataplane = new Dataplane({
      config,
      store,
      ipam: this.ipam,
      journal,
      kernel,
      identity,
      pods: () => this.cni?.pods.list() ?? [],
      onRecord: () => {
        if (!this.cluster) return;
        this.cluster.setOwn(this.dataplane.record);
        this.peersLoop.trigger();
      },
    });
  }

  #makeCluster(): Cluster {
    const { config, speaker, journal } = this;
    const { links, rtnetlink, gateways } = this.#kernel;
    return new Cluster({
      config,
      speaker,
      journal,
      links,
      rtnetlink,
      gateways,
      addressing: () => this.blocks.addressing,
      onChange: () => this.#addressingChanged(),
    });
  }

  /** Resolves once the sessions are being dialled. The store stays the caller's. */
  static async start(options: AgentOptions): Promise<Agent> {
    const { config, journal } = options;
    const kernel = await openKernelSide(config, journal);
    let speaker: RunningSpeaker | undefined;
    try {
      const routerId = chooseRouterId(config.routerId, kernel.addresses, config.node);
      speaker = await startSpeaker(options.runSpeaker ?? runSpeaker, config, kernel, routerId);
      followSpeaker(speaker, journal);
      const agent = new Agent(options, kernel, speaker, await MrtFiles.open(config, speaker, journal), routerId);
      kernel.attach(speaker);
      await agent.#run();
      return agent;
    } catch (error) {
      await speaker?.close();
      await kernel.close();
      throw error;
    }
  }

  async #run(): Promise<void> {
    const { config, journal } = this;
    const { remote } = this.#options;
    await this.labels.load(this.store);
    await this.blocksLoop.settle();
    // Own prefixes first: no peer gets an End-of-RIB without them and sweeps what it kept of them over our restart.
    await this.originatedLoop.settle();
    if (this.cluster) {
      await this.dataplane.recordKnown();
      await this.cluster.load(remote?.copy ?? this.store, this.dataplane.record);
      await this.cluster.loop.settle();
    }
    await this.peersLoop.settle();
    await this.peerRangesLoop.settle();
    await this.bmpLoop.settle();
    this.#fibLoop?.trigger();
    this.dataplane.trigger();
    const onNodes = (event: FollowEvent): void => {
      this.dataplane.nodesChanged(event);
      if (event.type === 'page' && event.upTo !== undefined) return;
      this.#check ??= setTimeout(() => void this.#checkNodes(), CHECK_AFTER_MS).unref();
    };
    this.garbageLoop.triggerLater();
    this.#watches = followStore({ agent: this, remote, blocksRead: this.#blocksRead, onNodes });
    await this.#cni.start();
    remote?.found();
    if (remote && !remote.reached && remote.copy.savedAt === undefined) this.fib?.postponeSweep();
    remote?.onSetBack(() => {
      this.blocks.prepareAgain();
      this.#nodeStatus.forget();
      this.dataplane.trigger();
      for (const loop of this.#loops()) loop.trigger();
    });
    remote?.onBack(() => {
      this.dataplane.trigger();
      for (const loop of this.#loops()) loop.trigger();
      // With the peers of the store in place their End-of-RIB can be waited for.
      void this.peersLoop.settle().then(() => this.fib?.resumeSweep());
      this.#cni.start().catch((error) => journal.problem('starting the CNI service failed', error));
    });
    this.#nodeStatus.start();
    this.#grace = setTimeout(() => {
      this.#graceOver = true;
    }, config.health.graceS * 1000);
    this.#grace.unref();
    journal.event({
      kind: 'agent',
      text: `node ${config.node} runs: AS ${config.asn}, router ID ${this.#routerId.text} (${this.#routerId.source})`,
    });
  }

  get restored() {
    return this.#options.remote?.restored;
  }

  get fib() {
    return this.#kernel.fib;
  }

  get links() {
    return this.#kernel.links;
  }

  /** Absent where the CNI plugin is not answered. */
  get cni() {
    return this.#cni.service;
  }

  fibSummary() {
    return this.#kernel.summary();
  }

  blockUsage() {
    return this.blocks.addressing.usage;
  }

  health(): Health {
    return agentHealth(this, this.#inside());
  }

  status(): Status {
    return agentStatus(this, this.#inside());
  }

  #inside(): AgentInside {
    return {
      kernel: this.#kernel,
      remote: this.#options.remote,
      routerId: this.#routerId,
      startedAtMs: this.#startedAt,
      startedMs: this.#startedMs,
      graceOver: this.#graceOver,
      nodeWarnings: this.#nodeWarnings,
      api: this.#options.api(),
    };
  }

  /** `graceful`: TCP closes without a Cease, so that peers keep our routes; kernel routes stay in any case. */
  async close(graceful: boolean): Promise<void> {
    clearTimeout(this.#grace);
    clearTimeout(this.#check);
    for (const watch of this.#watches) watch.close();
    await this.#cni.service?.close();
    await this.#nodeStatus.close();
    await Promise.all([...this.#loops(), this.garbageLoop].map((loop) => loop.close()));
    this.nodeDrain.close();
    await this.dataplane.close();
    await this.cluster?.close();
    await this.#fibLoop?.close();
    await this.interfacePeers.close();
    await this.mrt.close();
    // Peers hear that BFD stops, not that the path is lost: a graceful restart of ours needs no BFD to survive.
    await Promise.all([this.speaker.close({ graceful }), this.bfd.close()]);
    await this.#kernel.close();
  }

  async #checkNodes(): Promise<void> {
    this.#check = undefined;
    const warnings = findNodeConflicts(await this.dataplane.nodes.list(), this.dataplane.record);
    for (const text of warnings.filter((one) => !this.#nodeWarnings.includes(one))) {
      this.journal.event({ kind: 'agent', text }, 'warn');
    }
    this.#nodeWarnings = warnings;
  }

  /** Those that follow the store. */
  #loops(): readonly ReconcileLoop[] {
    const own = [this.blocksLoop, this.peersLoop, this.peerRangesLoop, this.originatedLoop, this.bmpLoop];
    return this.cluster ? [...own, this.cluster.loop] : own;
  }

  /** Those that other nodes reach it by; what else it has is no matter of routes between nodes. */
  #ownAddresses(): Prefix[] {
    const { ipv4Address, ipv6Address } = this.dataplane.record;
    return [ipv4Address, ipv6Address].flatMap((text) =>
      text === undefined ? [] : hostPrefix(parseAddress(text.split('/')[0]!)),
    );
  }

  #addressingChanged(): void {
    this.#kernel.fib?.setBlocks(this.blocks.addressing.blackholes);
    this.#kernel.fib?.setServices(this.cluster?.announcements.services ?? []);
    this.peersLoop.trigger();
    this.peerRangesLoop.trigger();
    this.originatedLoop.trigger();
  }
}

/** The rest of this turn of the event loop, and a whole one: what waits at the sockets has been read then. */
async function wholeTurn(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}
