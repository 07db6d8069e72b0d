/** The MRT files that the configuration asks for. */

import type { RunningSpeaker } from '@tortie/bgp/node';
import { counted } from '@tortie/ip';
import type { MrtDump, MrtStatus } from '../../src/api/mrt.js';
import type { AgentConfig } from '../../src/config/config.js';
import { AgentError } from '../../src/errors.js';
import type { Journal } from '../journal.js';
import type { TableDumps } from './table-dumps.js';
import type { UpdateLog } from './update-log.js';

export class MrtFiles {
  readonly #dumps: TableDumps | undefined;
  readonly #updates: UpdateLog | undefined;

  private constructor(dumps: TableDumps | undefined, updates: UpdateLog | undefined) {
    this.#dumps = dumps;
    this.#updates = updates;
  }

  /** Loads what writes files only where there are some to write: an agent without them starts sooner. */
  static async open(
    { mrt, node }: Pick<AgentConfig, 'mrt' | 'node'>,
    speaker: RunningSpeaker,
    journal: Journal,
  ): Promise<MrtFiles> {
    let dumps: TableDumps | undefined;
    let updates: UpdateLog | undefined;
    if (mrt?.dumps)
      dumps = new (await import('./table-dumps.js')).TableDumps({ config: mrt.dumps, node, speaker, journal });
    if (mrt?.updates)
      updates = new (await import('./update-log.js')).UpdateLog({ config: mrt.updates, speaker, journal });
    return new MrtFiles(dumps, updates);
  }

  /** Makes a table dump now. Throws AgentError. */
  async dump(): Promise<MrtDump> {
    if (this.#dumps) return this.#dumps.dump();
    throw new AgentError(
      'ERR_AGENT_SESSION',
      'there is nowhere to put it; give mrt.dumps.directory in the configuration',
    );
  }

  status(): MrtStatus {
    return {
      ...(this.#dumps && { dumps: this.#dumps.status() }),
      ...(this.#updates && { updates: this.#updates.status() }),
    };
  }

  /** Sentences about what does not work. */
  warnings(): string[] {
    const { dumps, updates } = this.status();
    return [
      ...(dumps?.error === undefined ? [] : [`The last MRT table dump failed: ${dumps.error}`]),
      ...(updates?.error === undefined ? [] : [`The MRT update log is not written: ${updates.error}`]),
      ...(updates !== undefined && updates.dropped > 0
        ? [
            `${counted(updates.dropped, 'record is', 'records are')} missing in the MRT update log; the disk did not take them.`,
          ]
        : []),
    ];
  }

  async close(): Promise<void> {
    await Promise.all([this.#dumps?.close(), this.#updates?.close()]);
  }
}
