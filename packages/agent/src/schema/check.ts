/** Checks a value of the API or of the configuration file: its faults as issues, with the formats of the agent. */
import { type Fault, checkValue as faultsOf } from '@tortie/cluster/schema';
import type { Issue } from '../errors.js';
import { FORMATS } from './formats.js';

export { pointerTo, type SchemaNode } from '@tortie/cluster/schema';

/** Every fault of `value`, in document order; an empty list where it fits. */
export const checkValue = (schema: unknown, value: unknown, pointer = ''): Issue[] =>
  faultsOf(schema, value, { pointer, formats: FORMATS }).map(issueOf);

function issueOf({ pointer, message, expected, suggestion, atKey }: Fault): Issue {
  const near = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
  const right = expected === undefined ? near : `; it must be ${expected}${near}`;
  if (!atKey) return { pointer, detail: message + right };
  const known = suggestion === undefined ? `known are ${expected}` : `did you mean "${suggestion}"?`;
  return { pointer, detail: `${message}; ${known}`, atKey };
}
