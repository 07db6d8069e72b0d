/**
 * Sessions that a held change would end, in a file beside the agent: one that is started anew holds them again, also while the
 * store is away. There only while something is held.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Session } from '@tortie/cluster';
import type { Journal } from '../journal.js';

/** Raised when a reader of the former layout would misread the new one. */
const FORMAT = 1;

interface HeldFile {
  readonly format: number;
  readonly sessions: readonly Session[];
}

export class HeldSessions {
  readonly #file: string;
  readonly #journal: Journal;
  #written = '[]';

  constructor(file: string, journal: Journal) {
    this.#file = file;
    this.#journal = journal;
  }

  /** What a former run held. What cannot be read is told, and holds nothing. */
  load(): readonly Session[] {
    try {
      const { format, sessions } = JSON.parse(readFileSync(this.#file, 'utf8')) as HeldFile;
      if (format !== FORMAT) throw new Error(`it has format ${format}, this program knows format ${FORMAT}`);
      if (!sessions.every(({ name, origin }) => typeof name === 'string' && typeof origin?.type === 'string')) {
        throw new Error('it has something else than sessions');
      }
      this.#written = JSON.stringify(sessions);
      return sessions;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#journal.problem(`what changes were held (${this.#file}) cannot be read`, error as Error);
      }
      return [];
    }
  }

  /** Nothing is written where nothing changed. */
  save(sessions: readonly Session[]): void {
    const text = JSON.stringify(sessions);
    if (text === this.#written) return;
    try {
      if (sessions.length === 0) rmSync(this.#file, { force: true });
      else {
        const content: HeldFile = { format: FORMAT, sessions };
        writeFileSync(`${this.#file}.new`, JSON.stringify(content), { mode: 0o600 });
        renameSync(`${this.#file}.new`, this.#file);
      }
      this.#written = text;
    } catch (error) {
      const { message } = error as Error;
      const consequence = 'an agent that is started anew would not hold these sessions';
      this.#journal.problem(`what is held cannot be written to ${this.#file}; ${consequence}`, new Error(message));
    }
  }
}
