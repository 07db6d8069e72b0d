/**
 * What this node needs of a store on other hosts, kept in a file beside the agent: with it the node peers and announces also
 * while the store is away, even if the agent was started meanwhile. It is fed by the agent's watches and only read where the
 * store does not answer; nothing is ever written back from it.
 */
import { writeFileSync } from 'node:fs';
import type { IpamApi } from '@tortie/ipam';
import { type Entry, type FollowEvent, goneIn, isUnavailable, type Listing } from '@tortie/store';
import { servicePrefix } from '../../src/store/keys.js';
import type { Lister } from '../reconcilers/desired.js';
import { ipamOf } from './after-restore.js';
import { CopyFile, readCopyFile, type SavedCopy, savedCopy } from './copy-file.js';

/** Changes that come together are written together. */
const SAVE_AFTER_MS = 200;

export interface StoreCopyOptions {
  readonly node: string;
  readonly store: Lister & { readonly position: string | undefined };
  readonly file: string;
  /** What a former run left there. */
  readonly former: SavedCopy | undefined;
  /** The file cannot be written; the agent goes on without it. */
  readonly onProblem: OnProblem;
}

type OnProblem = (text: string, error: Error) => void;

/** Undefined where there is no copy, or none that can be read. */
export function readCopy(file: string, onProblem: OnProblem): SavedCopy | undefined {
  try {
    return readCopyFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      onProblem(`the copy of the store in ${file} cannot be read`, error as Error);
    }
    return undefined;
  }
}

export class StoreCopy implements Lister {
  readonly #options: StoreCopyOptions;
  readonly #file: CopyFile;
  readonly #entries = new Map<string, Entry>();
  /** Since it was saved; undefined: gone. */
  #changed = new Map<string, Entry | undefined>();
  #savedAt: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What was known before the store went back, until this node's part is recorded again. */
  #frozen: readonly Entry[] | undefined;

  constructor(options: StoreCopyOptions) {
    this.#options = options;
    this.#file = new CopyFile(options.file);
    for (const entry of options.former?.entries ?? []) this.#entries.set(entry.key, entry);
    this.#savedAt = options.former?.savedAt;
  }

  /** When the copy was written last; undefined: there is none. */
  get savedAt(): string | undefined {
    return this.#savedAt;
  }

  /** Of the store; while it does not answer, of the copy, at revision 0. */
  async list(prefix: string): Promise<Listing> {
    try {
      const listing = await this.#options.store.list(prefix);
      // So that no service is withdrawn for a moment that this node is about to say again.
      const isSaidAgain = this.#frozen && prefix === servicePrefix(this.#options.node);
      return isSaidAgain ? { entries: below(prefix, this.#frozen!), revision: 0 } : listing;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { entries: below(prefix, this.#entries.values()), revision: 0 };
    }
  }

  /** Address management as the copy knows it: to read this node's part only. */
  ipam(): Promise<IpamApi> {
    return ipamOf(this.#entries.values());
  }

  /**
   * The store went back: gives what this node knew, and keeps it in the file until `thaw`, so that a run that is cut off before
   * leaves it to the next. It is kept in a file of its own besides, for the operator.
   */
  freeze(): readonly Entry[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { file, onProblem } = this.#options;
    const entries = [...this.#entries.values()];
    this.#frozen = entries;
    try {
      writeFileSync(this.fileBefore, JSON.stringify(savedCopy(entries)), { mode: 0o600 });
    } catch (error) {
      onProblem(`what was known before the store went back cannot be kept in ${file}`, error as Error);
    }
    return entries;
  }

  thaw(): void {
    this.#frozen = undefined;
    this.#saveSoon();
  }

  /** What this node knew before the store went back, as `freeze` left it. */
  get fileBefore(): string {
    return this.#options.file.replace(/\.json$/, '-before-restore.json');
  }

  /** Takes note of what a watch of `prefix` tells; `matters` says whether an entry concerns this node. */
  take(prefix: string, event: FollowEvent, matters: (entry: Entry) => boolean = () => true): void {
    if (event.type === 'page') {
      const known = [...this.#entries.keys()].filter((key) => key.startsWith(prefix));
      for (const key of goneIn(event, known)) this.#drop(key);
      for (const entry of event.entries) {
        if (matters(entry)) this.#put(entry);
        else this.#drop(entry.key);
      }
    } else if (event.type === 'put' && matters(event)) {
      const { key, value, revision } = event;
      this.#put({ key, value, revision });
    } else if (!this.#drop(event.key)) return;
    this.#saveSoon();
  }

  #put(entry: Entry): void {
    if (this.#entries.get(entry.key)?.revision === entry.revision) return;
    this.#entries.set(entry.key, entry);
    this.#changed.set(entry.key, entry);
  }

  #drop(key: string): boolean {
    if (!this.#entries.delete(key)) return false;
    this.#changed.set(key, undefined);
    return true;
  }

  #saveSoon(): void {
    if (!this.#frozen) this.#timer ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
  }

  close(): void {
    if (this.#timer) this.#save();
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { file, onProblem, store } = this.#options;
    const copy = savedCopy(this.#entries.values(), store.position);
    const changed = this.#changed;
    this.#changed = new Map();
    try {
      this.#file.save(copy, changed);
      this.#savedAt = copy.savedAt;
    } catch (error) {
      onProblem(`the copy of the store in ${file} cannot be written`, error as Error);
    }
  }
}

const below = (prefix: string, entries: Iterable<Entry>): Entry[] =>
  [...entries].filter(({ key }) => key.startsWith(prefix)).sort((x, y) => (x.key < y.key ? -1 : 1));
