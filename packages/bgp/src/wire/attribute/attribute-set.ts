/** Blocks of path attributes from and to objects. RFC 4271 section 4.3. */
import { EncodeError } from '../../errors.js';
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../../iana.js';
import { negotiatedFamily, type WireContext } from '../context.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import { mergeAs4, splitAs4 } from './as4-merge.js';
import { ATTRIBUTES, attributeByType } from './attribute.js';
import type { AttributeKey, WireAttributes } from './codec.js';
import type { Fault } from './faults.js';
import { inspectAttributes, inspection } from './inspect.js';
import { isHost, NO_HOST } from './mp-reach.js';
import type { PathAttributes, UnknownAttribute } from './path-attributes.js';

export interface DecodedAttributes {
  readonly attributes: Partial<PathAttributes>;
  readonly faults: readonly Fault[];
}

export interface BlockContents {
  /** The UPDATE that the block belongs to has prefixes in its NLRI field. */
  readonly nlri: boolean;
  /** The routes of the block lie elsewhere, as in a table dump: ORIGIN and AS_PATH are mandatory. */
  readonly reachable?: boolean;
}

/** Reused, as no decoder outlives its call. */
const found = inspection();

type Draft = { -readonly [K in keyof WireAttributes]?: WireAttributes[K] };

/**
 * Decodes the block between two offsets. Malformed attributes are left out of the result and reported as faults; AS4_PATH
 * and AS4_AGGREGATOR are merged. Attributes not in the table, and MP ones of families not negotiated, come as `unknown`.
 */
export function decodeAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: WireContext,
  { nlri, reachable = nlri }: BlockContents,
): DecodedAttributes {
  inspectAttributes(bytes, start, end, context, { nlri, mp: true, reachable }, found);
  const draft: Draft = {};
  const unknown: UnknownAttribute[] = [];
  for (let place = 0; place < found.count; place++) {
    const type = found.types[place]!;
    const from = found.starts[place]!;
    const to = found.ends[place]!;
    const row = attributeByType(type);
    if (!row || isForeignMp(type, bytes, from, context)) {
      unknown.push({ type, flags: found.flags[place]! & ~ATTRIBUTE_FLAG.extendedLength, value: bytes.slice(from, to) });
    } else {
      put(draft, row.key, row.decode(bytes, from, to, context));
    }
  }
  const faults: Fault[] = [...found.faults];
  if (draft.mpReach && draft.mpReach.nlri.length > 0 && !isHost(draft.mpReach.nextHop)) {
    const data = new Uint8Array(0);
    faults.push({ action: 'treat-as-withdraw', attributeType: ATTRIBUTE_TYPE.mpReach, data, ...NO_HOST });
  }
  if (unknown.length > 0) draft.unknown = unknown;
  return { attributes: merged(draft, context), faults };
}

/** Every row decodes to the value of its own key. */
function put(draft: Record<string, unknown>, key: AttributeKey, value: unknown): void {
  draft[key] = value;
}

const isForeignMp = (type: number, bytes: Uint8Array, at: number, context: WireContext): boolean =>
  (type === ATTRIBUTE_TYPE.mpReach || type === ATTRIBUTE_TYPE.mpUnreach) &&
  negotiatedFamily(context, u16At(bytes, at), bytes[at + 2]!) < 0;

function merged(draft: Draft, { fourOctetAs }: WireContext): Partial<PathAttributes> {
  const { as4Path, as4Aggregator, ...attributes } = draft;
  if (fourOctetAs || !attributes.asPath || !(as4Path || as4Aggregator)) return attributes;
  const { asPath, aggregator } = mergeAs4({
    asPath: attributes.asPath,
    as4Path,
    aggregator: attributes.aggregator,
    as4Aggregator,
  });
  return aggregator ? { ...attributes, asPath, aggregator } : { ...attributes, asPath };
}

/**
 * The block of these attributes: MP_REACH_NLRI and MP_UNREACH_NLRI first (RFC 7606 section 5.1), the others by ascending
 * type. For a 2-octet session AS4_PATH and AS4_AGGREGATOR are added where needed (RFC 6793 section 4.2.2). Throws EncodeError.
 */
export function encodeAttributes(attributes: Partial<PathAttributes>, context: WireContext): Uint8Array {
  const wire: Partial<WireAttributes> = { ...attributes, ...as4Attributes(attributes, context) };
  const blocks: { type: number; flags: number; value: Uint8Array }[] = [...(attributes.unknown ?? [])];
  for (const row of ATTRIBUTES) {
    const value = wire[row.key];
    if (value !== undefined) blocks.push({ type: row.type, flags: row.flags, value: row.encode(value, context) });
  }
  blocks.sort((x, y) => place(x.type) - place(y.type));
  const writer = new Writer();
  for (const { type, flags, value } of blocks) {
    if (value.length > 0xffff) throw new EncodeError(`attribute ${type} would have ${value.length} octets`);
    const extended = value.length > 255;
    writer.u8(extended ? flags | ATTRIBUTE_FLAG.extendedLength : flags & ~ATTRIBUTE_FLAG.extendedLength).u8(type);
    if (extended) writer.u16(value.length);
    else writer.u8(value.length);
    writer.octets(value);
  }
  return writer.finish();
}

const place = (type: number): number =>
  type === ATTRIBUTE_TYPE.mpReach || type === ATTRIBUTE_TYPE.mpUnreach ? type - 256 : type;

function as4Attributes(
  { asPath, aggregator }: Partial<PathAttributes>,
  { fourOctetAs }: WireContext,
): Partial<WireAttributes> {
  if (fourOctetAs) return {};
  const { as4Path, as4Aggregator } = splitAs4(asPath, aggregator);
  return { ...(as4Path && { as4Path }), ...(as4Aggregator && { as4Aggregator }) };
}
