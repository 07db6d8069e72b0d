/** What the REST resources may touch of the agent. */
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { IpamApi } from '@tortie/ipam';
import type { Store } from '@tortie/store';
import type { FibSummary } from '../../src/api/fib.js';
import type { Health, Status } from '../../src/api/status.js';
import type { AgentConfig } from '../../src/config/config.js';
import type { BlockUsage } from '../../src/ipam/addressing.js';
import type { Cluster } from '../cluster/cluster.js';
import type { GarbageCollector } from '../ipam/garbage-collector.js';
import type { Journal } from '../journal.js';
import type { Dataplane } from '../kernel/dataplane.js';
import type { MrtFiles } from '../mrt/mrt-files.js';
import type { CniService } from '../pods/cni-service.js';
import type { BlocksReconciler } from '../reconcilers/blocks.js';
import type { BmpCollectorsReconciler } from '../reconcilers/bmp-collectors.js';
import type { FibReconciler } from '../reconcilers/fib.js';
import type { Links } from '../reconcilers/links.js';
import type { OriginatedReconciler } from '../reconcilers/originated.js';
import type { PeerRangesReconciler } from '../reconcilers/peer-ranges.js';
import type { PeersReconciler } from '../reconcilers/peers.js';
import type { ReconcileLoop } from '../reconcilers/reconcile-loop.js';
import type { BfdPeers } from '../sessions/bfd-peers.js';
import type { DropWatch } from '../sessions/drop-watch.js';
import type { InterfacePeers } from '../sessions/interface-peers.js';
import type { NodeDrain } from '../sessions/node-drain.js';
import type { Restored } from '../store/remote-store.js';

export interface RestContext {
  readonly config: AgentConfig;
  readonly store: Store;
  readonly speaker: RunningSpeaker;
  readonly ipam: IpamApi;
  readonly journal: Journal;
  readonly peers: PeersReconciler;
  readonly peersLoop: ReconcileLoop;
  readonly peerRanges: PeerRangesReconciler;
  readonly peerRangesLoop: ReconcileLoop;
  readonly originated: OriginatedReconciler;
  readonly originatedLoop: ReconcileLoop;
  readonly bmp: BmpCollectorsReconciler;
  readonly bmpLoop: ReconcileLoop;
  readonly mrt: MrtFiles;
  readonly blocksLoop: ReconcileLoop;
  readonly garbage: GarbageCollector;
  readonly dataplane: Pick<
    Dataplane,
    'record' | 'nodes' | 'dropped' | 'routeProblems' | 'takenFrom' | 'wireguard' | 'rotateWireguardKey'
  >;
  readonly blocks: Pick<BlocksReconciler, 'addressing'>;
  readonly nodeDrain: NodeDrain;
  /** Absent where the node takes no part in a cluster. */
  readonly cluster: Cluster | undefined;
  readonly dropWatch: DropWatch;
  readonly bfd: BfdPeers;
  readonly interfacePeers: InterfacePeers;
  /** Absent where this node programs nothing. */
  readonly fib: FibReconciler | undefined;
  readonly links: Links | undefined;
  /** Absent where the CNI plugin is not answered. */
  readonly cni: Pick<CniService, 'pods' | 'calls'> | undefined;
  /** What became of the store when it was restored from an older copy; undefined: it was not. */
  readonly restored: Restored | undefined;
  status(): Status;
  health(): Health;
  fibSummary(): FibSummary;
  /** Own blocks and their addresses, from memory. */
  blockUsage(): readonly BlockUsage[];
}
