/** `tortie cni`: the plugin for container runtimes, installed and taken away. */
import { installPlugin, uninstallPlugin } from '@tortie/cni/node';
import type { Context } from '../context.js';
import { NegativeAnswer, UsageError } from '../failure.js';

type Options = Readonly<Record<string, string | undefined>>;

export function installCni(context: Context, options: Options): void {
  const { binDir, configDir, conflist, cniSocket, cniVersion, network } = options;
  const made = { cniSocket, cniVersion, network, mtu: options.mtu, chain: options.chain };
  const extra = Object.entries(made).find(([, value]) => value !== undefined);
  if (conflist !== undefined && extra) {
    throw new UsageError(`--conflist is installed as it is; write in it what --${dashed(extra[0])} would`);
  }
  const installed = installPlugin({
    binDir,
    configDir,
    conflist,
    name: network,
    cniVersion,
    socket: cniSocket,
    mtu: options.mtu === undefined ? undefined : mtuOf(options.mtu),
    chain: options.chain?.split(',').filter((type) => type !== ''),
  });
  context.answer(installed, ({ plugin, config, chain }) => [
    `installed ${plugin}`,
    `installed ${config}: ${chain.join(', ')}`,
    "the agent's file needs cni: {}",
  ]);
}

export function uninstallCni(context: Context, { binDir, configDir }: Options): void {
  const removed = uninstallPlugin({ binDir, configDir });
  context.answer({ removed }, () =>
    removed.length > 0 ? removed.map((path) => `removed ${path}`) : ['nothing was installed'],
  );
  if (removed.length === 0) throw new NegativeAnswer();
}

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function mtuOf(text: string): number {
  const mtu = Number(text);
  if (Number.isInteger(mtu) && mtu >= 68 && mtu <= 65535) return mtu;
  throw new UsageError(`--mtu ${text} is no MTU; it is a whole number from 68 to 65535`);
}
