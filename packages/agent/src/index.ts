export type { AgentConfig, FromFile } from './config/config.js';
export { ConfigError, type ConfigFault, formatConfigFault } from './config/config-error.js';
export { type ConfigInput, readConfig } from './config/read-config.js';
export { AgentError, type AgentErrorCode, type Issue, ValidationError } from './errors.js';
