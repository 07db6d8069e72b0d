/** A host of a lab: a network namespace with addresses, in which commands and daemons run. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors.js';
import { bareAddress, type FamilyKey, type PlannedHost } from '../topology/plan.js';
import { type CommandOptions, type CommandResult, runCommand } from './command.js';
import type { Containers } from './containers.js';
import { inNetns } from './namespace.js';
import { LabProcess } from './process.js';

/** What a host tells its lab. */
export interface HostOwner {
  /** Called with each process started in the host. */
  readonly onProcess: (process: LabProcess) => void;
  /** Where the lab's containers are kept, made when first asked for. */
  readonly containers: () => Promise<Containers>;
}

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Name of the log file, without ending; default: the command's own name. */
  readonly name?: string;
  /** See ProcessOptions. */
  readonly pidFile?: string;
}

/** One route of the kernel, as `ip -j route` shows it. */
export interface KernelRoute {
  readonly dst: string;
  readonly type?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly metric?: number;
  readonly nexthops?: readonly { readonly gateway?: string; readonly dev?: string }[];
}

export class Host {
  readonly name: string;
  readonly netns: string;
  /** For configuration, sockets and logs; goes with the lab. */
  readonly directory: string;
  readonly plan: PlannedHost;
  readonly #owner: HostOwner;

  constructor(plan: PlannedHost, netns: string, directory: string, owner: HostOwner) {
    this.name = plan.name;
    this.plan = plan;
    this.netns = netns;
    this.directory = directory;
    this.#owner = owner;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** The host's address on a segment; without one, its first of that family. */
  address(family: FamilyKey = 'ipv4', segment?: string): string {
    const found = this.plan.interfaces.find(
      (each) => each.addresses[family] !== undefined && (segment === undefined || each.segment === segment),
    )?.addresses[family];
    if (found === undefined) {
      throw new LabError('ERR_LAB_STATE', `${this.name} has no ${family} address${segment ? ` on ${segment}` : ''}`);
    }
    return bareAddress(found);
  }

  /** Runs a command inside the host to its end. */
  exec(command: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<CommandResult> {
    const [outer, outerArgs] = inNetns(this.netns, command, args);
    return runCommand(outer, outerArgs, options);
  }

  /** Starts a process inside the host; it ends with the lab. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): LabProcess {
    const name = options.name ?? command.replace(/^.*\//, '');
    const started = new LabProcess({
      netns: this.netns,
      command,
      args,
      logFile: this.path(`${name}.log`),
      ...(options.env ? { env: options.env } : {}),
      ...(options.pidFile === undefined ? {} : { pidFile: options.pidFile }),
    });
    this.adopt(started);
    return started;
  }

  /** Writes a process down that was started inside the host by other means. */
  adopt(started: LabProcess): void {
    this.#owner.onProcess(started);
  }

  containers(): Promise<Containers> {
    return this.#owner.containers();
  }

  /** A file of this host. */
  path(file: string): string {
    return join(this.directory, file);
  }

  /** Routes of the kernel's main table in one family; `protocol` as `ip route` names or numbers it. */
  async kernelRoutes(family: FamilyKey, protocol?: string | number): Promise<KernelRoute[]> {
    const args = [family === 'ipv4' ? '-4' : '-6', '-n', this.netns, '-j', 'route', 'show'];
    const { stdout } = await runCommand('ip', protocol === undefined ? args : [...args, 'proto', String(protocol)]);
    return stdout.trim() === '' ? [] : (JSON.parse(stdout) as KernelRoute[]);
  }
}
