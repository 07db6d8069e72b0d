/**
 * Puts the plugin and its network configuration where container runtimes look for them, and takes both away again. Each
 * file is there whole or not at all, whatever happens meanwhile; the plugin comes first and goes last, so that no runtime
 * finds a configuration without it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConflistOptions, conflist, isOurs } from './conflist.js';
import { InstallError } from './install-error.js';

export const BIN_DIR = '/opt/cni/bin';
export const CONFIG_DIR = '/etc/cni/net.d';
/** The name of the executable is the `type` that configurations call it by. */
const PLUGIN = 'tortie';
/** Runtimes take the first by name. */
export const CONFIG_FILE = '10-tortie.conflist';

export interface Places {
  /** Default: /opt/cni/bin. */
  readonly binDir?: string | undefined;
  /** Default: /etc/cni/net.d. */
  readonly configDir?: string | undefined;
}

export interface InstallOptions extends Places, ConflistOptions {
  /** A configuration of one's own to install instead of the one that is made. */
  readonly conflist?: string | undefined;
}

export interface Installed {
  readonly plugin: string;
  readonly config: string;
  /** Types of the plugins in their order. */
  readonly chain: readonly string[];
}

/** The executable that was built here, else the one that the package brought for this processor. Throws InstallError without either. */
export function pluginFile(): string {
  const folder = fileURLToPath(new URL('../../', import.meta.url));
  const path = ['build', `prebuilt/${process.arch}`]
    .map((place) => join(folder, place, 'tortie'))
    .find((file) => existsSync(file));
  if (path !== undefined) return path;
  throw new InstallError(
    'the CNI plugin was not built here: install a C compiler (Debian, Ubuntu: build-essential; Fedora: gcc; Alpine: ' +
      `build-base) and run "node build.mjs" in ${folder}`,
  );
}

/** Installs, over an earlier installation too. Throws InstallError, or what the file system says. */
export function installPlugin(options: InstallOptions = {}): Installed {
  const { plugin, config } = pathsOf(options);
  if (existsSync(config) && !isOurs(readFileSync(config, 'utf8'))) {
    throw new InstallError(
      `${config} is there and not ours: no plugin in it has the type ${PLUGIN}; move it away first`,
    );
  }
  const binary = readFileSync(pluginFile());
  const text =
    options.conflist === undefined
      ? `${JSON.stringify(
          conflist(options, (type) => existsSync(join(dirname(plugin), type))),
          undefined,
          2,
        )}\n`
      : readFileSync(options.conflist, 'utf8');
  if (!isOurs(text)) throw new InstallError(`${options.conflist} is no list of plugins with one of type ${PLUGIN}`);
  replaceFile(plugin, binary, 0o755);
  replaceFile(config, Buffer.from(text), 0o644);
  const { plugins } = JSON.parse(text) as { plugins: { type: string }[] };
  return { plugin, config, chain: plugins.map(({ type }) => type) };
}

/** Takes away what `installPlugin` has installed; gives what was there. Another's configuration of that name stays. */
export function uninstallPlugin(options: Places = {}): readonly string[] {
  const { plugin, config } = pathsOf(options);
  const removed: string[] = [];
  if (existsSync(config) && isOurs(readFileSync(config, 'utf8'))) {
    rmSync(config);
    removed.push(config);
  }
  if (existsSync(plugin)) {
    rmSync(plugin);
    removed.push(plugin);
  }
  return removed;
}

const pathsOf = ({ binDir = BIN_DIR, configDir = CONFIG_DIR }: Places): { plugin: string; config: string } => ({
  plugin: join(binDir, PLUGIN),
  config: join(configDir, CONFIG_FILE),
});

/** A running executable cannot be written to, but replaced. A name with a dot in front is none that runtimes read. */
function replaceFile(path: string, octets: Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    writeFileSync(partial, octets, { mode, flush: true });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
