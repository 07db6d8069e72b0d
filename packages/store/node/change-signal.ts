/**
 * Tells the processes that share a store directory of each other's commits: every commit writes one byte into a file,
 * and inotify wakes the others. The byte carries nothing; the truth is the change log in the database. A slow timer covers
 * a process killed between its commit and the byte, and systems without inotify.
 */
import { closeSync, type FSWatcher, openSync, watch, writeSync } from 'node:fs';
import { join } from 'node:path';

export class ChangeSignal {
  readonly #path: string;
  readonly #file: number;
  readonly #safetyMs: number;
  readonly #onChange: () => void;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: string, safetyMs: number, onChange: () => void) {
    this.#path = join(directory, 'changed');
    this.#file = openSync(this.#path, 'a', 0o600);
    this.#safetyMs = safetyMs;
    this.#onChange = onChange;
  }

  /** Tells all listening processes, this one included. Failure is no error: the timer of the others covers it. */
  raise(): void {
    try {
      writeSync(this.#file, '.', 0);
    } catch {}
  }

  /** Starts or stops listening; listening keeps the process alive. */
  listen(on: boolean): void {
    if (!on) {
      this.#watcher?.close();
      clearInterval(this.#timer);
      this.#watcher = undefined;
      this.#timer = undefined;
      return;
    }
    if (this.#timer) return;
    this.#timer = setInterval(this.#onChange, this.#safetyMs);
    try {
      this.#watcher = watch(this.#path, this.#onChange);
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  close(): void {
    this.listen(false);
    closeSync(this.#file);
  }
}
