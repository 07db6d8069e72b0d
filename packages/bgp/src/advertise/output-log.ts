/**
 * What an update group has built: a queue of runs of messages that all members read, each with a cursor of its own. A run
 * is dropped when its last reader has passed, so a thousand members share one copy and a slow one costs a cursor.
 */

export interface Segment {
  readonly bytes: Uint8Array;
  /** The peer whose routes these are: it passes over them. -1 for none. */
  readonly skip: number;
  /** The only peer that reads this. -1 for all. */
  readonly only: number;
  /** Members that have not passed yet. */
  readers: number;
}

export const reads = (peer: number, { skip, only }: Segment): boolean => skip !== peer && (only < 0 || only === peer);

export class OutputLog {
  #segments: Segment[] = [];
  #head = 0;
  /** Sequence number of the oldest segment held. */
  #base = 0;
  /** Octets ever appended, and of those the ones no longer held. */
  appended = 0;
  #dropped = 0;

  /** The sequence number the next segment will get. */
  get tail(): number {
    return this.#base + this.#segments.length - this.#head;
  }

  /** Octets held. */
  get octets(): number {
    return this.appended - this.#dropped;
  }

  append(bytes: Uint8Array, skip: number, only: number, readers: number): void {
    this.appended += bytes.length;
    this.#segments.push({ bytes, skip, only, readers });
    if (readers === 0) this.#trim();
  }

  at(sequence: number): Segment {
    return this.#segments[this.#head + sequence - this.#base]!;
  }

  /** One reader fewer for the segment. */
  passed(sequence: number): void {
    if (--this.at(sequence).readers === 0) this.#trim();
  }

  #trim(): void {
    const segments = this.#segments;
    while (this.#head < segments.length && segments[this.#head]!.readers === 0) {
      this.#dropped += segments[this.#head]!.bytes.length;
      this.#head++;
      this.#base++;
    }
    if (this.#head === segments.length) {
      segments.length = 0;
      this.#head = 0;
    } else if (this.#head > 256 && this.#head * 2 > segments.length) {
      this.#segments = segments.slice(this.#head);
      this.#head = 0;
    }
  }
}
