export type { ConflistOptions } from './conflist.js';
export {
  BIN_DIR,
  CONFIG_DIR,
  type Installed,
  type InstallOptions,
  installPlugin,
  type Places,
  pluginFile,
  uninstallPlugin,
} from './install.js';
export { InstallError } from './install-error.js';
