/** The network configuration list that runtimes read: our plugin, and those behind it. */
import { InstallError } from './install-error.js';

export interface ConflistOptions {
  /** Name of the network; default tortie. */
  readonly name?: string | undefined;
  /** Default 1.0.0, which every runtime in use knows. */
  readonly cniVersion?: string | undefined;
  /** Of the agent; default: /run/tortie/cni.sock. */
  readonly socket?: string | undefined;
  /** Default: that of the node's way out. */
  readonly mtu?: number | undefined;
  /** Types of reference plugins to call behind ours; default: portmap and bandwidth, where they are installed. */
  readonly chain?: readonly string[] | undefined;
}

/** The reference plugins we know how to call. */
const CHAINED: Readonly<Record<string, object>> = {
  portmap: { type: 'portmap', capabilities: { portMappings: true } },
  bandwidth: { type: 'bandwidth', capabilities: { bandwidth: true } },
  tuning: { type: 'tuning' },
};
const BY_DEFAULT = ['portmap', 'bandwidth'];

/** `isInstalled` tells of a plugin by its type. Throws InstallError for a chain of plugins that are not there. */
export function conflist(options: ConflistOptions, isInstalled: (type: string) => boolean): object {
  const { name = 'tortie', cniVersion = '1.0.0', socket, mtu } = options;
  for (const type of options.chain ?? []) {
    if (!CHAINED[type]) throw new InstallError(`"${type}" is none of ${Object.keys(CHAINED).join(', ')}`);
    if (!isInstalled(type)) {
      throw new InstallError(
        `the plugin ${type} is not installed beside ours; Debian has it in containernetworking-plugins`,
      );
    }
  }
  const chain = options.chain ?? BY_DEFAULT.filter(isInstalled);
  return {
    cniVersion,
    name,
    plugins: [
      {
        type: 'tortie',
        ...(socket !== undefined && { socket }),
        ...(mtu !== undefined && { mtu }),
        capabilities: { ips: true, mac: true, 'io.kubernetes.cri.pod-annotations': true },
      },
      ...chain.map((type) => CHAINED[type]!),
    ],
  };
}

/** Whether a text is a list with our plugin in it. */
export function isOurs(text: string): boolean {
  try {
    const { plugins } = JSON.parse(text) as { plugins?: unknown };
    return Array.isArray(plugins) && plugins.some((plugin: { type?: unknown } | null) => plugin?.type === 'tortie');
  } catch {
    return false;
  }
}
