/**
 * Sessions of the cluster that this node has, in a file beside the agent: one that is started anew knows by it what it would lose,
 * also by a change that was made while it did not run, and also while the store is away.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { OpenSession, Session } from '@tortie/cluster';
import type { Journal } from '../journal.js';

/** Raised when a reader of the former layout would misread the new one. */
const FORMAT = 1;
/** Sessions that come up together are written together. */
const SAVE_AFTER_MS = 1_000;

export interface KeptContent {
  /** Those that are up, and those that are held. */
  readonly sessions: readonly Session[];
  readonly open: readonly OpenSession[];
  /** Of both, names of those that stay only because they are held: as they were. */
  readonly held: readonly string[];
}

const NOTHING: KeptContent = { sessions: [], open: [], held: [] };

export class KeptSessions {
  readonly #file: string;
  readonly #journal: Journal;
  readonly #content: () => KeptContent;
  #written = JSON.stringify({ format: FORMAT, ...NOTHING });
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `content`: what there is to keep, asked when it is written. */
  constructor(file: string, journal: Journal, content: () => KeptContent) {
    this.#file = file;
    this.#journal = journal;
    this.#content = content;
  }

  /** Of a former run. What cannot be read is told, and is nothing. */
  load(): KeptContent {
    try {
      const text = readFileSync(this.#file, 'utf8');
      const { format, ...content } = JSON.parse(text) as KeptContent & { readonly format: number };
      if (format !== FORMAT) throw new Error(`it has format ${format}, this program knows format ${FORMAT}`);
      const { sessions, open, held } = content;
      const isSession = ({ name, origin }: Session | OpenSession): boolean =>
        typeof name === 'string' && typeof origin?.type === 'string';
      if (![...sessions, ...open].every(isSession) || !Array.isArray(held)) {
        throw new Error('it has something else than sessions');
      }
      this.#written = text;
      return { sessions, open, held };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#journal.problem(`which sessions this node had (${this.#file}) cannot be read`, error as Error);
      }
      return NOTHING;
    }
  }

  saveSoon(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  close(): void {
    this.save();
    this.#closed = true;
  }

  /** Nothing is written where nothing changed. */
  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = JSON.stringify({ format: FORMAT, ...this.#content() });
    if (text === this.#written) return;
    try {
      writeFileSync(`${this.#file}.new`, text, { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
      this.#written = text;
    } catch (error) {
      const { message } = error as Error;
      const consequence = 'an agent that is started anew would not know which sessions it had';
      this.#journal.problem(`${this.#file} cannot be written; ${consequence}`, new Error(message));
    }
  }
}
