export type { Io } from './context.js';
export { EXIT, type ExitCode } from './exit-codes.js';
export { main } from './main.js';
