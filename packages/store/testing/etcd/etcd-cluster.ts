/** Real etcd for tests: one or more members as child processes, with data in a directory of their own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { TlsFiles } from './certificates.js';
import { EtcdProxy } from './etcd-proxy.js';

/** Why tests with etcd cannot run here; false where they can. */
export const etcdMissing: string | false = ['etcd', 'etcdctl'].every((command) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command))),
)
  ? false
  : 'etcd and etcdctl are not installed (Debian: apt-get install etcd-server etcd-client)';

export interface EtcdClusterOptions {
  /** Default 1. */
  readonly members?: number;
  /** For clients; whoever comes must show a certificate of the same authority. */
  readonly tls?: TlsFiles;
  /** False: `start` does not wait for answers. */
  readonly probe?: boolean;
  /** More arguments for each member. */
  readonly args?: readonly string[];
  /** Where member number n lives. Default: on loopback, in this network namespace. */
  readonly placeOf?: (member: number) => Place;
}

export interface Place {
  readonly address: string;
  /** What to put before a command so that it runs there, like `ip netns exec NAME`. */
  readonly enter: readonly string[];
}

const LOOPBACK: Place = { address: '127.0.0.1', enter: [] };

/** How often etcd is asked whether it is there yet. */
const ASK_MS = 50;

/** How long a member may take to come up. */
const START_MS = 60_000;

interface Member {
  readonly name: string;
  readonly place: Place;
  readonly clientUrl: string;
  readonly peerUrl: string;
  process: ChildProcess | undefined;
  output: string;
}

export class EtcdCluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'tortie-etcd-'));
  readonly #options: EtcdClusterOptions;
  readonly #members: readonly Member[];
  readonly #proxies: EtcdProxy[] = [];

  private constructor(options: EtcdClusterOptions, members: readonly Member[]) {
    this.#options = options;
    this.#members = members;
  }

  /** Resolves when every member answers, unless told not to ask. */
  static async start(options: EtcdClusterOptions = {}): Promise<EtcdCluster> {
    const scheme = options.tls ? 'https' : 'http';
    const ports = await freePorts(2 * (options.members ?? 1));
    const members = Array.from({ length: options.members ?? 1 }, (_, at): Member => {
      const place = options.placeOf?.(at) ?? LOOPBACK;
      const url = (port: number): string => `${place.address}:${port}`;
      return {
        name: `m${at}`,
        place,
        clientUrl: `${scheme}://${url(ports[2 * at]!)}`,
        peerUrl: `http://${url(ports[2 * at + 1]!)}`,
        process: undefined,
        output: '',
      };
    });
    const cluster = new EtcdCluster(options, members);
    try {
      for (const at of members.keys()) cluster.spawn(at);
      if (options.probe ?? true) for (const at of members.keys()) await cluster.answers(at);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get endpoints(): readonly string[] {
    return this.#members.map(({ clientUrl }) => clientUrl);
  }

  /** Of the first member, while it runs. */
  get pid(): number {
    return this.#members[0]!.process!.pid!;
  }

  /** Starts a member that is not running, with the data it had. */
  spawn(at: number): void {
    const member = this.#members[at]!;
    const { tls, args = [] } = this.#options;
    const cluster = this.#members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
    const [command, ...rest] = [
      ...member.place.enter,
      'etcd',
      ...['--name', member.name, '--data-dir', join(this.directory, member.name)],
      ...['--listen-client-urls', member.clientUrl, '--advertise-client-urls', member.clientUrl],
      ...['--listen-peer-urls', member.peerUrl, '--initial-advertise-peer-urls', member.peerUrl],
      ...['--initial-cluster', cluster, '--logger', 'zap', '--log-level', 'warn'],
      ...(tls ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca] : []),
      ...(tls ? ['--client-cert-auth'] : []),
      ...args,
    ];
    member.process = spawn(command!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    member.process.stderr!.on('data', (chunk: Buffer) => {
      member.output = (member.output + chunk.toString()).slice(-10_000);
    });
  }

  /** Resolves when a member answers reads that a majority stands behind. */
  async answers(at: number): Promise<void> {
    const member = this.#members[at]!;
    const end = Date.now() + START_MS;
    for (;;) {
      try {
        await this.etcdctl(['--endpoints', member.clientUrl, 'endpoint', 'health'], at);
        return;
      } catch (error) {
        if (Date.now() > end || member.process?.exitCode !== null) {
          throw new Error(`etcd ${member.name} does not answer:\n${member.output}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      }
    }
  }

  /** Ends a member as a power cut would, or otherwise; resolves when it is gone. */
  async kill(at: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#members[at]!.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Stops a member in the middle of whatever it does (SIGSTOP), or lets it go on (SIGCONT). */
  signal(at: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#members[at]!.process?.kill(signal);
  }

  /** Runs etcdctl where a member is, against all members, and gives what it printed. Throws with what it said. */
  async etcdctl(args: readonly string[], at = 0): Promise<string> {
    const { tls } = this.#options;
    const [command, ...rest] = [
      ...this.#members[at]!.place.enter,
      'etcdctl',
      ...(tls ? ['--cacert', tls.ca, '--cert', tls.cert, '--key', tls.key] : []),
      ...(args.includes('--endpoints') ? [] : ['--endpoints', this.endpoints.join(',')]),
      ...args,
    ];
    const env = { ...process.env, ETCDCTL_API: '3' };
    return (await promisify(execFile)(command!, rest, { env })).stdout;
  }

  /** Forgets everything that happened more than `keep` revisions ago. */
  async compact(keep = 0): Promise<void> {
    const status = JSON.parse(
      await this.etcdctl(['--endpoints', this.endpoints[0]!, 'endpoint', 'status', '-w', 'json']),
    ) as readonly { readonly Status: { readonly header: { readonly revision: number } } }[];
    await this.etcdctl(['compact', String(status[0]!.Status.header.revision - keep)]);
  }

  /** A copy of what etcd holds, as an operator makes it; `restore` goes back to it. Only of a cluster of one. */
  async save(): Promise<string> {
    const path = join(this.directory, `snapshot-${Date.now()}`);
    await this.etcdctl(['snapshot', 'save', path]);
    return path;
  }

  /** Starts the one member anew with what `save` kept; resolves when it answers. */
  async restore(path: string): Promise<void> {
    await this.kill(0);
    const { name, peerUrl } = this.#members[0]!;
    const data = join(this.directory, name);
    rmSync(data, { recursive: true });
    const place = ['--initial-cluster', `${name}=${peerUrl}`, '--initial-advertise-peer-urls', peerUrl];
    await this.etcdctl(['snapshot', 'restore', path, '--name', name, '--data-dir', data, ...place]);
    this.spawn(0);
    await this.answers(0);
  }

  /** Starts etcd's own gRPC proxy in front of the members, where the first of them is; it ends with them. */
  async startProxy(): Promise<EtcdProxy> {
    const { place } = this.#members[0]!;
    const [port] = await freePorts(1);
    const proxy = new EtcdProxy(this, { ...place, port: port! });
    this.#proxies.push(proxy);
    await proxy.start();
    return proxy;
  }

  /** Ends all members and removes their data. */
  async stop(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.kill()));
    await Promise.all(this.#members.map((_, at) => this.kill(at)));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Ports that nobody listens on at this moment. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
