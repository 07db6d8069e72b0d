/** The octets of a route of a walk: its prefix, and its attributes in the form of another kind of record. */
import { MrtError } from '../errors.js';
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import { attributeCursor, readAttribute } from '../wire/attribute/walk.js';
import { Writer } from '../wire/writer.js';
import type { MrtRoute } from './route-walk.js';

const { mpReach, asPath, aggregator, as4Path, as4Aggregator } = ATTRIBUTE_TYPE;

/** The prefix as NLRI, with its path identifier where `addPath`. */
export function nlriOf({ octets, length, pathId }: MrtRoute, addPath: boolean): Uint8Array {
  const writer = new Writer();
  if (addPath) writer.u32(pathId);
  return writer
    .u8(length)
    .octets(octets.subarray(0, (length + 7) >>> 3))
    .finish();
}

export function putAttribute(writer: Writer, flags: number, type: number, value: Uint8Array): void {
  if (value.length > 255)
    writer
      .u8(flags | ATTRIBUTE_FLAG.extendedLength)
      .u8(type)
      .u16(value.length);
  else
    writer
      .u8(flags & ~ATTRIBUTE_FLAG.extendedLength)
      .u8(type)
      .u8(value.length);
  writer.octets(value);
}

const cursor = attributeCursor();

/** Copies the attributes of the route's message or entry that `wanted` names, as they stand. */
export function copyAttributes(route: MrtRoute, writer: Writer, wanted: (type: number) => boolean): void {
  const { attributesStart, attributesEnd } = route;
  const { bytes } = route.attributes;
  for (let at = attributesStart; at < attributesEnd; at = cursor.valueEnd) {
    if (!readAttribute(bytes, at, attributesEnd, cursor)) return;
    if (wanted(cursor.type)) writer.octets(bytes.subarray(at, cursor.valueEnd));
  }
}

/** The octets of the next hop of MP_REACH_NLRI, which has one of 4, 16 or 32. */
export function mpNextHop(route: MrtRoute): Uint8Array | undefined {
  const field = route.mp ?? route.attributes.reach.find(({ present }) => present);
  if (!field || ![4, 16, 32].includes(field.nextHopLength)) return undefined;
  return route.attributes.bytes.subarray(field.nextHopStart, field.nextHopStart + field.nextHopLength);
}

/** The attributes of a TABLE_DUMP route as TABLE_DUMP_V2 wants them: 4-octet AS numbers, MP_REACH_NLRI cut down. */
export function wideAttributes(route: MrtRoute): Uint8Array {
  const { attributes, frame } = route;
  const changed: readonly number[] = [mpReach, asPath, aggregator, as4Path, as4Aggregator];
  const writer = new Writer();
  const nextHop = mpNextHop(route);
  if (nextHop) {
    putAttribute(writer, ATTRIBUTE_FLAG.optional, mpReach, new Writer().u8(nextHop.length).octets(nextHop).finish());
  }
  if (attributes.has(asPath)) {
    const sound = attributes.testPath((bytes, start, end) => {
      putAttribute(writer, attributes.flags(asPath), asPath, bytes.subarray(start, end));
      return true;
    });
    if (!sound) throw new MrtError(frame.offset, 'AS_PATH contradicts its lengths');
  }
  const by = attributes.aggregator;
  if (by) {
    const value = new Writer().u32(by.asn).u32(by.address).finish();
    putAttribute(writer, attributes.flags(aggregator), aggregator, value);
  }
  copyAttributes(route, writer, (type) => !changed.includes(type));
  return writer.finish();
}
