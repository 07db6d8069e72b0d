/** Rows that stand for what an update group announces and withdraws: prefixes, or with ADD-PATH their paths. */
import type { RowTable } from './row-table.js';

export interface NlriTable {
  readonly rows: RowTable;
  hold(id: number): void;
  /** Gives up a hold; the id may be gone afterwards. */
  release(id: number): void;
  releaseAll(ids: Int32Array, count: number): void;
  /** How many octets the NLRI takes. */
  nlriOctets(id: number): number;
  /** Writes the NLRI and gives the offset behind it; the caller has checked that there is room. */
  writeNlri(id: number, target: Uint8Array, offset: number): number;
}
