/** Named network namespaces, made and removed with iproute2. */
import { runCommand } from './command.js';

/** Where iproute2 keeps a handle of each named namespace. */
export const netnsPath = (netns: string): string => `/run/netns/${netns}`;

/** The command and arguments that run something inside a namespace. The process id stays that of the command itself. */
export const inNetns = (netns: string, command: string, args: readonly string[]): [string, string[]] => [
  'nsenter',
  [`--net=${netnsPath(netns)}`, '--', command, ...args],
];

/** Makes namespaces, loopback up. */
export async function createNamespaces(names: readonly string[]): Promise<void> {
  await runCommand('ip', ['-batch', '-'], { input: names.map((name) => `netns add ${name}\n`).join('') });
  await Promise.all(names.map((name) => runCommand('ip', ['-n', name, 'link', 'set', 'lo', 'up'])));
}

/** Removes namespaces; one that is gone already is no error. */
export async function deleteNamespaces(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const input = names.map((name) => `netns delete ${name}\n`).join('');
  await runCommand('ip', ['-force', '-batch', '-'], { input, allowFailure: true });
}

/** Names of all namespaces that begin with `prefix`. */
export async function listNamespaces(prefix: string): Promise<string[]> {
  const { stdout } = await runCommand('ip', ['netns', 'list'], { allowFailure: true });
  return stdout
    .split('\n')
    .map((line) => line.split(' ')[0]!)
    .filter((name) => name.startsWith(prefix));
}

/** Process ids of everything that runs inside the namespace. */
export async function namespacePids(netns: string): Promise<number[]> {
  const { stdout } = await runCommand('ip', ['netns', 'pids', netns], { allowFailure: true });
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** A setting inside a namespace: a line for `ip -batch`, or a sysctl with its path below /proc/sys. */
export type Setting = string | { readonly sysctl: string; readonly value: number };

/** Carries settings out inside a namespace, in their order, in one process. */
export async function configureNamespace(netns: string, settings: readonly Setting[]): Promise<void> {
  if (settings.length === 0) return;
  const script = ['set -e'];
  let batch: string[] = [];
  const flush = (): void => {
    if (batch.length > 0) script.push("ip -batch - <<'END'", ...batch, 'END');
    batch = [];
  };
  for (const setting of settings) {
    if (typeof setting === 'string') {
      batch.push(setting);
    } else {
      flush();
      script.push(`echo ${setting.value} > /proc/sys/${setting.sysctl}`);
    }
  }
  flush();
  const [command, args] = inNetns(netns, 'sh', ['-c', script.join('\n')]);
  await runCommand(command, args);
}
