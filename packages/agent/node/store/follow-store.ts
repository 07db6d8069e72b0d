/** Wakes the loops for what changes in the store, and keeps the copy of a store on other hosts true. */
import type { FollowEvent, PagesRead } from '@tortie/store';
import {
  BLOCKS,
  bmpPrefix,
  NODES,
  originatedPrefix,
  peerPrefix,
  peerRangePrefix,
  servicePrefix,
} from '../../src/store/keys.js';
import type { Agent } from '../agent.js';
import type { RemoteStore } from './remote-store.js';
import { type StoreWatch, watchStore } from './store-watch.js';

/**
 * Address management learns what changed when it is asked for something, which a node may not do for minutes. So that it never has to list all
 * blocks again for that, it is asked after so many changes: a store keeps the last megabytes of them, and each may have 15 kB.
 */
const BLOCKS_AT_ONCE = 100;

export interface FollowStoreOptions {
  readonly agent: Agent;
  readonly remote: RemoteStore | undefined;
  /** Pages of blocks that were told already. */
  readonly blocksRead: PagesRead;
  /** The record of some node changed. */
  readonly onNodes: (event: FollowEvent) => void;
}

export function followStore({ agent, remote, blocksRead, onNodes }: FollowStoreOptions): readonly StoreWatch[] {
  const { config, store, journal, blocks, ipam } = agent;
  let blocksChanged = 0;
  const { node } = config;
  const watch = (prefix: string, onChange: (event: FollowEvent) => void, read?: PagesRead): StoreWatch =>
    watchStore({ store, prefix, journal, onChange, ...(read && { read }) });
  /** Of what this node goes by. */
  const own = (prefix: string, onChange: (event: FollowEvent) => void, read?: PagesRead): StoreWatch =>
    watch(
      prefix,
      (event) => {
        remote?.copy.take(prefix, event, (entry) => blocks.isOurs(entry));
        onChange(event);
      },
      read,
    );
  /** Of it alone: what it listed of that counts no more. */
  const listed = (prefix: string, loop: { trigger(): void }): StoreWatch =>
    own(prefix, () => {
      agent.own.forget(prefix);
      loop.trigger();
    });
  const onAddressing = (event: FollowEvent): void => {
    if (blocks.concerns(event)) agent.blocksLoop.trigger();
  };
  const cluster = (agent.cluster?.watches ?? []).map(([prefix, take]): [string, (event: FollowEvent) => void] => [
    prefix,
    (event) => {
      take(event);
      if (prefix === NODES) onNodes(event);
    },
  ]);
  return [
    listed(peerPrefix(node), agent.peersLoop),
    listed(peerRangePrefix(node), agent.peerRangesLoop),
    listed(originatedPrefix(node), agent.originatedLoop),
    listed(servicePrefix(node), agent.originatedLoop),
    listed(bmpPrefix(node), agent.bmpLoop),
    own('/ipam/pools/', (event) => {
      onAddressing(event);
      agent.dataplane.poolsChanged();
    }),
    own(`/ipam/affinities/${node}/`, onAddressing),
    own(
      BLOCKS,
      (event) => {
        if (event.type !== 'page' && ++blocksChanged % BLOCKS_AT_ONCE === 0) void ipam.pools.list().catch(() => {});
        onAddressing(event);
        agent.dataplane.blocksChanged(event);
      },
      blocksRead,
    ),
    ...cluster.map(([prefix, take]) => own(prefix, take)),
    watch(agent.labels.key, (event) => {
      if (agent.labels.take(event)) agent.blocksLoop.trigger();
    }),
    ...(agent.cluster ? [] : [watch(NODES, onNodes)]),
  ];
}
