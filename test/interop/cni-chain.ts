/** A list of plugins called one behind the other, as libcni does it for runtimes (CNI 1.1.0, section 3). */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '@tortie/lab';
import { type CniNode, type CniResult, PLUGIN, success } from './cni-rig.js';

/** Where Debian keeps the reference plugins. */
const REFERENCE = '/usr/lib/cni';

export const chainMissing = existsSync(join(REFERENCE, 'portmap'))
  ? false
  : 'the reference CNI plugins are not installed (Debian: containernetworking-plugins)';

/**
 * Whose CHECK is called: bandwidth 1.1.1 panics where no limit is set, and portmap 1.1.1 looks for its IPv4 rules among
 * those of IPv6.
 */
const CHECKS = ['tortie', 'tuning'];

interface Plugin extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

export interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly Plugin[];
}

export class Chain {
  readonly #node: CniNode;
  readonly #list: Conflist;
  readonly #pod: { readonly containerId: string; readonly netns: string };
  /** What a runtime hands to plugins that have the capability. */
  readonly #arguments: Readonly<Record<string, unknown>>;
  #result: CniResult | undefined;

  constructor(
    node: CniNode,
    list: Conflist,
    pod: { readonly containerId: string; readonly netns: string },
    capabilityArguments: Readonly<Record<string, unknown>> = {},
  ) {
    this.#node = node;
    this.#list = list;
    this.#pod = pod;
    this.#arguments = capabilityArguments;
  }

  async add(): Promise<CniResult> {
    for (const plugin of this.#list.plugins) this.#result = success(await this.#call('ADD', plugin));
    return this.#result!;
  }

  async check(): Promise<void> {
    for (const plugin of this.#list.plugins) {
      if (CHECKS.includes(plugin.type)) await this.#mustSucceed('CHECK', plugin);
    }
  }

  async del(): Promise<void> {
    for (const plugin of [...this.#list.plugins].reverse()) await this.#mustSucceed('DEL', plugin);
  }

  async #mustSucceed(command: string, plugin: Plugin): Promise<void> {
    const { code, stdout } = await this.#call(command, plugin);
    if (code !== 0) throw new Error(`${command} of ${plugin.type} ended with ${code}: ${stdout}`);
  }

  /** In the namespace of the node: portmap and bandwidth work where they are started. */
  #call(command: string, { capabilities, ...plugin }: Plugin): Promise<{ code: number; stdout: string }> {
    const { cniVersion, name } = this.#list;
    const runtimeConfig = Object.fromEntries(
      Object.entries(this.#arguments).filter(([capability]) => capabilities?.[capability]),
    );
    const config = {
      ...plugin,
      ...(capabilities && { capabilities }),
      cniVersion,
      name,
      ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
      ...(this.#result && { prevResult: this.#result }),
      ...(plugin.type === 'tortie' && { socket: this.#node.socket }),
    };
    const file = plugin.type === 'tortie' ? PLUGIN : join(REFERENCE, plugin.type);
    return this.#node.host.exec(file, [], {
      input: JSON.stringify(config),
      allowFailure: true,
      env: {
        PATH: process.env.PATH,
        CNI_COMMAND: command,
        CNI_CONTAINERID: this.#pod.containerId,
        CNI_NETNS: this.#pod.netns,
        CNI_IFNAME: 'eth0',
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-1',
        CNI_PATH: `${dirname(PLUGIN)}:${REFERENCE}`,
      },
    });
  }
}

/** Answers one TCP connection inside a namespace with `here`; gives the function that ends it. */
export async function listenInside(netns: string, address: string, port: number): Promise<() => Promise<void>> {
  const script = `require('net').createServer((c) => c.end('here')).listen(${port}, '${address}', () => console.log('up'))`;
  const child = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
}

/** What comes back over TCP, asked from inside a namespace; empty where nothing does. */
export async function askFrom(netns: string, address: string, port: number): Promise<string> {
  const script = `const c = require('net').connect({ host: '${address}', port: ${port}, timeout: 3000 });
c.on('data', (d) => process.stdout.write(d)).on('error', () => {}).on('timeout', () => c.destroy())`;
  return (await runCommand('ip', ['netns', 'exec', netns, process.execPath, '-e', script])).stdout;
}
