/** The MRT files that the configuration asks for. */
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { MrtDump, MrtStatus } from '../../src/api/mrt.js';
import type { AgentConfig } from '../../src/config/config.js';
import { AgentError } from '../../src/errors.js';
import type { Journal } from '../journal.js';
import { TableDumps } from './table-dumps.js';
import { UpdateLog } from './update-log.js';

export class MrtFiles {
  readonly #dumps: TableDumps | undefined;
  readonly #updates: UpdateLog | undefined;

  constructor({ mrt, node }: Pick<AgentConfig, 'mrt' | 'node'>, speaker: RunningSpeaker, journal: Journal) {
    this.#dumps = mrt?.dumps && new TableDumps({ config: mrt.dumps, node, speaker, journal });
    this.#updates = mrt?.updates && new UpdateLog({ config: mrt.updates, speaker, journal });
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
        ? [`${updates.dropped} records are missing in the MRT update log; the disk did not take them.`]
        : []),
    ];
  }

  async close(): Promise<void> {
    await Promise.all([this.#dumps?.close(), this.#updates?.close()]);
  }
}
