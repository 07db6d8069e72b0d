/**
 * Takes a node out of the cluster for good: what it says of itself goes, what the operator said of it, and what was added to it
 * at run time. Its sessions go with its record; its addresses and blocks are garbage from then on. Resources that name it, like
 * a BGPPeer with `node:`, are the operator's and stay.
 */
import { resourceKey } from '@tortie/cluster';
import type { Store } from '@tortie/store';
import type { AgentConfig } from '../../src/config/config.js';
import {
  aliveKey,
  bmpPrefix,
  nodeKey,
  originatedPrefix,
  peerPrefix,
  peerRangePrefix,
  servicePrefix,
} from '../../src/store/keys.js';
import { isPlaceTaken } from '../process/own-place.js';

/** Why a node may not be taken out, as a sentence; undefined: no agent runs by its name, as far as the store and this host tell. */
export async function whyAlive(
  store: Store,
  { node, store: { path } }: Pick<AgentConfig, 'node' | 'store'>,
  name: string,
): Promise<string | undefined> {
  if (name === node) return `"${name}" is this node, which runs`;
  const claim = (await store.get(aliveKey(name)))?.value as { readonly host?: string } | undefined;
  if (!claim && !isPlaceTaken(path, name)) return undefined;
  const host = claim?.host === undefined ? '' : ` on host ${claim.host}`;
  return `an agent runs as node "${name}"${host}; stop it first`;
}

/** True where there was anything. Throws a conflict where something of it has changed meanwhile. */
export async function removeNode(store: Store, name: string): Promise<boolean> {
  let removed = false;
  const remove = async (key: string, revision: number): Promise<void> => {
    await store.delete(key, revision);
    removed = true;
  };
  const own = [peerPrefix, peerRangePrefix, originatedPrefix, servicePrefix, bmpPrefix];
  for (const prefix of own.map((prefixOf) => prefixOf(name))) {
    for (const { key, revision } of (await store.list(prefix)).entries) await remove(key, revision);
  }
  // Last, so that who is disturbed in the middle can ask again.
  for (const key of [resourceKey('nodestatuses', name), resourceKey('nodes', name), nodeKey(name)]) {
    const entry = await store.get(key);
    if (entry) await remove(key, entry.revision);
  }
  return removed;
}
