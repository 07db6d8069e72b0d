/** What an update group last told its members, by prefix id: attributes and source. Two words, in segments. */
import { ROW_BITS, ROW_MASK } from '../rib/row-table.js';

const SHIFT = 1;

export class Advertised {
  readonly #segments: (Int32Array | undefined)[] = [];
  /** Prefixes that are advertised. */
  count = 0;

  /** The attributes' id, or 0 where the prefix is not advertised. */
  id(prefix: number): number {
    // Reading behind an array's end would take the JIT off its fast path.
    if (prefix >>> ROW_BITS >= this.#segments.length) return 0;
    const segment = this.#segments[prefix >>> ROW_BITS];
    return segment === undefined ? 0 : segment[(prefix & ROW_MASK) << SHIFT]!;
  }

  /** The source with its generation, see PeerTable.source. */
  source(prefix: number): number {
    if (prefix >>> ROW_BITS >= this.#segments.length) return 0;
    const segment = this.#segments[prefix >>> ROW_BITS];
    return segment === undefined ? 0 : segment[((prefix & ROW_MASK) << SHIFT) + 1]!;
  }

  set(prefix: number, id: number, source: number): void {
    const number = prefix >>> ROW_BITS;
    while (this.#segments.length <= number) this.#segments.push(undefined);
    let segment = this.#segments[number];
    if (segment === undefined) {
      segment = new Int32Array(1 << (ROW_BITS + SHIFT));
      this.#segments[number] = segment;
    }
    const at = (prefix & ROW_MASK) << SHIFT;
    segment[at] = id;
    segment[at + 1] = source;
  }
}
