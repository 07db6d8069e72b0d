/** A set of small ids as bits; grows as needed. */
export class Bitmap {
  #words = new Int32Array(32);

  has(id: number): boolean {
    const word = id >>> 5;
    return word < this.#words.length && (this.#words[word]! & (1 << (id & 31))) !== 0;
  }

  /** True where the id was not there yet. */
  add(id: number): boolean {
    const word = id >>> 5;
    if (word >= this.#words.length) this.#grow(word);
    const bit = 1 << (id & 31);
    const before = this.#words[word]!;
    if ((before & bit) !== 0) return false;
    this.#words[word] = before | bit;
    return true;
  }

  /** True where the id was there. */
  delete(id: number): boolean {
    const word = id >>> 5;
    if (word >= this.#words.length) return false;
    const bit = 1 << (id & 31);
    const before = this.#words[word]!;
    if ((before & bit) === 0) return false;
    this.#words[word] = before & ~bit;
    return true;
  }

  /** The first id from `from` on that is in the set, or 0. */
  next(from: number): number {
    let word = from >>> 5;
    if (word >= this.#words.length) return 0;
    let rest = this.#words[word]! & (-1 << (from & 31));
    while (rest === 0) {
      if (++word >= this.#words.length) return 0;
      rest = this.#words[word]!;
    }
    return (word << 5) + (31 - Math.clz32(rest & -rest));
  }

  #grow(word: number): void {
    const grown = new Int32Array(Math.max(this.#words.length * 2, word + 1));
    grown.set(this.#words);
    this.#words = grown;
  }
}
