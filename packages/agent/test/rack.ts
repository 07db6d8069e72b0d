/**
 * Two network namespaces joined by a veth pair: in one an agent as a process of its own, in the other a real BIRD as
 * top-of-rack router. Names are random; everything is removed again, and only processes that were started here are ended.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { probeKernel } from '@tortie/linux/node';
import { type Answer, call } from './rest/set-up.js';
import { until } from './until.js';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../bench/main.mjs', import.meta.url));

/** Why no rack can be made here; undefined where it can. */
export async function rackMissing(): Promise<string | undefined> {
  const { netAdmin, netns } = await probeKernel();
  for (const one of [netAdmin, netns]) if (!one.available) return one.reason;
  for (const program of ['bird', 'birdc', 'ip']) {
    try {
      await run('sh', ['-c', `command -v ${program}`]);
    } catch {
      return `${program} is not installed`;
    }
  }
  return undefined;
}

export interface AgentProcess {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export class Rack {
  readonly folder: string;
  readonly #node = `tn-${randomBytes(4).toString('hex')}`;
  readonly #tor = `tt-${randomBytes(4).toString('hex')}`;
  readonly #children: ChildProcess[] = [];
  readonly #outputs: (() => string)[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Rack> {
    const rack = new Rack(await mkdtemp(join(tmpdir(), 'tortie-rack-')));
    try {
      await chmod(rack.folder, 0o755);
      for (const name of [rack.#node, rack.#tor]) await run('ip', ['netns', 'add', name]);
      await run('ip', [
        'link',
        'add',
        'e0',
        'netns',
        rack.#node,
        'type',
        'veth',
        'peer',
        'name',
        'e0',
        'netns',
        rack.#tor,
      ]);
      for (const [name, v4, v6] of [
        [rack.#node, '10.0.0.1/24', 'fd00::1/64'],
        [rack.#tor, '10.0.0.254/24', 'fd00::fe/64'],
      ] as const) {
        await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
        await run('ip', ['-n', name, 'link', 'set', 'e0', 'up']);
        await run('ip', ['-n', name, 'address', 'add', v4, 'dev', 'e0']);
        await run('ip', ['-n', name, 'address', 'add', v6, 'dev', 'e0', 'nodad']);
      }
      return rack;
    } catch (error) {
      await rack.remove();
      throw error;
    }
  }

  /** `ip` in the node's namespace. */
  async ip(...words: string[]): Promise<string> {
    return (await run('ip', ['-n', this.#node, ...words])).stdout;
  }

  /** The agent's routes, one line each without details. */
  async ours(family: '-4' | '-6' = '-4'): Promise<string[]> {
    const text = await this.ip(family, 'route', 'show', 'proto', '201');
    return [...text.matchAll(/^(blackhole )?(\S+)/gm)].map((match) => match[0]).sort();
  }

  /** Everything `ip monitor route` says of the node, from now on. */
  monitor(): { text(): string; stop(): void } {
    const child = spawn('ip', ['-n', this.#node, 'monitor', 'route'], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.push(child);
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    return { text: () => text, stop: () => void child.kill() };
  }

  /** `routes` per family, as BIRD writes them: `10.0.0.0/8 blackhole`. */
  async bird(routes4: readonly string[], routes6: readonly string[] = []): Promise<void> {
    const lines = (routes: readonly string[]): string => routes.map((route) => `route ${route};`).join(' ');
    await writeFile(
      join(this.folder, 'bird.conf'),
      `router id 10.0.0.254;
protocol device {}
protocol static s4 { ipv4; ${lines(routes4)} }
protocol static s6 { ipv6; ${lines(routes6)} }
protocol bgp node {
  local 10.0.0.254 as 64512; neighbor 10.0.0.1 as 64513;
  hold time 9; connect retry time 1; error wait time 1, 2; graceful restart on;
  ipv4 { import all; export where source = RTS_STATIC; next hop self; };
  ipv6 { import all; export where source = RTS_STATIC; next hop address fd00::fe; };
}
`,
    );
    const control = join(this.folder, 'bird.ctl');
    if (this.#children.some((child) => child.spawnargs.includes('bird') && child.exitCode === null)) {
      await run('birdc', ['-s', control, 'configure']);
      return;
    }
    const child = spawn(
      'ip',
      ['netns', 'exec', this.#tor, 'bird', '-f', '-c', join(this.folder, 'bird.conf'), '-s', control],
      {
        stdio: 'ignore',
      },
    );
    this.#children.push(child);
  }

  /** What BIRD has learned from the agent. */
  async learned(): Promise<string[]> {
    const { stdout } = await run('birdc', ['-s', join(this.folder, 'bird.ctl'), 'show', 'route', 'protocol', 'node']);
    return [...stdout.matchAll(/^(\S+\/\d+)/gm)].map((match) => match[1]!).sort();
  }

  /** Starts an agent; `prefix` words go before node, such as setpriv. */
  async agent(yaml: string, name = 'node', prefix: readonly string[] = []): Promise<AgentProcess> {
    const file = join(this.folder, `${name}.yaml`);
    await writeFile(file, yaml);
    const child = spawn('ip', ['netns', 'exec', this.#node, ...prefix, process.execPath, MAIN, file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
      });
    }
    this.#outputs.push(() => text);
    return {
      child,
      output: () => text,
      async end(signal) {
        if (child.exitCode === null && child.signalCode === null) {
          const exit = once(child, 'exit');
          child.kill(signal);
          await exit;
        }
        return child.exitCode;
      },
    };
  }

  /** Waits; a failure shows what the agents said last. */
  async until<T>(what: string, attempt: () => Promise<T | undefined | false>): Promise<T> {
    try {
      return await until(what, attempt);
    } catch (error) {
      const said = this.#outputs.map((output) => output().slice(-3000)).join('\n---\n');
      throw new Error(`${(error as Error).message}; the agents said:\n${said}`, { cause: error });
    }
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call({ socketPath: join(this.folder, 'agent.sock') }, method, path, body);
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    for (const name of [this.#node, this.#tor]) await run('ip', ['netns', 'del', name]).catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }
}
