/** BFD as a program uses it: sessions by name, in a thread of their own that is there while there are any. */
import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { checkSpec, type SessionSpec } from '@tortie/bfd';
import { noDroppedPackets } from './dropped-packets.js';
import type { StateEvent } from './engine.js';
import type { BfdPlace, BfdReport, FromWorker, ToWorker } from './messages.js';

export interface BfdEvents {
  state: StateEvent;
  /** A session cannot run and is tried again, or (without a name) the thread has ended and begins anew. */
  problem: { readonly name?: string; readonly text: string };
}

const NOTHING: BfdReport = { sessions: [], dropped: noDroppedPackets() };
/** A thread that dies at once must not be started in a circle. */
const RESTART_MS = 1000;

export class BfdService {
  readonly #place: BfdPlace;
  readonly #emitter = new EventEmitter();
  readonly #specs = new Map<string, SessionSpec>();
  readonly #asked = new Map<number, (report: BfdReport) => void>();
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #nextId = 1;
  #closing: Promise<void> | undefined;

  constructor(place: BfdPlace = {}) {
    this.#place = place;
    this.#emitter.setMaxListeners(0);
  }

  on<Name extends keyof BfdEvents>(name: Name, listener: (event: BfdEvents[Name]) => void): this {
    this.#emitter.on(name, listener);
    return this;
  }

  off<Name extends keyof BfdEvents>(name: Name, listener: (event: BfdEvents[Name]) => void): this {
    this.#emitter.off(name, listener);
    return this;
  }

  /**
   * Adds a session, or changes the one of that name; timers and adminDown change in place. Throws BfdConfigError.
   * Gives whether anything is different; a session that is the same already is not touched.
   */
  set(spec: SessionSpec): boolean {
    if (this.#closing) return false;
    checkSpec(spec);
    const before = this.#specs.get(spec.name);
    if (before && JSON.stringify(before) === JSON.stringify(spec)) return false;
    this.#specs.set(spec.name, spec);
    if (this.#worker) this.#tell({ type: 'set', spec });
    else if (!this.#restart) this.#start();
    return true;
  }

  /** Gives whether there was one. */
  remove(name: string): boolean {
    if (!this.#specs.delete(name)) return false;
    this.#tell({ type: 'remove', name });
    return true;
  }

  has(name: string): boolean {
    return this.#specs.has(name);
  }

  names(): string[] {
    return [...this.#specs.keys()];
  }

  /** All sessions and counters as they are; the thread is asked. */
  report(): Promise<BfdReport> {
    const worker = this.#worker;
    if (!worker || this.#closing) return Promise.resolve(NOTHING);
    worker.ref();
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#tell({ type: 'views', id });
    });
  }

  /** Peers are told AdminDown. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    this.#tell({ type: 'close' });
    await ended;
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #start(): void {
    const worker = new Worker(new URL('./bfd-worker.js', import.meta.url), { workerData: this.#place });
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => this.#heard(message, worker));
    worker.on('error', (error) => this.#emit('problem', { text: `the BFD thread has failed: ${error.message}` }));
    worker.on('exit', () => this.#ended());
    // Sessions alone do not keep a program running.
    worker.unref();
    for (const spec of this.#specs.values()) this.#tell({ type: 'set', spec });
  }

  #heard(message: FromWorker, worker: Worker): void {
    switch (message.type) {
      case 'state':
        // What was removed meanwhile concerns nobody.
        if (this.#specs.has(message.event.name)) this.#emit('state', message.event);
        return;
      case 'problem':
        if (this.#specs.has(message.name)) this.#emit('problem', { name: message.name, text: message.text });
        return;
      case 'views':
        this.#asked.get(message.id)?.(message.report);
        this.#asked.delete(message.id);
        if (this.#asked.size === 0 && !this.#closing) worker.unref();
        return;
      case 'closed':
        void worker.terminate();
        return;
    }
  }

  #ended(): void {
    this.#worker = undefined;
    for (const answer of this.#asked.values()) answer(NOTHING);
    this.#asked.clear();
    if (this.#closing) return;
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      if (this.#specs.size > 0) this.#start();
    }, RESTART_MS);
    this.#restart.unref();
  }

  #emit<Name extends keyof BfdEvents>(name: Name, event: BfdEvents[Name]): void {
    this.#emitter.emit(name, event);
  }
}
