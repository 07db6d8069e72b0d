/** BFD without a thread: keeps the sessions it is told, and shows them in the state a test gives them. */
import { EventEmitter } from 'node:events';
import type { SessionSpec, SessionState, SessionView } from '@tortie/bfd';
import type { BfdEvents, BfdReport } from '@tortie/bfd/node';
import type { BfdPort } from '../node/sessions/bfd-peers.js';

export class FakeBfd implements BfdPort {
  readonly specs = new Map<string, SessionSpec>();
  readonly states = new Map<string, SessionState>();
  readonly #emitter = new EventEmitter();

  set(spec: SessionSpec): boolean {
    const same = JSON.stringify(this.specs.get(spec.name)) === JSON.stringify(spec);
    this.specs.set(spec.name, spec);
    return !same;
  }

  remove(name: string): boolean {
    this.states.delete(name);
    return this.specs.delete(name);
  }

  names(): string[] {
    return [...this.specs.keys()];
  }

  /** `failure`: from Up to Down because the path is lost. */
  become(name: string, to: SessionState, failure = false): void {
    const from = this.states.get(name) ?? 'down';
    this.states.set(name, to);
    this.#emitter.emit('state', {
      name,
      from,
      to,
      failure,
      view: this.#view(name, failure),
    } satisfies BfdEvents['state']);
  }

  problem(name: string, text: string): void {
    this.#emitter.emit('problem', { name, text } satisfies BfdEvents['problem']);
  }

  async report(): Promise<BfdReport> {
    return { sessions: this.names().map((name) => this.#view(name)), dropped: { ttl: 3 } as BfdReport['dropped'] };
  }

  on<Name extends keyof BfdEvents>(name: Name, listener: (event: BfdEvents[Name]) => void): never {
    this.#emitter.on(name, listener);
    return this as never;
  }

  async close(): Promise<void> {}

  #view(name: string, failure = false): SessionView {
    const state = this.states.get(name) ?? 'down';
    return {
      name,
      state,
      diagnostic: failure ? 'control detection time expired' : 'no diagnostic',
      sinceMs: 0,
      ...(state !== 'down' && {
        remote: { state, diagnostic: 'no diagnostic', discriminator: 7, controlPlaneIndependent: false },
      }),
      localDiscriminator: 1,
      txIntervalMs: 300,
      packetsIn: 5,
      packetsOut: 6,
      sendErrors: 0,
      flaps: failure ? 1 : 0,
    };
  }
}
