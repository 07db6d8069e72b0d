/**
 * What this node needs of a store on other hosts, kept in a file beside the agent: with it the node peers and announces also
 * while the store is away, even if the agent was started meanwhile. It is fed by the agent's watches and only read where the
 * store does not answer; nothing is ever written back from it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Ipam, type IpamApi } from '@tortie/ipam';
import { type Entry, type FollowEvent, isUnavailable, type Listing, MemoryStore, type Store } from '@tortie/store';
import type { Lister } from './reconcilers/desired.js';

/** Raised when a reader of the former layout would misread the new one. */
const FORMAT = 1;

interface CopyFile {
  readonly format: number;
  readonly savedAt: string;
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/** Changes that come together are written together. */
const SAVE_AFTER_MS = 200;

export interface StoreCopyOptions {
  readonly store: Lister;
  readonly file: string;
  /** The file cannot be read or written; the agent goes on without it. */
  readonly onProblem: (text: string, error: Error) => void;
  /** The store's revision went back: it is an older copy of itself. */
  readonly onSetBack: (from: number, to: number) => void;
}

export class StoreCopy implements Lister {
  readonly #options: StoreCopyOptions;
  readonly #entries = new Map<string, Entry>();
  #savedAt: string | undefined;
  /** The newest revision the store has been seen at, and what it was when the former run ended. */
  #revision = 0;
  #formerRevision = 0;
  /** The newest revision of each watch: among each other they are not in step. */
  readonly #watched = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** Reads the file. */
  constructor(options: StoreCopyOptions) {
    this.#options = options;
    try {
      const text = readFileSync(options.file, 'utf8');
      const { format, savedAt, revision, entries } = JSON.parse(text) as CopyFile;
      if (format !== FORMAT) throw new Error(`it has format ${format}, this program knows format ${FORMAT}`);
      for (const entry of entries) this.#entries.set(entry.key, entry);
      this.#savedAt = savedAt;
      this.#revision = revision;
      this.#formerRevision = revision;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      options.onProblem(`the copy of the store in ${options.file} cannot be read`, error as Error);
    }
  }

  /** When the copy was written last; undefined: there is none. */
  get savedAt(): string | undefined {
    return this.#savedAt;
  }

  /** Of the store; while it does not answer, of the copy, at revision 0. */
  async list(prefix: string): Promise<Listing> {
    try {
      return await this.#options.store.list(prefix);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      const entries = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
      return { entries: entries.sort((x, y) => (x.key < y.key ? -1 : 1)), revision: 0 };
    }
  }

  /** Address management as the copy knows it: to read this node's part only. */
  async ipam(): Promise<IpamApi> {
    const store: Store = new MemoryStore();
    for (const { key, value } of this.#entries.values()) await store.create(key, value);
    return new Ipam({ store, now: Date.now });
  }

  /** Takes note of what a watch of `prefix` tells; `matters` says whether an entry concerns this node. */
  take(prefix: string, event: FollowEvent, matters: (entry: Entry) => boolean = () => true): void {
    const { revision } = event;
    const known = this.#watched.get(prefix) ?? this.#formerRevision;
    if (event.type === 'snapshot' && revision < known) {
      this.#options.onSetBack(known, revision);
      // The other watches are set back too, and need not say so.
      this.#watched.clear();
      this.#formerRevision = 0;
      this.#revision = revision;
    }
    this.#watched.set(prefix, revision);
    this.#revision = Math.max(this.#revision, revision);
    if (event.type === 'snapshot') {
      for (const key of [...this.#entries.keys()]) if (key.startsWith(prefix)) this.#entries.delete(key);
      for (const entry of event.entries) if (matters(entry)) this.#entries.set(entry.key, entry);
    } else if (event.type === 'put' && matters(event)) {
      const { key, value } = event;
      this.#entries.set(key, { key, value, revision });
    } else if (!this.#entries.delete(event.key)) return;
    this.#timer ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
  }

  close(): void {
    if (this.#timer) this.#save();
  }

  /** Peers have passwords: the file is its owner's alone, as the embedded store is. */
  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { file, onProblem } = this.#options;
    const savedAt = new Date().toISOString();
    try {
      const revision = this.#revision;
      const copy: CopyFile = { format: FORMAT, savedAt, revision, entries: [...this.#entries.values()] };
      writeFileSync(`${file}.new`, JSON.stringify(copy), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      this.#savedAt = savedAt;
    } catch (error) {
      onProblem(`the copy of the store in ${file} cannot be written`, error as Error);
    }
  }
}
