/**
 * Daemons of a lab in real containers: podman with a store of its own, and an image made of Debian's package of BIRD. A
 * container is in the network namespace of its host and sees the host's directory under the same path, so that what
 * works with a process works with a container.
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LabError } from '../errors.js';
import { isRootless } from '../privilege.js';
import { runCommand } from './command.js';

/** A store that is there already, for all labs of a process: what `npm run test:interop -- --containers` sets. */
const SHARED = 'TORTIE_LAB_CONTAINERS';
const BIRD_IMAGE = 'localhost/bird:2';
const BIRD_PROGRAMS = ['/usr/sbin/bird', '/usr/sbin/birdc'];
const CONTAINERFILE = new URL('../../../containers/bird/Containerfile', import.meta.url).pathname;

/** What podman needs where there is no systemd, and where processes may not raise their limits. */
const SETTINGS = `[containers]
default_ulimits=["nofile=4096:4096","nproc=4096:4096"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
`;

/** Whether every BIRD of this process is to run in a container, whatever its topology says. */
export const allInContainers = (): boolean => process.env[SHARED] !== undefined;

export class Containers {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#env = { CONTAINERS_CONF: join(folder, 'containers.conf'), HOME: folder };
  }

  /** The store that all labs share, or else one in `folder`, with the image built. */
  static async open(folder: string): Promise<Containers> {
    const shared = process.env[SHARED];
    if (shared !== undefined) return new Containers(shared);
    return Containers.build(folder);
  }

  /** Makes a store with the image in it. Throws LabError `ERR_LAB_COMMAND` with podman's words. */
  static async build(folder: string): Promise<Containers> {
    if (isRootless()) throw new LabError('ERR_LAB_PRIVILEGE', 'containers in a lab need root: run it as root');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = new Containers(folder);
    writeFileSync(join(folder, 'containers.conf'), SETTINGS);
    const context = join(folder, 'bird');
    await copyPrograms(BIRD_PROGRAMS, join(context, 'rootfs'));
    await made.#podman(['build', '-q', '-t', BIRD_IMAGE, '-f', CONTAINERFILE, context]);
    return made;
  }

  /**
   * The command that runs BIRD in a container in the namespace it is started in, and its environment. `directory` is seen inside too;
   * the container's own process id is written to `pidFile`.
   */
  birdCommand(directory: string, pidFile: string, args: readonly string[]): [string[], NodeJS.ProcessEnv] {
    const rights = ['NET_ADMIN', 'NET_BIND_SERVICE', 'NET_RAW'].flatMap((name) => ['--cap-add', name]);
    const place = ['--network', 'host', '--ipc', 'host', '--volume', `${directory}:${directory}`, '--pidfile', pidFile];
    return [[...this.#store(), 'run', '--rm', ...rights, ...place, BIRD_IMAGE, ...args], this.#env];
  }

  #store(): string[] {
    const places = ['root', 'runroot', 'tmpdir'].flatMap((name) => [`--${name}`, join(this.#folder, name)]);
    return [...places, '--storage-driver', 'vfs'];
  }

  async #podman(words: readonly string[]): Promise<void> {
    await runCommand('podman', [...this.#store(), ...words], {
      env: { ...process.env, ...this.#env },
      timeoutMs: 120_000,
    });
  }
}

/** Copies programs with every library they load, each under its own path. */
async function copyPrograms(programs: readonly string[], root: string): Promise<void> {
  const missing = programs.filter((path) => !existsSync(path));
  if (missing.length > 0)
    throw new LabError('ERR_LAB_COMMAND', `${missing.join(', ')} is not there: install Debian's package bird2`);
  const { stdout } = await runCommand('ldd', programs);
  const libraries = stdout.match(/\/\S+\.so\S*/g) ?? [];
  for (const path of new Set([...programs, ...libraries])) {
    const copy = join(root, path);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(path, copy);
  }
}
