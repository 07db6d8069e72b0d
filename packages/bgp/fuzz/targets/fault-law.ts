/** What RFC 7606 (and the RFC of each attribute) lets a fault do, written apart from the code that decides it. */
import type { Fault, FaultAction } from '../../src/wire/attribute/faults.js';
import type { WireContext } from '../../src/wire/context.js';
import type { UpdateMessage } from '../../src/wire/message.js';
import { check } from './check.js';

/** Malformed in its value, by type: sections 7.1 to 7.16, RFC 6793 section 6, RFC 8092 section 6, RFC 9234 section 5. */
const MALFORMED: ReadonlyMap<number, FaultAction> = new Map([
  ...[1, 2, 3, 4, 5, 8, 9, 10, 16, 32, 35].map((type) => [type, 'treat-as-withdraw'] as const),
  ...[6, 7, 17, 18].map((type) => [type, 'attribute-discard'] as const),
]);
/** From an external peer they are discarded (sections 7.5, 7.9, 7.10), whatever they hold. */
const INTERNAL = [5, 9, 10];
const FLAGS = 4;
const MISSING = 3;
const LIST = 1;

/** Every fault of an UPDATE that was taken. */
export function checkFaults({ faults, attributes, nlri }: UpdateMessage, context: WireContext): void {
  for (const fault of faults) {
    check(fault.action !== 'session-reset', 'an UPDATE was taken in spite of a session reset');
    checkFault(fault, context);
  }
  if (faults.some(({ action }) => action === 'treat-as-withdraw')) return;
  const reachable = nlri.length > 0 || (attributes.mpReach?.nlri.length ?? 0) > 0;
  if (!reachable) return;
  // RFC 7606 section 3 (d): what is mandatory is there.
  check(attributes.origin !== undefined, 'routes without ORIGIN');
  check(attributes.asPath !== undefined, 'routes without AS_PATH');
  check(nlri.length === 0 || !context.families[0] || attributes.nextHop !== undefined, 'routes without NEXT_HOP');
}

function checkFault({ action, attributeType, errorSubcode, reason }: Fault, { peerType }: WireContext): void {
  const what = `${action} for ${reason}`;
  check(reason.length > 0, 'a fault without a reason');
  if (attributeType === undefined) {
    // Section 4: an attribute that overruns the area.
    check(action === 'treat-as-withdraw' && errorSubcode === LIST, what);
  } else if (errorSubcode === FLAGS || errorSubcode === MISSING) check(action === 'treat-as-withdraw', what);
  else if (attributeType === 14) check(action === 'treat-as-withdraw' && errorSubcode === 8, what);
  else if (errorSubcode === LIST) check(action === 'attribute-discard' && attributeType !== 15, what);
  else if (peerType === 'ebgp' && INTERNAL.includes(attributeType)) check(action === 'attribute-discard', what);
  else check(action === MALFORMED.get(attributeType), what);
}
