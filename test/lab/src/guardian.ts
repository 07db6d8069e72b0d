/**
 * Watches over a lab from a process of its own: holds the reading end of a pipe, and when the lab's end closes, however
 * the lab's process ended, takes the lab down. It waits as a shell, which costs next to nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';

export class Guardian {
  readonly #child: ChildProcess;

  constructor(labId: string) {
    const script = new URL('./guardian-process.js', import.meta.url).pathname;
    // Detached: a Ctrl-C on the terminal is for the lab, which then ends in its own order.
    this.#child = spawn(
      'sh',
      ['-c', 'read -r word; [ "$word" = done ] || exec "$0" "$1" "$2"', process.execPath, script, labId],
      {
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      },
    );
    this.#child.stdin!.on('error', () => {});
    this.#child.on('error', () => {});
    this.#child.unref();
    (this.#child.stdin as unknown as { unref(): void }).unref();
  }

  /** The lab has taken itself down. */
  dismiss(): void {
    this.#child.stdin!.end('done\n');
  }
}
