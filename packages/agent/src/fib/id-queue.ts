/** Ids first in, first out, in a ring of integers that doubles when it is full. */
export class IdQueue {
  #ring = new Int32Array(1024);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(id: number): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length++) & (this.#ring.length - 1)] = id;
  }

  /** The oldest; there must be one. */
  shift(): number {
    const id = this.#ring[this.#head]!;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    return id;
  }

  #grow(): void {
    const old = this.#ring;
    this.#ring = new Int32Array(old.length * 2);
    this.#ring.set(old.subarray(this.#head));
    this.#ring.set(old.subarray(0, this.#head), old.length - this.#head);
    this.#head = 0;
  }
}
