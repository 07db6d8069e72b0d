/** A set of keys from which any position can be picked at once; the order is arbitrary. */
export class KeyBag {
  readonly #keys: string[] = [];
  readonly #at = new Map<string, number>();

  get size(): number {
    return this.#keys.length;
  }

  /** Adds or removes. */
  set(key: string, present: boolean): void {
    if (present === this.#at.has(key)) return;
    if (present) {
      this.#at.set(key, this.#keys.length);
      this.#keys.push(key);
      return;
    }
    const at = this.#at.get(key)!;
    const last = this.#keys.pop()!;
    this.#at.delete(key);
    if (last !== key) {
      this.#keys[at] = last;
      this.#at.set(last, at);
    }
  }

  /** Every key once, beginning anywhere and going round. Do not change the bag meanwhile. */
  *from(start: number): Generator<string> {
    const { length } = this.#keys;
    for (let step = 0; step < length; step++) yield this.#keys[(start + step) % length]!;
  }
}
