/** OPEN, RFC 4271 sections 4.2 and 6.2; optional parameters of any length RFC 9072. */
import { NotificationError } from '../errors.js';
import { AS_TRANS, ERROR_CODE, OPEN_ERROR } from '../iana.js';
import type { Capability } from './capability/capability.js';
import { decodeCapabilities, encodeCapabilities } from './capability/capability-list.js';
import type { OpenMessage } from './message.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

const BGP_VERSION = 4;
const CAPABILITIES_PARAMETER = 2;
/** In place of a parameter's type: lengths of two octets follow. RFC 9072 section 2. */
const EXTENDED = 255;

const refuse = (subcode: number, reason: string, data?: Uint8Array): NotificationError =>
  new NotificationError(ERROR_CODE.open, subcode, reason, data);

/** Decodes the body of an OPEN. Throws NotificationError 2/x; whether the peer is the expected one is not judged here. */
export function decodeOpen(bytes: Uint8Array, start: number, end: number): OpenMessage {
  const reader = new Reader(bytes, start, end, () => refuse(OPEN_ERROR.unspecific, 'the OPEN is cut short'));
  const version = reader.u8();
  if (version !== BGP_VERSION) {
    const data = Uint8Array.of(0, BGP_VERSION);
    throw refuse(OPEN_ERROR.unsupportedVersion, `BGP version ${version} is not spoken here`, data);
  }
  const shortAsn = reader.u16();
  const holdTimeS = reader.u16();
  const routerId = reader.u32();
  const capabilities = decodeParameters(reader);
  const fourOctetAs = capabilities.find((capability) => capability.type === 'four-octet-as');
  const asn = fourOctetAs ? fourOctetAs.asn : shortAsn;
  // RFC 7607 section 2, for either field.
  if (asn === 0 || shortAsn === 0) throw refuse(OPEN_ERROR.badPeerAs, 'the peer claims to be AS 0');
  if (holdTimeS === 1 || holdTimeS === 2) {
    throw refuse(OPEN_ERROR.unacceptableHoldTime, `a hold time of ${holdTimeS} s is not allowed`);
  }
  if (routerId === 0) throw refuse(OPEN_ERROR.badBgpIdentifier, 'the BGP Identifier is 0');
  return { type: 'open', version, asn, holdTimeS, routerId, capabilities };
}

function decodeParameters(reader: Reader): readonly Capability[] {
  const capabilities: Capability[] = [];
  let length = reader.u8();
  const extended = length > 0 && reader.left > 0 && reader.bytes[reader.at] === EXTENDED;
  if (extended) {
    reader.u8();
    length = reader.u16();
  }
  if (length !== reader.left) {
    throw refuse(OPEN_ERROR.unspecific, `${reader.left} octets of optional parameters, announced were ${length}`);
  }
  while (reader.left > 0) {
    const type = reader.u8();
    const value = reader.within(extended ? reader.u16() : reader.u8());
    if (type !== CAPABILITIES_PARAMETER) {
      throw refuse(OPEN_ERROR.unsupportedParameter, `optional parameter ${type} is not supported`);
    }
    decodeCapabilities(value.bytes, value.at, value.end, capabilities);
  }
  return capabilities;
}

/**
 * The body of an OPEN. All capabilities go into one parameter (RFC 5492 section 4), in the extended form only where they
 * need it. An AS number of four octets leaves AS_TRANS in the AS field; the capability is the caller's to add.
 */
export function encodeOpen({ version, asn, holdTimeS, routerId, capabilities }: OpenMessage): Uint8Array {
  const writer = new Writer().u8(version);
  writer
    .u16(asn > 0xffff ? AS_TRANS : asn)
    .u16(holdTimeS)
    .u32(routerId);
  const value = encodeCapabilities(capabilities);
  if (value.length === 0) writer.u8(0);
  else if (value.length <= 253)
    writer
      .u8(value.length + 2)
      .u8(CAPABILITIES_PARAMETER)
      .u8(value.length);
  else {
    writer
      .u8(EXTENDED)
      .u8(EXTENDED)
      .u16(value.length + 3);
    writer.u8(CAPABILITIES_PARAMETER).u16(value.length);
  }
  return writer.octets(value).finish();
}
