/** A node for a container runtime: a lab host with an agent that answers CNI, beside another host. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AssignmentPage, Pod, PodList } from '@tortie/agent/api';
import { installPlugin } from '@tortie/cni/node';
import { Agent, type Host, runCommand, until, withHosts } from '@tortie/lab';

/** Where Debian keeps the reference plugins. */
export const REFERENCE_PLUGINS = '/usr/lib/cni';

/** Why a runtime cannot be tried here; false where it can. */
export async function runtimeMissing(...commands: readonly string[]): Promise<string | false> {
  for (const command of commands) {
    const { code } = await runCommand('sh', ['-c', `command -v ${command}`], { allowFailure: true });
    if (code !== 0) return `${command} is not installed; npm run test:runtimes installs it`;
  }
  return process.getuid!() === 0 ? false : 'container runtimes want root here';
}

export class RuntimeNode {
  readonly host: Host;
  readonly other: Host;
  readonly agent: Agent;
  /** For the runtime's files; goes at the end. */
  readonly folder: string;
  readonly binDir: string;
  readonly configDir: string;

  private constructor(host: Host, other: Host, agent: Agent, folder: string) {
    this.host = host;
    this.other = other;
    this.agent = agent;
    this.folder = folder;
    this.binDir = join(folder, 'bin');
    this.configDir = join(folder, 'net.d');
    mkdirSync(this.binDir);
    for (const type of ['portmap', 'loopback']) symlinkSync(join(REFERENCE_PLUGINS, type), join(this.binDir, type));
    installPlugin({ binDir: this.binDir, configDir: this.configDir, socket: agent.cniSocket, chain: ['portmap'] });
  }

  static async with(work: (node: RuntimeNode) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'tortie-runtime-'));
    chmodSync(folder, 0o755);
    try {
      await withHosts(['node', 'other'], async (lab) => {
        const [host, other] = [lab.host('node'), lab.host('other')];
        const agent = await Agent.start(host, {
          node: 'node',
          asn: 64513,
          routerId: host.address(),
          store: { path: host.path('store') },
          api: { socket: host.path('agent.sock') },
          bgp: { listen: [] },
          cni: {},
          pools: [
            { name: 'pods4', cidr: '10.244.0.0/16' },
            { name: 'pods6', cidr: 'fd00:10:244::/112' },
          ],
        });
        await work(new RuntimeNode(host, other, agent, folder));
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async pods(): Promise<readonly Pod[]> {
    return (await this.agent.client.get<PodList>('/v1/pods')).pods;
  }

  /** Waits until nothing of any pod is left: no link, no address. */
  async empty(): Promise<void> {
    await until(
      async () => {
        const { assignments } = await this.agent.client.get<AssignmentPage>('/v1/ipam/assignments');
        const links = (await this.host.exec('ip', ['-br', 'link'])).stdout;
        return assignments.length === 0 && !/^tor/m.test(links) && (await this.pods()).length === 0;
      },
      { what: 'an empty node', deadlineMs: 30_000, everyMs: 100 },
    );
  }

  async reaches(address: string): Promise<boolean> {
    return (await this.host.exec('ping', ['-c', '1', '-W', '2', address], { allowFailure: true })).code === 0;
  }
}
