/** What the rules of a kind find in a resource whose fields each fit the schema. */
import type { Fault } from '../schema/fault.js';

/** Something that is accepted and that whoever wrote it should know. */
export interface Warning {
  readonly pointer: string;
  readonly message: string;
}

export interface Findings {
  readonly faults: readonly Fault[];
  readonly warnings?: readonly Warning[];
}

/** Collects faults while rules are gone through. */
export class Faults {
  readonly faults: Fault[] = [];
  readonly warnings: Warning[] = [];

  add(pointer: string, message: string, expected?: string): void {
    this.faults.push({ pointer, message, ...(expected !== undefined && { expected }) });
  }

  warn(pointer: string, message: string): void {
    this.warnings.push({ pointer, message });
  }
}
