/** Starts a whole agent in this process: configuration, locks, store, speaker, kernel, API. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { warmUp } from '@tortie/bgp/node';
import type { Store } from '@tortie/store';
import type { DestinationStream } from 'pino';
import { ConfigError } from '../src/config/config-error.js';
import { readConfig } from '../src/config/read-config.js';
import { Agent, type AgentOptions } from './agent.js';
import { Journal } from './journal.js';
import { createLog } from './process/log.js';
import { takePlace } from './process/own-place.js';
import { Listeners } from './rest/listeners.js';
import { TokenFile } from './rest/token.js';
import { type OpenedStore, openStore } from './store/open-store.js';

export interface RunAgentOptions {
  /** Path of the YAML file. */
  readonly configFile: string;
  /** The file's text, where it has been read already. */
  readonly configText?: string;
  /** Instead of the store of the file; stays the caller's. */
  readonly store?: Store;
  /** Where log lines go. Default: standard output. */
  readonly logDestination?: DestinationStream;
  /** Instead of a real speaker, for tests. */
  readonly runSpeaker?: AgentOptions['runSpeaker'];
  /** Instead of real BFD, for tests. */
  readonly bfd?: AgentOptions['bfd'];
}

export interface RunningAgent {
  readonly node: string;
  readonly socket: string;
  /** ADDRESS:PORT of the API over TCP, the port being the real one where 0 was asked for. */
  readonly tcp: string | undefined;
  /** Of the inside, for tests and for programs that embed an agent. */
  readonly agent: Agent;
  /**
   * `graceful` (default): TCP is closed without a Cease, so that peers with graceful restart keep our routes while the
   * agent is away; otherwise each peer gets Cease/Administrative Shutdown. Kernel routes stay in both cases.
   */
  close(options?: { readonly graceful?: boolean }): Promise<void>;
}

/** Resolves when sessions are dialled and the API answers. Throws ConfigError, AgentError, StoreError. */
export async function runAgent(options: RunAgentOptions): Promise<RunningAgent> {
  const { configFile } = options;
  const text = options.configText ?? readFile(configFile);
  const config = readConfig({ text, file: configFile, hostName: hostname() });
  const journal = new Journal(createLog(config.log.level, config.node, options.logDestination));
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const token = config.api.tokenFile === undefined ? undefined : new TokenFile(config.api.tokenFile);
    const place = takePlace({
      node: config.node,
      storePath: config.store.path,
      socket: config.api.socket,
      cniSocket: config.cni?.socket,
    });
    closers.push(() => place.release());
    const listeners = await Listeners.open(config.api);
    closers.push(() => listeners.close());
    const { store, remote }: OpenedStore = options.store ? { store: options.store } : await openStore(config, journal);
    if (!options.store) closers.push(() => store.close());
    if (remote) closers.push(() => remote.close());
    await remote?.claimName();
    const api = { socket: config.api.socket, ...(listeners.tcp !== undefined && { listen: listeners.tcp }) };
    const agent = await Agent.start({
      config,
      store,
      journal,
      ...(remote && { remote }),
      api: () => api,
      ...(options.bfd && { bfd: options.bfd }),
      ...(options.runSpeaker && { runSpeaker: options.runSpeaker }),
    });
    let graceful = true;
    closers.push(() => agent.close(graceful));
    // Loaded only here, and a turn later: the first sessions are dialled before the API's code is read.
    await setImmediate();
    const { buildRest } = await import('./rest/server.js');
    const rest = await buildRest({
      context: agent,
      isRemote: (request) => listeners.isRemote(request),
      token,
      requestTimeoutS: config.api.requestTimeoutS,
    });
    closers.push(() => rest.close());
    listeners.serve((request, response) => rest.routing(request, response));
    journal.log.info(api, 'the API answers');
    if (config.bgp.warmUp) void warmUp().catch((error) => journal.problem('the warm-up failed', error));
    return {
      node: config.node,
      socket: config.api.socket,
      tcp: listeners.tcp,
      agent,
      async close(how = {}) {
        graceful = how.graceful ?? true;
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const detail =
      code === 'ENOENT'
        ? 'there is no such file; name another with -c FILE'
        : code === 'EACCES'
          ? 'you may not read this file'
          : message;
    throw new ConfigError([{ file, line: 1, column: 1, pointer: '', detail }], { cause });
  }
}
