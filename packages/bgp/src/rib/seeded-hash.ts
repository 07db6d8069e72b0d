/**
 * A keyed hash over octets and words that peers choose. Multilinear hashing (Dietzfelbinger, Lemire): the sum of 16-bit
 * units times secret 32-bit keys has no collisions that hold for every key, which mixers with public constants do have;
 * and it is as fast as those in JavaScript, where 64-bit products would cost BigInts (bench `pipeline`).
 */

const UNITS = 2048;

export class SeededHash {
  /** Two keys per unit: each sum gives 16 good bits. */
  readonly #keys = new Int32Array(2 * (UNITS + 8));

  constructor(seed: number) {
    let state = (seed ^ Math.trunc(seed / 0x100000000)) | 0;
    for (let i = 0; i < this.#keys.length; i++) {
      // SplitMix32: fills the key table from the seed.
      state = (state + 0x9e3779b9) | 0;
      let word = state ^ (state >>> 16);
      word = Math.imul(word, 0x21f0aaad);
      word ^= word >>> 15;
      word = Math.imul(word, 0x735a2d97);
      this.#keys[i] = word ^ (word >>> 15);
    }
  }

  /** Hash of `bytes[start..end)` and `salt`; any int32. */
  octets(bytes: Uint8Array, start: number, end: number, salt: number): number {
    const keys = this.#keys;
    const length = end - start;
    let x = Math.imul(keys[2 * UNITS]!, length) + Math.imul(keys[2 * UNITS + 2]!, salt);
    let y = Math.imul(keys[2 * UNITS + 1]!, length) + Math.imul(keys[2 * UNITS + 3]!, salt);
    let at = start;
    let key = 0;
    for (const last = end - 3; at < last; at += 4) {
      const high = (bytes[at]! << 8) | bytes[at + 1]!;
      const low = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      x = (x + Math.imul(keys[key]!, high) + Math.imul(keys[key + 2]!, low)) | 0;
      y = (y + Math.imul(keys[key + 1]!, high) + Math.imul(keys[key + 3]!, low)) | 0;
      key += 4;
      if (key === 2 * UNITS) {
        // Longer than the key table: the sums so far become units of the next round.
        x = (Math.imul(keys[2 * UNITS + 4]!, x >>> 16) + Math.imul(keys[2 * UNITS + 6]!, y >>> 16)) | 0;
        y = (Math.imul(keys[2 * UNITS + 5]!, x >>> 16) + Math.imul(keys[2 * UNITS + 7]!, y >>> 16)) | 0;
        key = 0;
      }
    }
    for (; at < end; at++) {
      x = (x + Math.imul(keys[key]!, bytes[at]!)) | 0;
      y = (y + Math.imul(keys[key + 1]!, bytes[at]!)) | 0;
      key += 2;
    }
    return mix((x & 0xffff0000) | (y >>> 16));
  }

  /** Hash of an IPv4 prefix. */
  word(a: number, length: number): number {
    const keys = this.#keys;
    const x = Math.imul(keys[0]!, a >>> 16) + Math.imul(keys[2]!, a & 0xffff) + Math.imul(keys[4]!, length);
    const y = Math.imul(keys[1]!, a >>> 16) + Math.imul(keys[3]!, a & 0xffff) + Math.imul(keys[5]!, length);
    return mix((x & 0xffff0000) | ((y >>> 16) & 0xffff));
  }

  /** Hash of an IPv6 prefix. */
  words(a: number, b: number, c: number, d: number, length: number): number {
    const keys = this.#keys;
    let x = Math.imul(keys[0]!, a >>> 16) + Math.imul(keys[2]!, a & 0xffff);
    let y = Math.imul(keys[1]!, a >>> 16) + Math.imul(keys[3]!, a & 0xffff);
    x = (x + Math.imul(keys[4]!, b >>> 16) + Math.imul(keys[6]!, b & 0xffff)) | 0;
    y = (y + Math.imul(keys[5]!, b >>> 16) + Math.imul(keys[7]!, b & 0xffff)) | 0;
    x = (x + Math.imul(keys[8]!, c >>> 16) + Math.imul(keys[10]!, c & 0xffff)) | 0;
    y = (y + Math.imul(keys[9]!, c >>> 16) + Math.imul(keys[11]!, c & 0xffff)) | 0;
    x = (x + Math.imul(keys[12]!, d >>> 16) + Math.imul(keys[14]!, d & 0xffff)) | 0;
    y = (y + Math.imul(keys[13]!, d >>> 16) + Math.imul(keys[15]!, d & 0xffff)) | 0;
    x = (x + Math.imul(keys[16]!, length)) | 0;
    y = (y + Math.imul(keys[17]!, length)) | 0;
    return mix((x & 0xffff0000) | ((y >>> 16) & 0xffff));
  }
}

/** A bijection of 32-bit words (MurmurHash3's last step): spreads arithmetic progressions over the slots. */
function mix(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
