/** Starts CNI where the configuration asks for it. What that takes is loaded only then. */
import { isUnavailable } from '@tortie/store';
import type { Agent } from '../agent.js';
import type { KernelSide } from '../kernel/kernel-side.js';

import type { CniService } from './cni-service.js';

export class CniStarter {
  readonly #agent: Agent;
  readonly #kernel: KernelSide;
  #service: CniService | undefined;
  #starting: Promise<void> | undefined;

  constructor(agent: Agent, kernel: KernelSide) {
    this.#agent = agent;
    this.#kernel = kernel;
  }

  /** Absent where the CNI plugin is not answered. */
  get service(): CniService | undefined {
    return this.#service;
  }

  /** Does nothing where it runs already. Call it again when a store that was away is back. */
  start(): Promise<void> {
    const { cni } = this.#agent.config;
    if (!cni || this.#service) return Promise.resolve();
    this.#starting ??= this.#start(cni.socket).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(socket: string): Promise<void> {
    const { rtnetlink, links, programming } = this.#kernel;
    if (!rtnetlink || programming.state !== 'on') {
      const cause = programming.state === 'failed' ? programming.reason : 'the kernel cannot be asked';
      this.#agent.journal.event({ kind: 'pod', text: 'plugs no pods in', cause }, 'warn');
      return;
    }
    const { startCni } = await import('./start-cni.js');
    try {
      const service = await startCni(this.#agent, socket, rtnetlink);
      links?.followPods((link, change) => service.linkChanged(link, change));
      this.#service = service;
    } catch (error) {
      // Only the store knows which pods there are: the plugin is told to try again until it answers.
      if (!isUnavailable(error)) throw error;
    }
  }
}
