/**
 * The machines of a guide: hosts of a lab, each with files of its own below a directory that stands for `/`. Commands run as they are
 * written, but for their paths; `systemctl` starts what the units start, as there is no systemd in a namespace.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Host, type Lab, type LabProcess, tortieCommand } from '@tortie/lab';

/** Folders that a guide names. */
const OWN = /(?<![\w.-])\/(?=(?:etc\/(?:tortie|default|bird)|run\/(?:tortie|bird)|var\/lib\/(?:tortie|etcd)|root)\b)/g;
const FOLDERS = [
  'etc/tortie',
  'etc/default',
  'etc/bird',
  'run/tortie',
  'run/bird',
  'var/lib/tortie',
  'var/lib/etcd',
  'root',
];
/** As Debian's unit has it; and patient, as all machines are one here. */
const DEBIAN_ETCD = {
  ETCD_DATA_DIR: '/var/lib/etcd/default',
  ETCD_LOGGER: 'zap',
  ETCD_LOG_LEVEL: 'warn',
  ETCD_HEARTBEAT_INTERVAL: '500',
  ETCD_ELECTION_TIMEOUT: '5000',
};

export interface Printed {
  readonly code: number;
  readonly lines: readonly string[];
}

export class Machines {
  readonly #lab: Lab;
  readonly #services = new Map<string, LabProcess>();
  readonly #bin: string;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#bin = join(lab.directory, 'bin');
    mkdirSync(this.#bin);
    const program = (name: string, script: string): void => {
      writeFileSync(join(this.#bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(this.#bin, name), 0o755);
    };
    program('tortie', `exec ${tortieCommand().join(' ')} "$@"`);
    program('hostname', 'case "$1" in -I) echo "$MACHINE_ADDRESS";; *) echo "$MACHINE";; esac');
    program('birdc', `exec /usr/sbin/birdc -s "$MACHINE_ROOT/run/bird/bird.ctl" "$@"`);
  }

  write(machine: string, path: string, text: string): void {
    const root = this.#root(machine);
    const file = path.startsWith('/') ? join(root, path) : join(root, 'root', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, this.#mapped(machine, text));
  }

  async run(machine: string, command: string): Promise<Printed> {
    if (command.startsWith('systemctl ')) return this.#systemctl(machine, command.split(/\s+/).slice(1));
    const root = this.#root(machine);
    const { code, stdout } = await this.#host(machine).exec(
      'sh',
      ['-c', `exec 2>&1\n${this.#mapped(machine, command)}`],
      {
        allowFailure: true,
        cwd: join(root, 'root'),
        env: { ...process.env, ...this.#env(machine) },
        timeoutMs: 120_000,
      },
    );
    const text = stdout.replaceAll(root, '').trimEnd();
    return { code, lines: text === '' ? [] : text.split('\n').map((line) => line.trimEnd()) };
  }

  #host(machine: string): Host {
    return this.#lab.host(machine);
  }

  #root(machine: string): string {
    const root = this.#host(machine).path('root');
    for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
    return root;
  }

  #mapped(machine: string, text: string): string {
    return text.replace(OWN, `${this.#root(machine)}/`);
  }

  #env(machine: string): Record<string, string> {
    const root = this.#root(machine);
    return {
      PATH: `${this.#bin}:${process.env.PATH}`,
      MACHINE: machine,
      MACHINE_ROOT: root,
      MACHINE_ADDRESS: this.#host(machine).address(),
      TORTIE_SOCKET: join(root, 'run/tortie/agent.sock'),
      HOME: join(root, 'root'),
    };
  }

  async #systemctl(machine: string, words: readonly string[]): Promise<Printed> {
    const [verb, ...rest] = words;
    const unit = rest.at(-1)!;
    const key = `${machine} ${unit}`;
    const running = this.#services.get(key);
    if (verb === 'kill') await running?.stop('SIGKILL');
    else if (verb !== 'start' && verb !== 'enable') await running?.stop('SIGTERM', 20_000);
    if (verb === 'start' || verb === 'enable' || verb === 'restart')
      this.#services.set(key, this.#start(machine, unit));
    return { code: 0, lines: [] };
  }

  #start(machine: string, unit: string): LabProcess {
    const host = this.#host(machine);
    const root = this.#root(machine);
    const env = { ...process.env, ...this.#env(machine) };
    if (unit === 'etcd') {
      const lines = readFileSync(join(root, 'etc/default/etcd'), 'utf8').split('\n');
      const set = Object.fromEntries(lines.filter((line) => line.includes('=')).map((line) => line.split(/=(.*)/s)));
      const data = join(root, DEBIAN_ETCD.ETCD_DATA_DIR);
      return host.spawn('etcd', [], { name: unit, env: { ...env, ...DEBIAN_ETCD, ETCD_DATA_DIR: data, ...set } });
    }
    if (unit === 'bird') {
      const files = ['-c', join(root, 'etc/bird/bird.conf'), '-s', join(root, 'run/bird/bird.ctl')];
      return host.spawn('bird', ['-f', ...files, '-P', join(root, 'run/bird/bird.pid')], { name: unit, env });
    }
    const [program, ...args] = [...tortieCommand(), ...unitCommand(unit)];
    return host.spawn(
      program!,
      args.map((word) => this.#mapped(machine, word)),
      { name: unit, env },
    );
  }
}

/** What the unit that comes with Tortie starts, without the program. */
function unitCommand(unit: string): string[] {
  const file = new URL(`../../../../../examples/systemd/${unit}.service`, import.meta.url);
  const [, command] = /^ExecStart=\S*\/tortie (.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  if (command === undefined) throw new Error(`${unit}: no ExecStart of tortie`);
  return command.split(' ');
}
