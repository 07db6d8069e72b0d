/** A long-running process of the lab: started inside a namespace, its words in a log file, ended by its own pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { LabError } from '../errors.js';
import { inNetns } from './namespace.js';

export interface ProcessOptions {
  readonly netns: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Opens a message channel to a Node process. */
  readonly ipc?: boolean;
  /** The command holds another process that signals are for, and writes its id here: a container. */
  readonly pidFile?: string;
  readonly onStart?: (pid: number) => void;
}

export class LabProcess {
  readonly child: ChildProcess;
  readonly logFile: string;
  readonly command: string;
  readonly #pidFile: string | undefined;
  readonly #ended: Promise<string>;
  #how: string | undefined;

  constructor(options: ProcessOptions) {
    const log = openSync(options.logFile, 'a', 0o600);
    const [command, args] = inNetns(options.netns, options.command, options.args);
    this.logFile = options.logFile;
    this.#pidFile = options.pidFile;
    this.command = [options.command, ...options.args].join(' ');
    this.child = spawn(command, args, {
      stdio: options.ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      ...(options.env ? { env: { ...process.env, ...options.env } } : {}),
    });
    closeSync(log);
    if (this.child.pid !== undefined) options.onStart?.(this.child.pid);
    this.#ended = new Promise((resolve) => {
      const settle = (how: string): void => {
        this.#how = how;
        resolve(how);
      };
      this.child.on('error', (error) => settle(error.message));
      this.child.on('exit', (code, signal) => settle(signal ? `killed by ${signal}` : `exit code ${code}`));
    });
  }

  /** Of the process that signals are for. */
  get pid(): number {
    const pid = this.#innerPid() ?? this.child.pid;
    if (pid === undefined) throw new LabError('ERR_LAB_PROCESS', `${this.command} did not start`);
    return pid;
  }

  /** How the process ended (`exit code 1`, `killed by SIGKILL`), or undefined while it runs. */
  get ended(): string | undefined {
    return this.#how;
  }

  /** The end of the log, for an error message. */
  logTail(lines = 10): string {
    try {
      return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '';
    }
  }

  /** Throws LabError `ERR_LAB_PROCESS`, with what the process said last, when it no longer runs. */
  assertRunning(): void {
    if (this.#how === undefined) return;
    throw new LabError('ERR_LAB_PROCESS', `${this.command} ended: ${this.#how}\n${this.logTail()}`);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#how !== undefined) return;
    const inner = this.#innerPid();
    if (inner === undefined) this.child.kill(signal);
    else process.kill(inner, signal);
  }

  #innerPid(): number | undefined {
    if (this.#pidFile === undefined) return undefined;
    try {
      const pid = Number(readFileSync(this.#pidFile, 'utf8'));
      process.kill(pid, 0);
      return pid;
    } catch {
      // It does not run yet, or no longer.
      return undefined;
    }
  }

  /** Resolves with how it ended. */
  wait(): Promise<string> {
    return this.#ended;
  }

  /** Asks it to end and, when it has not within `graceMs`, kills it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 3000): Promise<string> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    const how = await this.#ended;
    clearTimeout(timer);
    return how;
  }
}
