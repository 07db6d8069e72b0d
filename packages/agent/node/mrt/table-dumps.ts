/**
 * Dumps of the tables: at times, or when somebody asks. Each is written in pieces of some milliseconds under a name of its
 * own and gets its real one when it is whole, so that whoever reads the directory sees whole dumps alone.
 */

import { mkdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TableDumpWriter } from '@tortie/bgp';
import { MrtOutput } from '@tortie/bgp/mrt/node';
import type { RunningSpeaker } from '@tortie/bgp/node';
import { counted } from '@tortie/ip';
import type { MrtDump, MrtDumpConfig, MrtStatus } from '../../src/api/mrt.js';
import { AgentError } from '../../src/errors.js';
import { fileNameMatcher, formatFileName, nextMultiple } from '../../src/mrt/file-pattern.js';
import type { Journal } from '../journal.js';
import { removeOldFiles } from './retention.js';

/** Longest piece of work on the tables between two turns of the event loop. */
const SLICE_MS = 5;
const SLICE_PREFIXES = 128;
/** setTimeout takes no more. */
const MAX_WAIT_MS = 2 ** 31 - 1;

export interface TableDumpsOptions {
  readonly config: Required<Omit<MrtDumpConfig, 'keepHours'>> & Pick<MrtDumpConfig, 'keepHours'>;
  readonly node: string;
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
}

export class TableDumps {
  readonly #options: TableDumpsOptions;
  #timer: NodeJS.Timeout | undefined;
  #nextAtMs: number | undefined;
  #running: Promise<MrtDump> | undefined;
  #last: MrtDump | undefined;
  #error: string | undefined;
  #done = 0;
  #failed = 0;
  #closed = false;

  constructor(options: TableDumpsOptions) {
    this.#options = options;
    this.#schedule();
  }

  #schedule(): void {
    const { intervalS } = this.#options.config;
    if (intervalS === 0 || this.#closed) return;
    const nowMs = Date.now();
    this.#nextAtMs ??= nextMultiple(nowMs, intervalS);
    this.#timer = setTimeout(
      () => {
        if (Date.now() < this.#nextAtMs!) {
          this.#schedule();
          return;
        }
        this.#nextAtMs = undefined;
        this.#schedule();
        // What failed is in the status and the journal.
        if (!this.#running) void this.dump().catch(() => {});
      },
      Math.min(this.#nextAtMs - nowMs, MAX_WAIT_MS),
    );
    this.#timer.unref();
  }

  /** One now. Throws AgentError where one is under way already, or it cannot be written. */
  async dump(): Promise<MrtDump> {
    if (this.#running) throw new AgentError('ERR_AGENT_SESSION', 'a dump is under way already; wait for its end');
    if (this.#closed) throw new AgentError('ERR_AGENT_UNAVAILABLE', 'the agent is ending');
    const { journal } = this.#options;
    this.#running = this.#write();
    try {
      const dump = await this.#running;
      this.#last = dump;
      this.#error = undefined;
      this.#done++;
      journal.event({
        kind: 'mrt',
        text: `table dump ${dump.file}: ${counted(dump.routes, 'route')} in ${dump.durationMs} ms`,
      });
      return dump;
    } catch (error) {
      const { message } = error as Error;
      this.#error = message;
      this.#failed++;
      journal.event({ kind: 'mrt', text: 'a table dump failed', cause: message }, 'warn');
      throw new AgentError('ERR_AGENT_UNAVAILABLE', `the dump could not be written: ${message}`, { cause: error });
    } finally {
      this.#running = undefined;
    }
  }

  async #write(): Promise<MrtDump> {
    const { config, node, speaker } = this.#options;
    const { directory, gzip } = config;
    const startMs = Date.now();
    await mkdir(directory, { recursive: true });
    const name = `${formatFileName(config.file, startMs)}${gzip ? '.gz' : ''}`;
    const temporary = join(directory, `.${process.pid}.part.${name}`);
    const output = new MrtOutput(temporary);
    try {
      const dump = speaker.tableDump({
        timestampS: Math.floor(startMs / 1000),
        collectorId: speaker.routerId,
        viewName: node,
        routes: config.routes,
      });
      await this.#pull(dump, output);
      await output.close();
      const file = join(directory, name);
      await rename(temporary, file);
      const { keep, keepHours } = config;
      await removeOldFiles(
        { directory, matcher: fileNameMatcher(config.file, gzip), keep, keepHours },
        Date.now(),
        name,
      );
      const { prefixes, routes } = dump;
      const startedAt = new Date(startMs).toISOString();
      return { file, startedAt, durationMs: Date.now() - startMs, prefixes, routes, octets: output.octets };
    } catch (error) {
      await output.close().catch(() => {});
      await unlink(temporary).catch(() => {});
      throw error;
    }
  }

  async #pull(dump: TableDumpWriter, output: MrtOutput): Promise<void> {
    let startMs = performance.now();
    for (;;) {
      const octets = dump.next(SLICE_PREFIXES);
      if (!octets) return;
      if (this.#closed) throw new Error('the agent is ending');
      if (octets.length > 0) output.write(octets);
      const pausing = output.pause();
      if (pausing) await pausing;
      else if (performance.now() - startMs < SLICE_MS) continue;
      else await nextTurn();
      startMs = performance.now();
    }
  }

  status(): NonNullable<MrtStatus['dumps']> {
    return {
      directory: this.#options.config.directory,
      done: this.#done,
      failed: this.#failed,
      running: this.#running !== undefined,
      ...(this.#last && { last: this.#last }),
      ...(this.#nextAtMs !== undefined && { nextAt: new Date(this.#nextAtMs).toISOString() }),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** A dump under way is given up. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => {});
  }
}
