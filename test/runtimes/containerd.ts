/** containerd with everything of its own in a folder, and the settings it needs where there is no systemd. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabProcess, runCommand, until } from '@tortie/lab';
import { Cri } from './cri.js';
import { PAUSE_IMAGE, pauseRoot } from './images.js';
import type { RuntimeNode } from './node.js';
import { Podman } from './podman.js';

export class Containerd {
  readonly cri: Cri;
  readonly logs: string;
  readonly #process: LabProcess;

  private constructor(process: LabProcess, socket: string, logs: string) {
    this.#process = process;
    this.cri = new Cri(socket);
    this.logs = logs;
  }

  static async start(node: RuntimeNode): Promise<Containerd> {
    const folder = join(node.folder, 'containerd');
    const [socket, logs, config] = ['c.sock', 'logs', 'config.toml'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(logs, { recursive: true });
    writeFileSync(
      config,
      `version = 2
root = "${folder}/root"
state = "${folder}/state"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${folder}/t.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${node.binDir}"
    conf_dir = "${node.configDir}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`,
    );
    const started = node.host.spawn('containerd', ['-c', config], { name: 'containerd' });
    await until(() => existsSync(socket), { what: 'containerd', deadlineMs: 30_000, everyMs: 50 });
    await importPause(node, socket);
    return new Containerd(started, socket, logs);
  }

  /** The last lines of its log. */
  logTail(lines: number): string {
    return this.#process.logTail(lines);
  }

  async close(): Promise<void> {
    this.cri.close();
    await this.#process.stop();
  }
}

/** podman makes the image: there is no registry. */
async function importPause(node: RuntimeNode, socket: string): Promise<void> {
  const podman = new Podman(node);
  const archive = join(node.folder, 'pause.oci');
  await podman.import(await pauseRoot(node.folder), PAUSE_IMAGE, 'CMD ["/pause"]');
  await podman.run(['save', '--format', 'oci-archive', '-o', archive, PAUSE_IMAGE]);
  await runCommand('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', '--snapshotter', 'native', archive]);
}
