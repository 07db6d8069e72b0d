/** The store of a configuration as a file, and back: a copy to keep, and the way from one backend to the other. */
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { tryLockFile } from '@tortie/linux/node';
import { type Dump, dumpLines, type Imported, importEntries, parseDump, type Store } from '@tortie/store';
import type { AgentConfig } from '../../src/config/config.js';
import { readConfig } from '../../src/config/read-config.js';
import { AgentError } from '../../src/errors.js';
import { ALIVE, nameIn, UNWATCHED } from '../../src/store/keys.js';

const configOf = (file: string): AgentConfig =>
  readConfig({ text: readFileSync(file, 'utf8'), file, hostName: hostname() });

/** Where the store of a configuration is, in words. */
export const placeOf = ({ store: { path, etcd } }: AgentConfig): string =>
  etcd ? `etcd at ${etcd.endpoints.join(', ')} below ${etcd.prefix}` : path;

async function withStore<T>(config: AgentConfig, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open(config);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function open({ store: { path, etcd } }: AgentConfig): Promise<Store> {
  if (!etcd) return (await import('@tortie/store/node')).openLmdbStore(path);
  const { timeoutS, ...options } = etcd;
  return (await import('@tortie/store/etcd')).openEtcdStore({
    ...options,
    timeoutMs: timeoutS * 1000,
    unwatched: UNWATCHED,
  });
}

const isAlive = (key: string): boolean => key.startsWith(ALIVE);

export interface ExportedStore {
  readonly place: string;
  readonly revision: number;
  readonly entries: number;
}

/** All of the store at one moment, agents may run meanwhile; which of them run is left out. Throws ConfigError, StoreError. */
export async function exportStore(configFile: string, write: (line: string) => void): Promise<ExportedStore> {
  const config = configOf(configFile);
  const { entries, revision } = await withStore(config, (store) => store.list('/'));
  const kept = entries.filter(({ key }) => !isAlive(key));
  const dump: Dump = { revision, at: new Date().toISOString(), entries: kept };
  for (const line of dumpLines(dump)) write(line);
  return { place: placeOf(config), revision, entries: kept.length };
}

export interface ImportedStore extends Imported {
  readonly place: string;
  /** When the file was made. */
  readonly at: string;
}

/**
 * Puts an exported store into the empty one of a configuration. Throws ConfigError, StoreError, and ERR_AGENT_RUNNING while an
 * agent uses the store.
 */
export async function importStore(configFile: string, text: string): Promise<ImportedStore> {
  const { at, entries } = parseDump(text);
  const config = configOf(configFile);
  return withStore(config, async (store) => {
    const running = config.store.etcd
      ? (await store.list(ALIVE)).entries.map(({ key }) => nameIn(ALIVE, key))
      : agentsOn(config.store.path);
    if (running.length > 0) {
      throw new AgentError(
        'ERR_AGENT_RUNNING',
        `agents use the store (${running.join(', ')}): stop them first, or they would see a half of it`,
      );
    }
    const kept = entries.filter(({ key }) => !isAlive(key));
    return { place: placeOf(config), at, ...(await importEntries(store, kept, isAlive)) };
  });
}

/** Nodes whose agents have the directory of an embedded store. */
function agentsOn(path: string): string[] {
  const running: string[] = [];
  for (const file of readdirSync(path)) {
    const node = /^agent-(.*)\.lock$/.exec(file)?.[1];
    if (node === undefined) continue;
    const lock = tryLockFile(join(path, file));
    if (lock) lock.release();
    else running.push(node);
  }
  return running;
}
