/** etcd's own gRPC proxy (`etcd grpc-proxy start`) as a child process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { EtcdCluster, Place } from './etcd-cluster.js';

/** How long it may take to come up. */
const START_MS = 60_000;
const ASK_MS = 50;

export class EtcdProxy {
  readonly #cluster: EtcdCluster;
  readonly #place: Place & { readonly port: number };
  #process: ChildProcess | undefined;

  constructor(cluster: EtcdCluster, place: Place & { readonly port: number }) {
    this.#cluster = cluster;
    this.#place = place;
  }

  get url(): string {
    return `http://${this.#place.address}:${this.#place.port}`;
  }

  /** Of the process that runs. */
  get pid(): number {
    return this.#process!.pid!;
  }

  /** Resolves when it passes reads on to etcd. */
  async start(): Promise<void> {
    const { enter, address, port } = this.#place;
    const [command, ...args] = [
      ...enter,
      'etcd',
      ...['grpc-proxy', 'start', '--endpoints', this.#cluster.endpoints.join(',')],
      ...['--listen-addr', `${address}:${port}`, '--advertise-client-url', `${address}:${port}`],
    ];
    this.#process = spawn(command!, args, { stdio: 'ignore' });
    const end = Date.now() + START_MS;
    for (;;) {
      try {
        await this.#cluster.etcdctl(['--endpoints', this.url, 'endpoint', 'health']);
        return;
      } catch (error) {
        if (Date.now() > end || this.#process.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      }
    }
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
