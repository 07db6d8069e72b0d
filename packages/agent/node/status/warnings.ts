/** What an operator should know of the node, as sentences; empty where all is well. */
import { counted } from '@tortie/ip';
import type { Agent } from '../agent.js';
import type { KernelSide } from '../kernel/kernel-side.js';
import type { RemoteStore } from '../store/remote-store.js';
import type { StoreRoom } from '../store/store-room.js';

export interface WarningsOptions {
  readonly agent: Pick<
    Agent,
    'nodeDrain' | 'cluster' | 'peers' | 'peerRanges' | 'blocks' | 'mrt' | 'cni' | 'dataplane' | 'garbage'
  >;
  readonly kernel: Pick<KernelSide, 'programming' | 'summary'>;
  readonly remote: RemoteStore | undefined;
  /** Of an embedded store. */
  readonly room: StoreRoom | undefined;
  /** What looks wrong when the nodes are put side by side. */
  readonly nodes: readonly string[];
}

export function warningsOf({ agent, kernel, remote, room, nodes }: WarningsOptions): string[] {
  const warnings = [...nodes];
  if (kernel.programming.state === 'failed') {
    const { reason } = kernel.programming;
    warnings.push(`This node programs nothing into the kernel: ${reason}. It speaks BGP and serves this API.`);
  }
  if (room?.warning !== undefined) warnings.push(room.warning);
  const { phase } = agent.nodeDrain;
  if (phase === 'draining')
    warnings.push('This node drains: its routes are for graceful shutdown; back with "tortie undrain".');
  if (phase === 'withdrawn') warnings.push('This node is drained: it announces nothing; back with "tortie undrain".');
  warnings.push(...(remote?.warnings() ?? []));
  warnings.push(...(agent.cluster?.warnings() ?? []));
  for (const { spec, error } of agent.peers.list()) {
    if (error !== undefined) warnings.push(`Peer "${spec.name}" is not applied: ${error}`);
  }
  for (const { spec, error } of agent.peerRanges.list()) {
    if (error !== undefined) warnings.push(`Peer range "${spec.name}" is not applied: ${error}`);
  }
  if (agent.blocks.problem !== undefined) warnings.push(agent.blocks.problem);
  for (const text of agent.garbage.findings)
    warnings.push(`Address management is damaged: ${text}; see tortie ipam check.`);
  const strangers = agent.cni?.pods.strangers.length ?? 0;
  if (strangers > 0)
    warnings.push(
      `${counted(strangers, 'pod of this node runs', 'pods of this node run')} with addresses that the store does not know and may give away again: see "tortie doctor".`,
    );
  const amiss = agent.cni?.pods.problems.count ?? 0;
  if (amiss > 0) warnings.push(`Something is wrong with ${counted(amiss, 'pod')} of this node: see "tortie doctor".`);
  if (agent.cni?.problem !== undefined) warnings.push(agent.cni.problem);
  warnings.push(...agent.dataplane.warnings());
  const { failed } = kernel.summary();
  if (failed > 0)
    warnings.push(`${counted(failed, 'route is', 'routes are')} not in the kernel: see "tortie routes --fib".`);
  warnings.push(...agent.mrt.warnings());
  return warnings;
}
