/** podman with its own storage in a folder, and the settings it needs where there is no systemd. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '@tortie/lab';
import type { RuntimeNode } from './node.js';

export class Podman {
  readonly #node: RuntimeNode;
  readonly #config: string;

  constructor(node: RuntimeNode) {
    this.#node = node;
    this.#config = join(node.folder, 'containers.conf');
    writeFileSync(
      this.#config,
      `[containers]
default_ulimits=["nofile=4096:4096","nproc=4096:4096"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
[network]
network_backend="cni"
network_config_dir="${node.configDir}"
cni_plugin_dirs=["${node.binDir}"]
`,
    );
  }

  /** Inside the node's network namespace. */
  run(words: readonly string[], options: { readonly allowFailure?: boolean } = {}): Promise<CommandResult> {
    const { folder, host } = this.#node;
    const places = ['root', 'runroot', 'tmpdir'].flatMap((name) => [`--${name}`, join(folder, `podman-${name}`)]);
    const env = { PATH: process.env.PATH, HOME: folder, CONTAINERS_CONF: this.#config };
    return host.exec('podman', [...places, '--storage-driver', 'vfs', ...words], {
      env,
      timeoutMs: 60_000,
      ...options,
    });
  }

  async import(tar: string, name: string, ...changes: readonly string[]): Promise<void> {
    await this.run(['import', ...changes.flatMap((change) => ['--change', change]), tar, name]);
  }

  /** A container that runs until it is removed. */
  async start(name: string, image: string, ...words: readonly string[]): Promise<void> {
    await this.run(['run', '-d', '--name', name, '--network', 'tortie', ...words, image, 'sleep', '1000']);
  }

  /** Ends everything, also after a failure. */
  async close(): Promise<void> {
    await this.run(['rm', '-a', '-f', '-t', '0'], { allowFailure: true });
  }
}
