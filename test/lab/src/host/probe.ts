/** Questions from pod to pod over UDP: sent by the process inside one pod, answered by the one inside the other. */
import { LabError } from '../errors.js';
import type { Host } from './host.js';
import { LabProcess, type ProcessOptions } from './process.js';

/** The port pod processes answer on. */
export const PROBE_PORT = 7;

export interface ProbeRequest {
  readonly id: number;
  readonly address: string;
  readonly timeoutMs: number;
}

/** The first message of the process: its sockets are bound. */
export interface ProbeReady {
  readonly ready: true;
}

export type ProbeReply =
  | { readonly id: number; readonly ok: false }
  /** `seenAs` is the address the other end saw. */
  | { readonly id: number; readonly ok: true; readonly seenAs: string; readonly tookMs: number };

export interface ProberOptions extends Omit<ProcessOptions, 'command' | 'args' | 'ipc'> {
  /** The addresses it answers at, each with answers from that address. */
  readonly addresses: readonly string[];
}

export class Prober {
  readonly process: LabProcess;
  /** Resolves when the process answers questions; rejects when it ends before. */
  readonly ready: Promise<void>;
  readonly #waiting = new Map<number, (reply: ProbeReply) => void>();
  #lastId = 0;

  constructor({ addresses, ...options }: ProberOptions) {
    const script = new URL('../pod-process.js', import.meta.url).pathname;
    const args = ['--max-old-space-size=32', script, String(PROBE_PORT), ...addresses];
    this.process = new LabProcess({ ...options, command: process.execPath, args, ipc: true });
    this.ready = new Promise((resolve, reject) => {
      this.process.child.once('message', () => resolve());
      void this.process.wait().then((how) => {
        reject(new LabError('ERR_LAB_PROCESS', `the process of a pod ended: ${how}\n${this.process.logTail()}`));
      });
    });
    // Somebody may never ask for it.
    this.ready.catch(() => {});
    this.process.child.on('message', (reply: ProbeReply | ProbeReady) => {
      if ('ready' in reply) return;
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    this.process.child.on('exit', () => {
      for (const [id, resolve] of this.#waiting) resolve({ id, ok: false });
      this.#waiting.clear();
    });
  }

  /** Sends one datagram and waits for its answer. */
  ask(address: string, timeoutMs = 1000): Promise<ProbeReply> {
    if (!this.process.child.connected) {
      throw new LabError('ERR_LAB_PROCESS', `the pod's process ended: ${this.process.ended}`);
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.process.child.send({ id, address, timeoutMs } satisfies ProbeRequest, (error) => {
        if (!error) return;
        this.#waiting.delete(id);
        resolve({ id, ok: false });
      });
    });
  }
}

/** Starts a prober in a namespace; its log is the host's. */
export function startProber(host: Host, name: string, netns: string, addresses: readonly string[]): Prober {
  const prober = new Prober({ netns, addresses, logFile: host.path(`probe-${name}.log`) });
  host.adopt(prober.process);
  return prober;
}
