/** Many lines to standard output: in large pieces, and no faster than they are read. */
import type { Output } from '../context.js';

const PIECE = 1 << 16;

export class LineWriter {
  readonly #output: Output;
  #text = '';
  #full = false;

  constructor(output: Output) {
    this.#output = output;
  }

  line(text: string): void {
    this.#text += text;
    this.#text += '\n';
    if (this.#text.length >= PIECE) this.flush();
  }

  flush(): void {
    if (this.#text === '') return;
    this.#full = this.#output.write(Buffer.from(this.#text)) === false;
    this.#text = '';
  }

  /** Resolves when there is room again; undefined where there is. */
  pause(): Promise<void> | undefined {
    const { once } = this.#output;
    if (!this.#full || once === undefined) return undefined;
    this.#full = false;
    return new Promise((resolve) => once.call(this.#output, 'drain', () => resolve()));
  }
}
