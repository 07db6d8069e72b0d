/** The commands about pods and the CNI plugin. */
import type { Command } from 'commander';
import type { Leaf } from './program.js';

type Options = Readonly<Record<string, string | undefined>>;

export function cniCommands(leaf: Leaf, program: Command, cni: Command): void {
  leaf(program, 'pods', 'pods that container runtimes had plugged in on this node', async (context) =>
    (await import('./commands/pods.js')).listPods(context),
  );
  const load = () => import('./commands/cni.js');
  const places = (command: Command): Command =>
    command
      .option('--bin-dir <folder>', 'where runtimes look for plugins; default /opt/cni/bin')
      .option('--config-dir <folder>', 'where they look for networks; default /etc/cni/net.d');
  const install = leaf(
    cni,
    'install',
    'install the plugin and its network configuration',
    async (context, _, options) => (await load()).installCni(context, options as Options),
  );
  places(install)
    .option('--network <name>', 'name of the network; default tortie')
    .option('--cni-socket <path>', "the agent's CNI socket; default /run/tortie/cni.sock")
    .option('--cni-version <version>', 'version of the configuration; default 1.0.0')
    .option('--mtu <octets>', "MTU of pods; default: that of the node's way out")
    .option(
      '--chain <plugins>',
      'reference plugins to call behind ours; default: portmap,bandwidth where they are installed',
    )
    .option('--conflist <file>', 'install this configuration instead');
  places(
    leaf(cni, 'uninstall', 'take both away; exit 1 when nothing was installed', async (context, _, options) =>
      (await load()).uninstallCni(context, options as Options),
    ),
  );
}
