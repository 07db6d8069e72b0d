/** Ids waiting to be looked at, each at most once, first come first served. */
import { Bitmap } from './bitmap.js';

export class DirtyIds {
  readonly #bits = new Bitmap();
  #ring = new Int32Array(64);
  #head = 0;
  #size = 0;
  /** How many were ever added and taken: a place in the queue is a value of `added` that `taken` has to reach. */
  added = 0;
  taken = 0;
  /** The peer whose own best routes need not be told of here, see `ignores`; -2: everybody's are to be told. */
  uninterested = -2;
  /** Whether a best route of `uninterested`, or its going, changes nothing for the prefix. */
  ignores: (id: number) => boolean = () => false;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#bits.has(id);
  }

  /** True where the id was not waiting yet. */
  add(id: number): boolean {
    if (!this.#bits.add(id)) return false;
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = id;
    this.#size++;
    this.added++;
    return true;
  }

  /** The oldest waiting id, or 0. */
  shift(): number {
    if (this.#size === 0) return 0;
    const id = this.#ring[this.#head]!;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    this.taken++;
    this.#bits.delete(id);
    return id;
  }

  #grow(): void {
    const ring = this.#ring;
    const grown = new Int32Array(ring.length * 2);
    grown.set(ring.subarray(this.#head));
    grown.set(ring.subarray(0, this.#head), ring.length - this.#head);
    this.#ring = grown;
    this.#head = 0;
  }
}
