/** An MRT file that is written record by record, with gzip where its name ends in .gz. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { MrtFileError } from './mrt-input.js';

const BATCH_OCTETS = 1 << 16;

export class MrtOutput {
  readonly #file: string;
  readonly #target: Writable;
  readonly #stream: Writable;
  #batch: Uint8Array[] = [];
  #batchOctets = 0;
  #octets = 0;
  #full = false;
  #error: Error | undefined;
  #goOn: (() => void) | undefined;

  /** `-` is standard output. */
  constructor(file: string) {
    this.#file = file;
    this.#target = file === '-' ? process.stdout : createWriteStream(file);
    this.#stream = file.endsWith('.gz') ? createGzip() : this.#target;
    const failed = (error: Error): void => {
      this.#error ??= error;
      this.#goOn?.();
    };
    this.#target.on('error', failed);
    this.#stream.on('drain', () => this.#goOn?.());
    if (this.#stream === this.#target) return;
    this.#stream.on('error', failed);
    this.#stream.pipe(this.#target as NodeJS.WritableStream & Writable);
  }

  /** Before compression. */
  get octets(): number {
    return this.#octets;
  }

  /** Copies the octets: they may be a view. */
  write(octets: Uint8Array): void {
    this.#octets += octets.length;
    this.#batch.push(octets.slice());
    this.#batchOctets += octets.length;
    if (this.#batchOctets >= BATCH_OCTETS) this.#flush();
  }

  #flush(): void {
    if (this.#batchOctets === 0) return;
    this.#full = !this.#stream.write(Buffer.concat(this.#batch));
    this.#batch = [];
    this.#batchOctets = 0;
  }

  /** Resolves once there is room again; undefined where there is. Throws MrtFileError where the file cannot be written. */
  pause(): Promise<void> | undefined {
    if (this.#error) throw this.#failure();
    return this.#full ? this.#drained() : undefined;
  }

  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
    });
    this.#goOn = undefined;
    this.#full = false;
    if (this.#error) throw this.#failure();
  }

  /** Resolves when everything is written. Throws MrtFileError. */
  async close(): Promise<void> {
    if (!this.#error) {
      this.#flush();
      const finished = once(this.#target, 'finish').catch(() => {});
      if (this.#stream !== process.stdout) {
        this.#stream.end();
        await Promise.race([finished, once(this.#target, 'close').catch(() => {})]);
      }
    }
    if (this.#error) throw this.#failure();
  }

  #failure(): MrtFileError {
    return new MrtFileError('ERR_BGP_MRT_FILE', `${this.#file}: ${this.#error!.message}`, { cause: this.#error });
  }
}
