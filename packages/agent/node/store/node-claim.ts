/**
 * Makes sure that no agent on another host has this node's name on the same store: a key that is there as long as the agent.
 * On one host the lock of own-place.ts does that. An agent that was killed finds its own claim again and takes it over.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Hold, type HoldingStore, isConflict, isUnavailable } from '@tortie/store';
import { AgentError } from '../../src/errors.js';
import { aliveKey } from '../../src/store/keys.js';
import type { Journal } from '../journal.js';

/** How long a claim lasts without its agent. */
const TTL_S = 15;

interface Claim {
  /** Of the directory `store.path`, drawn once. */
  readonly instance: string;
  readonly host: string;
  readonly since: string;
}

export interface NodeClaimOptions {
  readonly store: HoldingStore;
  readonly node: string;
  /** The agent's directory on this host. */
  readonly path: string;
  readonly journal: Journal;
}

export class NodeClaim {
  readonly #options: NodeClaimOptions;
  readonly #claim: Claim;
  #hold: Hold | undefined;
  #problem: string | undefined;
  #taking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #released = false;

  constructor(options: NodeClaimOptions) {
    this.#options = options;
    this.#claim = { instance: instanceOf(options.path), host: hostname(), since: new Date().toISOString() };
  }

  /** That another agent has the name, as a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Throws ERR_AGENT_RUNNING where another agent has the name, or StoreError. */
  async take(): Promise<void> {
    const { store, node } = this.#options;
    const key = aliveKey(node);
    while (!this.#hold) {
      const present = await store.get(key);
      const other = present?.value as Claim | undefined;
      if (other && other.instance !== this.#claim.instance) {
        throw new AgentError(
          'ERR_AGENT_RUNNING',
          `another agent is running as node "${node}" on host ${other.host} since ${other.since}; stop it, or give this one another name with "node:" (the name is free ${TTL_S} s after an agent was killed)`,
        );
      }
      try {
        const hold = await store.hold(key, this.#claim, {
          ttlS: TTL_S,
          ...(present && { revision: present.revision }),
        });
        this.#hold = hold;
        void hold.lost.then(() => {
          this.#hold = undefined;
          this.retake();
        });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }

  /** Takes it again where it was lost or could not be had so far; who has the name meanwhile is told, and asked again later. */
  retake(): void {
    if (this.#released || this.#hold) return;
    this.#taking ??= this.#tryTake().finally(() => {
      this.#taking = undefined;
    });
  }

  async release(): Promise<void> {
    this.#released = true;
    clearTimeout(this.#timer);
    await this.#taking;
    // Where the store is away the claim ends by itself.
    await this.#hold?.release().catch(() => {});
  }

  async #tryTake(): Promise<void> {
    const { journal } = this.#options;
    try {
      await this.take();
      this.#problem = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (isUnavailable(error)) return;
      if (message !== this.#problem) journal.event({ kind: 'agent', text: message }, 'error');
      this.#problem = message;
      this.#timer = setTimeout(() => this.retake(), TTL_S * 1000);
      this.#timer.unref();
    }
  }
}

/** What tells this directory from those of other hosts. */
function instanceOf(path: string): string {
  const file = join(path, 'instance');
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const instance = randomBytes(16).toString('hex');
  writeFileSync(file, `${instance}\n`, { mode: 0o600 });
  return instance;
}
