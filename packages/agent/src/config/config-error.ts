/** A configuration file that cannot be used: every fault, each with its place. */
import { AgentError } from '../errors.js';

export interface ConfigFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** JSON pointer; empty for the document and for faults of the YAML itself. */
  readonly pointer: string;
  readonly detail: string;
}

/** `FILE:LINE:COLUMN: POINTER: what is wrong; what is right`, as compilers write it. */
export const formatConfigFault = ({ file, line, column, pointer, detail }: ConfigFault): string =>
  `${file}:${line}:${column}: ${pointer ? `${pointer}: ` : ''}${detail}`;

export class ConfigError extends AgentError {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], options?: ErrorOptions) {
    super('ERR_AGENT_CONFIG', faults.map(formatConfigFault).join('\n'), options);
    this.faults = faults;
  }
}
