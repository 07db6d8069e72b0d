/** UPDATE as an object, RFC 4271 section 4.3. What the engine runs on is update-scan.ts. */
import { EncodeError, NotificationError } from '../errors.js';
import { ERROR_CODE, UPDATE_ERROR } from '../iana.js';
import { decodeAttributes, encodeAttributes } from './attribute/attribute-set.js';
import { type Fault, faultToNotification, strongestFault } from './attribute/faults.js';
import type { WireContext } from './context.js';
import { BODY_FAMILY } from './family/family.js';
import type { UpdateMessage } from './message.js';
import { decodeNlri, encodeNlri, type Nlri } from './nlri.js';
import { scanUpdate, updateScan } from './update-scan.js';
import { Writer } from './writer.js';

/**
 * Decodes the body of an UPDATE. Faults that RFC 7606 lets a session survive are in `faults`; where the strongest of them
 * is treat-as-withdraw, the announced prefixes are to be withdrawn. Throws NotificationError 3/x for the others.
 */
export function decodeUpdate(bytes: Uint8Array, start: number, end: number, context: WireContext): UpdateMessage {
  const scan = updateScan();
  const broken = scanUpdate(bytes, start, end, context, scan);
  if (broken?.action === 'session-reset') throw faultToNotification(broken);
  const withdrawn = bodyNlri(bytes, scan.withdrawnStart, scan.withdrawnEnd, context);
  const nlri = bodyNlri(bytes, scan.nlriStart, scan.nlriEnd, context);
  // Routes of a family that was not negotiated are ignored: nothing of theirs is missed, yet they are there.
  const reachable = nlri.length > 0;
  const contents = { nlri: reachable && context.families[BODY_FAMILY.index] === true, reachable };
  const block = decodeAttributes(bytes, scan.attributesStart, scan.attributesEnd, context, contents);
  const faults: readonly Fault[] = broken ? [...block.faults, broken] : block.faults;
  const strongest = strongestFault(faults);
  if (strongest?.action === 'session-reset') throw faultToNotification(strongest);
  return { type: 'update', withdrawn, attributes: block.attributes, nlri, faults };
}

/** RFC 7606 section 5.3: a malformed prefix leaves the rest of the field unknown. */
function bodyNlri(bytes: Uint8Array, start: number, end: number, context: WireContext): readonly Nlri[] {
  const { version, index } = BODY_FAMILY;
  const list = decodeNlri(bytes, start, end, version, context.addPath[index] === true);
  if (list) return list;
  const reason = 'a prefix in the UPDATE is too long or cut short';
  throw new NotificationError(ERROR_CODE.update, UPDATE_ERROR.invalidNetworkField, reason);
}

/** The body of an UPDATE. Throws EncodeError where a field outgrows its length field. */
export function encodeUpdate(message: UpdateMessage, context: WireContext): Uint8Array {
  const addPath = context.addPath[BODY_FAMILY.index] === true;
  for (const { prefix } of [...message.withdrawn, ...message.nlri]) {
    if (prefix.version !== BODY_FAMILY.version) {
      throw new EncodeError(`prefixes of IPv${prefix.version} go into mpReach and mpUnreach`);
    }
  }
  const withdrawn = encodeNlri(message.withdrawn, addPath);
  const attributes = encodeAttributes(message.attributes, context);
  const writer = new Writer().u16(withdrawn.length).octets(withdrawn);
  return writer.u16(attributes.length).octets(attributes).octets(encodeNlri(message.nlri, addPath)).finish();
}

/** The End-of-RIB marker of a family. RFC 4724 section 2. */
export function endOfRib(family: { readonly afi: number; readonly safi: number }): UpdateMessage {
  const { afi, safi } = family;
  const body = afi === BODY_FAMILY.afi && safi === BODY_FAMILY.safi;
  const attributes = body ? {} : { mpUnreach: { afi, safi, nlri: [] } };
  return { type: 'update', withdrawn: [], attributes, nlri: [], faults: [] };
}
