/**
 * Which history of etcd the store's revisions belong to. An etcd that was restored from an older copy counts its revisions
 * anew from there: the same number then means something else. Therefore every commit leaves an id of its own in the head, and
 * a new link is good only if the newest head we know is in etcd's past. If it is not, a new *era* begins: the store's revisions
 * are etcd's plus a multiple of 2^40 for each era, so that those of a former one are never mistaken, and keep rising.
 */
import { randomBytes } from 'node:crypto';
import { assertHead, FORMAT, type Layout } from './keys.js';
import type { CallError, Link } from './link.js';
import { type KeyValue, RANGE } from './messages.js';

const ERA = 2 ** 40;

/** How many heads are remembered: those among which a commit whose answer was lost may be. */
const KEEP_HEADS = 1000;

interface KnownHead {
  /** Of etcd. */
  readonly revision: number;
  readonly text: string;
}

export interface HistoryOptions {
  readonly layout: Layout;
  /** `position` of an earlier process. */
  readonly former: string | undefined;
  /** Revisions of etcd. */
  readonly onSetBack: (from: number, to: number) => void;
}

export class History {
  readonly #options: HistoryOptions;
  #known: KnownHead | undefined;
  #era = 0;
  /** Revisions by the head's text, oldest first. */
  readonly #heads = new Map<string, number>();

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#known = parsePosition(options.former);
  }

  /** Raised whenever etcd went back. */
  get era(): number {
    return this.#era;
  }

  /** The newest head that is known, as text for a later process. */
  get position(): string | undefined {
    return this.#known && `${this.#known.revision} ${this.#known.text}`;
  }

  /** What a commit writes into the head; never the same twice. */
  nextHead(): string {
    return JSON.stringify({ format: FORMAT, commit: randomBytes(8).toString('hex') });
  }

  /** The revision of etcd at which a head was seen; undefined where it was not, or is long forgotten. */
  revisionOf(text: string): number | undefined {
    return this.#heads.get(text);
  }

  /** A head that a majority knows. */
  saw(revision: number, text: string): void {
    this.#heads.set(text, revision);
    if (this.#heads.size > KEEP_HEADS) this.#heads.delete(this.#heads.keys().next().value!);
    if (this.#known === undefined || revision > this.#known.revision) this.#known = { revision, text };
  }

  /** The store's number of a revision of etcd. */
  toStore(revision: number): number {
    return this.#era * ERA + revision;
  }

  /** The revision of etcd; undefined for one of a former era. */
  toEtcd(revision: number): number | undefined {
    return Math.floor(revision / ERA) === this.#era ? revision % ERA : undefined;
  }

  /** Proves that a link works and leads to the history we know, or begins a new era. Throws CallError, ERR_STORE_FORMAT. */
  async prove(link: Link, deadline: Date): Promise<void> {
    const { layout, onSetBack } = this.#options;
    const known = this.#known;
    const now = await link.call(RANGE, { key: layout.head }, deadline);
    const head = now.kvs[0];
    if (head) assertHead(layout.head.toString(), head.value.toString());
    const same =
      known === undefined ||
      (head && is(head, known)) ||
      (await this.#isPast(known, now.header.revision, link, deadline));
    if (!same) {
      this.#era++;
      this.#known = undefined;
      this.#heads.clear();
      onSetBack(known.revision, now.header.revision);
    }
    if (head) this.saw(head.modRevision, head.value.toString());
  }

  async #isPast(known: KnownHead, present: number, link: Link, deadline: Date): Promise<boolean> {
    if (present < known.revision) return false;
    try {
      const { kvs } = await link.call(RANGE, { key: this.#options.layout.head, revision: known.revision }, deadline);
      return kvs[0] !== undefined && is(kvs[0], known);
    } catch (error) {
      // What is compacted cannot be compared; our watch is told the same and begins anew.
      const { fault } = error as CallError;
      if (fault?.type === 'refused' && fault.code === 'ERR_STORE_COMPACTED') return true;
      throw error;
    }
  }
}

const is = ({ modRevision, value }: KeyValue, { revision, text }: KnownHead): boolean =>
  modRevision === revision && value.toString() === text;

function parsePosition(position: string | undefined): KnownHead | undefined {
  const match = /^(\d+) (.+)$/.exec(position ?? '');
  return match ? { revision: Number(match[1]), text: match[2]! } : undefined;
}
