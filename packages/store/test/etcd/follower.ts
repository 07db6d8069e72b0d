import { type FollowEvent, follow, goneIn, type Store } from '../../src/index.js';

/** Keeps what a follower believes the store holds, and waits for it to believe something. */
export class Follower {
  readonly #stop = new AbortController();
  readonly #known = new Map<string, unknown>();
  readonly #wake = new Set<() => void>();
  /** How often everything was read. */
  listings = 0;
  readonly ended: Promise<void>;

  constructor(store: Store, prefix: string) {
    this.ended = this.#run(follow(store, prefix, { signal: this.#stop.signal }));
  }

  /** Resolves when it believes exactly this. */
  async believes(expected: Readonly<Record<string, unknown>>): Promise<void> {
    const wanted = JSON.stringify(Object.entries(expected).sort());
    while (JSON.stringify([...this.#known].sort()) !== wanted) {
      await new Promise<void>((resolve) => this.#wake.add(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  async #run(events: AsyncIterable<FollowEvent>): Promise<void> {
    for await (const event of events) {
      if (event.type === 'page') {
        if (event.after === undefined) this.listings++;
        for (const key of goneIn(event, this.#known.keys())) this.#known.delete(key);
        for (const { key, value } of event.entries) this.#known.set(key, value);
      } else if (event.type === 'put') this.#known.set(event.key, event.value);
      else this.#known.delete(event.key);
      for (const wake of this.#wake) wake();
      this.#wake.clear();
    }
  }
}
