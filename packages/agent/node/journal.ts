/** What happens, told twice: to the event log that the API shows, and to the log on standard output. */
import type { Logger } from 'pino';
import type { AgentEvent } from '../src/api/status.js';
import { EventLog, type NewEvent } from '../src/event-log.js';

export class Journal {
  readonly events: EventLog;
  readonly log: Logger;
  readonly #listeners = new Set<(event: AgentEvent) => void>();

  constructor(log: Logger, events = new EventLog()) {
    this.log = log;
    this.events = events;
  }

  /** An event an operator may want to see later. */
  event(event: NewEvent, level: 'debug' | 'info' | 'warn' | 'error' = 'info'): void {
    const { text, ...fields } = event;
    const stored = this.events.add(event, Date.now());
    this.log[level](fields, text);
    for (const listener of this.#listeners) listener(stored);
  }

  /** Something of ours failed. */
  problem(text: string, error: Error): void {
    this.events.add({ kind: 'agent', text, cause: error.message }, Date.now());
    this.log.error({ err: error }, text);
  }

  /** Called for each further event; gives the function that ends it. */
  follow(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
