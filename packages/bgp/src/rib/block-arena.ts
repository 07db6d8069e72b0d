/**
 * Octet blocks in pages of 64 KiB, each page cut for blocks of one size class. An empty page goes back to the pool for
 * any class, so that a peer changing the sizes of its attributes cannot fragment memory beyond its routes. An offset is
 * page << 16 | place.
 */

const PAGE = 65536;

/** Sizes grow by a quarter, in steps of at least 16 octets. */
const SIZES: readonly number[] = (() => {
  const sizes: number[] = [];
  for (let size = 32; size < PAGE; size = Math.min(PAGE, Math.max(size + 16, (size * 1.25 + 15) & ~15)))
    sizes.push(size);
  sizes.push(PAGE);
  return sizes;
})();

/** Class by octets, in steps of 16. */
const CLASS_OF = (() => {
  const classes = new Uint8Array(PAGE / 16 + 1);
  for (let step = 0, size = 0; step < classes.length; step++) {
    if (SIZES[size]! < step * 16) size++;
    classes[step] = size;
  }
  return classes;
})();

export class BlockArena {
  readonly pages: Uint8Array[] = [];
  readonly #class: number[] = [];
  readonly #live: number[] = [];
  /** First free block of a page as place / 16 + 1, chained through the blocks' first two octets; 0 for none. */
  readonly #free: number[] = [];
  /** Where the part of the page begins that was never used. */
  readonly #fresh: number[] = [];
  /** Pages by class that may have room; a page is there at most once. */
  readonly #roomy: number[][] = SIZES.map(() => []);
  readonly #listed: boolean[] = [];
  readonly #empty: number[] = [];
  #octets = 0;

  /** Octets of all pages in use. */
  get octets(): number {
    return this.#octets;
  }

  allocate(length: number): number {
    const sizeClass = CLASS_OF[(length + 15) >>> 4]!;
    const size = SIZES[sizeClass]!;
    const roomy = this.#roomy[sizeClass]!;
    for (;;) {
      if (roomy.length === 0) this.#open(sizeClass);
      const page = roomy[roomy.length - 1]!;
      if (this.#class[page] === sizeClass) {
        const free = this.#free[page]!;
        if (free !== 0) {
          const place = (free - 1) * 16;
          const bytes = this.pages[page]!;
          this.#free[page] = (bytes[place]! << 8) | bytes[place + 1]!;
          this.#live[page]!++;
          return page * PAGE + place;
        }
        const fresh = this.#fresh[page]!;
        if (fresh + size <= PAGE) {
          this.#fresh[page] = fresh + size;
          this.#live[page]!++;
          return page * PAGE + fresh;
        }
      }
      roomy.pop();
      this.#listed[page] = false;
    }
  }

  release(offset: number): void {
    const page = offset >>> 16;
    const place = offset & 0xffff;
    const bytes = this.pages[page]!;
    const free = this.#free[page]!;
    bytes[place] = free >>> 8;
    bytes[place + 1] = free;
    this.#free[page] = place / 16 + 1;
    if (--this.#live[page]! === 0) {
      this.#close(page);
    } else if (!this.#listed[page]) {
      this.#listed[page] = true;
      this.#roomy[this.#class[page]!]!.push(page);
    }
  }

  #open(sizeClass: number): void {
    let page = this.#empty.pop();
    if (page === undefined) {
      page = this.pages.length;
      this.pages.push(new Uint8Array(PAGE));
    } else if (this.pages[page]!.length === 0) {
      this.pages[page] = new Uint8Array(PAGE);
    }
    this.#class[page] = sizeClass;
    this.#live[page] = 0;
    this.#free[page] = 0;
    this.#fresh[page] = 0;
    this.#octets += PAGE;
    this.#listed[page] = true;
    this.#roomy[sizeClass]!.push(page);
  }

  #close(page: number): void {
    if (this.#listed[page]) {
      const roomy = this.#roomy[this.#class[page]!]!;
      roomy.splice(roomy.lastIndexOf(page), 1);
      this.#listed[page] = false;
    }
    this.#class[page] = -1;
    this.#octets -= PAGE;
    // A few empty pages are kept against thrashing, the others go back to the runtime.
    if (this.#empty.length >= 64) this.pages[page] = NONE;
    this.#empty.push(page);
  }
}

const NONE = new Uint8Array(0);
