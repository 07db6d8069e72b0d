/**
 * Which of the events that come again and again are worth a line: a peer that is away is dialled every few seconds, and its
 * attempts must not push everything else out of the event log.
 */
const AGAIN_MS = 10 * 60_000;
/** Subjects that are remembered; addresses that connect may be any number. */
const CAPACITY = 1000;

interface Told {
  readonly what: string;
  readonly atMs: number;
  missed: number;
}

export class RepeatedEvents {
  readonly #told = new Map<string, Told>();

  /**
   * Whether `what` is to be told of `subject`: it is where it differs from what was told last, and every ten minutes. Gives how many
   * times it happened since it was told, 1 at least; undefined where it is not told.
   */
  admit(subject: string, what: string, nowMs: number): number | undefined {
    const last = this.#told.get(subject);
    if (last?.what === what && nowMs - last.atMs < AGAIN_MS) {
      last.missed++;
      return undefined;
    }
    this.#told.delete(subject);
    if (this.#told.size >= CAPACITY) this.#told.delete(this.#told.keys().next().value!);
    this.#told.set(subject, { what, atMs: nowMs, missed: 0 });
    return last?.what === what ? last.missed + 1 : 1;
  }

  /** The next event of `subject` is news again. */
  forget(subject: string): void {
    this.#told.delete(subject);
  }
}
