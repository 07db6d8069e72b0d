/** Damaged records: told on standard error as they are met, and remembered for the exit status. */
import type { MrtError } from '@tortie/bgp/mrt';
import type { Context } from '../context.js';
import { NegativeAnswer } from '../failure.js';

/** More than these of one file say nothing new. */
const TOLD = 10;

export class DamageReport {
  readonly #context: Context;
  #total = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  get total(): number {
    return this.#total;
  }

  /** For walkMrt: goes on behind the damage. */
  of(file: string): (error: MrtError) => void {
    let count = 0;
    return ({ offset, message }) => {
      this.#total++;
      const { stderr } = this.#context.io;
      if (count++ < TOLD) stderr.write(`tortie: ${file}: record at octet ${offset}: ${message}\n`);
      else if (count === TOLD + 1) stderr.write(`tortie: ${file}: there is more damage\n`);
    };
  }

  /** Throws the exit status where anything was damaged. */
  finish(): void {
    if (this.#total > 0) throw new NegativeAnswer();
  }
}
