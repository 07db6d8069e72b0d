/** The last events of this agent, in a ring: bounded memory, ids without gaps, so that a follower sees what it missed. */
import type { AgentEvent } from './api/status.js';

export interface NewEvent {
  readonly kind: string;
  readonly subject?: string;
  readonly text: string;
  readonly cause?: string;
}

export class EventLog {
  readonly #capacity: number;
  readonly #ring: AgentEvent[] = [];
  readonly #counts = new Map<string, number>();
  #lastId = 0;

  constructor(capacity = 2000) {
    this.#capacity = capacity;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Events so far by kind. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  add(event: NewEvent, atMs: number): AgentEvent {
    const stored = { id: ++this.#lastId, time: new Date(atMs).toISOString(), ...event };
    this.#ring[(stored.id - 1) % this.#capacity] = stored;
    this.#counts.set(event.kind, (this.#counts.get(event.kind) ?? 0) + 1);
    return stored;
  }

  /** The newest `limit` events behind `after`, oldest first; `dropped` where some of them have left the ring. */
  read({ after = 0, kind, limit = 200 }: { after?: number; kind?: string; limit?: number }): {
    events: AgentEvent[];
    lastId: number;
    dropped: boolean;
  } {
    const first = Math.max(1, this.#lastId - this.#capacity + 1);
    const events: AgentEvent[] = [];
    for (let id = this.#lastId; id >= Math.max(first, after + 1) && events.length < limit; id--) {
      const event = this.#ring[(id - 1) % this.#capacity]!;
      if (kind === undefined || event.kind === kind) events.push(event);
    }
    return { events: events.reverse(), lastId: this.#lastId, dropped: after + 1 < first };
  }
}
