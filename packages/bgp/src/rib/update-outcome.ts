import type { Fault } from '../wire/attribute/faults.js';
import type { FamilyName } from '../wire/family/family.js';

/** What became of an UPDATE. The object is reused: read it before the next call. */
export interface UpdateOutcome {
  /** Prefixes announced and withdrawn (treat-as-withdraw included). */
  readonly announced: number;
  readonly withdrawn: number;
  /** Already applied; for the log. An attribute set is checked once, so its faults are told with its first UPDATE only. */
  readonly faults: readonly Fault[];
  readonly endOfRib: FamilyName | undefined;
}
