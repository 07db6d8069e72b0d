/** FRR's bfdd in a host, with the zebra it asks for interfaces. They run as user `frr`, in a folder of their own. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, type LabProcess, runCommand } from '@tortie/lab';
import { eventually } from './eventually.js';

const FOLDER = '/usr/lib/frr';

/** Why FRR cannot run here; false where it can. */
export async function frrMissing(): Promise<string | false> {
  if (!existsSync(join(FOLDER, 'bfdd'))) return "FRR's bfdd is not installed";
  const folder = await mkdtemp(join(tmpdir(), 'tortie-frr-'));
  try {
    await runCommand('chown', ['frr:frr', folder]);
    return false;
  } catch {
    return 'no rights to give a folder to the user frr';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export class FrrBfd {
  readonly #folder: string;
  readonly #processes: LabProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `peers`: lines of the `bfd` section. */
  static async start(host: Host, peers: string): Promise<FrrBfd> {
    const folder = await mkdtemp(join(tmpdir(), 'tortie-frr-'));
    const frr = new FrrBfd(folder);
    await runCommand('chown', ['frr:frr', folder]);
    await runCommand('chmod', ['755', folder]);
    writeFileSync(join(folder, 'zebra.conf'), '');
    writeFileSync(join(folder, 'bfdd.conf'), `bfd\n${peers}\nexit\n`);
    for (const [daemon, more] of [
      ['zebra', []],
      ['bfdd', ['--bfdctl', join(folder, 'bfdd.ctl')]],
    ] as const) {
      const path = (end: string): string => join(folder, `${daemon}.${end}`);
      const files = ['-f', path('conf'), '-i', path('pid'), '-z', join(folder, 'zserv.api'), '--vty_socket', folder];
      frr.#processes.push(host.spawn(join(FOLDER, daemon), [...files, ...more]));
      await eventually(`${daemon} of FRR`, () => existsSync(path('vty')));
    }
    return frr;
  }

  /** Commands as in a terminal of bfdd; gives what it prints. */
  async vtysh(...commands: readonly string[]): Promise<string> {
    const args = commands.flatMap((command) => ['-c', command]);
    return (await runCommand('vtysh', ['--vty_socket', this.#folder, '-d', 'bfdd', ...args])).stdout;
  }

  /** bfdd falls silent without a word. */
  async kill(): Promise<void> {
    await this.#processes.pop()!.stop('SIGKILL');
  }

  async stop(): Promise<void> {
    for (const running of this.#processes.reverse()) await running.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
