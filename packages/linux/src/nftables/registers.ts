/** Registers of nf_tables: sixteen of four octets; 1 to 4 are the older names of four each. */
import { NAME_OCTETS } from './judged-packet.js';

export class Registers {
  readonly #octets = new Uint8Array(64);
  readonly #known = new Uint8Array(64);

  /** Undefined: whatever is there is not known any more. */
  set(register: number, value: Uint8Array | undefined): void {
    const at = offsetOf(register);
    // The kernel fills the last four octets of a value with zeros.
    const whole = Math.ceil((value?.length ?? NAME_OCTETS) / 4) * 4;
    this.#octets.fill(0, at, at + whole);
    this.#known.fill(value ? 1 : 0, at, at + whole);
    if (value) this.#octets.set(value.subarray(0, 64 - at), at);
  }

  get(register: number, length: number): Uint8Array | undefined {
    const at = offsetOf(register);
    return this.#known.subarray(at, at + length).every(Boolean) ? this.#octets.slice(at, at + length) : undefined;
  }
}

const offsetOf = (register: number): number => Math.min(60, register < 8 ? (register - 1) * 16 : (register - 8) * 4);
