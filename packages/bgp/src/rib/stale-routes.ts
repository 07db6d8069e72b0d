/**
 * Which routes of a peer count, by epochs: every route carries the epoch in which it was last announced, and a session
 * that ends, or a restart, begins the next one. So marking a million routes stale or dead is one addition; they are
 * removed later, a few at a time. One object per family.
 */
export class StaleRoutes {
  /** By peer: the present epoch, and the oldest one that still counts. 16 bits, wrapping. */
  #current = new Uint16Array(16);
  #oldest = new Uint16Array(16);
  /** By peer: routes held, and those of them from the present epoch. */
  #received = new Int32Array(16);
  #fresh = new Int32Array(16);

  ensure(peer: number): void {
    if (peer < this.#current.length) return;
    const size = peer * 2;
    const grow = <T extends Uint16Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#current = grow(this.#current, new Uint16Array(size));
    this.#oldest = grow(this.#oldest, new Uint16Array(size));
    this.#received = grow(this.#received, new Int32Array(size));
    this.#fresh = grow(this.#fresh, new Int32Array(size));
  }

  /** The word `peer | epoch << 16` of a route announced at present. */
  word(peer: number): number {
    return peer | (this.#current[peer]! << 16);
  }

  /** Whether a route with this word is of the present epoch. */
  isFresh(word: number): boolean {
    return word >>> 16 === this.#current[word & 0xffff]!;
  }

  /** Whether a route with this word may be used: fresh, or stale and kept. */
  counts(word: number): boolean {
    const peer = word & 0xffff;
    const oldest = this.#oldest[peer]!;
    return (((word >>> 16) - oldest) & 0xffff) <= ((this.#current[peer]! - oldest) & 0xffff);
  }

  added(peer: number): void {
    this.#received[peer]!++;
    this.#fresh[peer]!++;
  }

  refreshed(peer: number): void {
    this.#fresh[peer]!++;
  }

  removed(word: number): void {
    this.#received[word & 0xffff]!--;
    if (this.isFresh(word)) this.#fresh[word & 0xffff]!--;
  }

  received(peer: number): number {
    return this.#received[peer]!;
  }

  stale(peer: number): number {
    return this.#received[peer]! - this.#fresh[peer]!;
  }

  /** Routes from before are stale from here on, but count. What was stale already is dropped if `dropOlder`. */
  mark(peer: number, dropOlder: boolean): void {
    if (dropOlder) this.#oldest[peer] = this.#current[peer]!;
    this.#current[peer] = this.#current[peer]! + 1;
    this.#fresh[peer] = 0;
  }

  /** Stale routes no longer count. */
  drop(peer: number): void {
    this.#oldest[peer] = this.#current[peer]!;
  }
}
