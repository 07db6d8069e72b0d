/** A prefix read page by page, each of a moment of its own: what is in hand stays small, however much there is. */
import type { Entry, ListPart, Store } from './store.js';

/** Of the keys behind `after` and up to `upTo` these are all there are: it replaces what was known of that range. */
export interface Page {
  readonly type: 'page';
  /** Undefined: from the beginning. */
  readonly after: string | undefined;
  /** Undefined: to the end; it is the last page. */
  readonly upTo: string | undefined;
  readonly entries: readonly Entry[];
  /** Of the moment it was read at. */
  readonly revision: number;
}

/**
 * What a page is to have, in characters. V8's young generation is done with such a page when the next one comes: with pages of 1.5 MB an agent
 * among 5,000 nodes took up to 100 MB more while it read their blocks.
 */
const PAGE_TEXT = 512 * 1024;

/** Entries of the first page, and the most of any. */
const FIRST = 32;
const MOST = 500;

/** In order of the keys. What changed while they were read is told by `changes` behind the revision of the first. */
export async function* readPages(store: Pick<Store, 'list'>, prefix: string): AsyncGenerator<Page, void, undefined> {
  let after: string | undefined;
  let limit = FIRST;
  do {
    const page = await readPage(store, prefix, { limit, ...(after !== undefined && { after }) });
    after = page.upTo;
    const last = page.entries.at(-1);
    if (last) limit = Math.max(1, Math.min(MOST, Math.floor(PAGE_TEXT / JSON.stringify(last.value).length)));
    yield page;
    // Generators, and who loops over them, keep the last page in hand: after the last one for good.
    page.entries = [];
  } while (after !== undefined);
}

async function readPage(store: Pick<Store, 'list'>, prefix: string, part: ListPart) {
  const { entries, revision, more } = await store.list(prefix, part);
  return { type: 'page' as const, after: part.after, upTo: more && entries.at(-1)?.key, entries, revision };
}

/** Those of `known` keys that a page tells to be gone. */
export function goneIn({ after, upTo, entries }: Page, known: Iterable<string>): string[] {
  const present = new Set(entries.map(({ key }) => key));
  const gone: string[] = [];
  for (const key of known) {
    const inRange = (after === undefined || key > after) && (upTo === undefined || key <= upTo);
    if (inRange && !present.has(key)) gone.push(key);
  }
  return gone;
}

/** Which pages of a prefix were read, and when: what a watch has to tell besides. */
export class PagesRead {
  #pages: Pick<Page, 'upTo' | 'revision'>[] = [];
  #newest = 0;

  /** A first page begins anew. */
  add({ after, upTo, revision }: Page): void {
    if (after === undefined) this.#pages = [];
    this.#pages.push({ upTo, revision });
    this.#newest = revision;
  }

  /** Where a watch goes on; undefined: not all was read. */
  get revision(): number | undefined {
    const last = this.#pages.at(-1);
    return last && last.upTo === undefined ? this.#pages[0]!.revision : undefined;
  }

  /** Whether the page of the key was read when this revision was there. */
  includes({ key, revision }: { readonly key: string; readonly revision: number }): boolean {
    if (revision > this.#newest) return false;
    const page = this.#pages.find(({ upTo }) => upTo === undefined || key <= upTo);
    return page !== undefined && revision <= page.revision;
  }
}
