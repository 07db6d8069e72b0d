/** BGP4MP, RFC 6396 section 4.4; its ADD-PATH subtypes RFC 8050 section 3. */
import { addressFromBytes, addressOctets } from '@tortie/ip';
import { EncodeError } from '../errors.js';
import { AFI } from '../iana.js';
import { decodeMessage } from '../wire/codec.js';
import type { Message } from '../wire/message.js';
import type { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { mrtContext } from './attributes.js';
import type { MessageRecord, MrtBody, MrtTime, StateChangeRecord } from './record.js';

interface Subtype {
  readonly state: boolean;
  readonly fourOctetAs: boolean;
  readonly addPath: boolean;
  readonly local: boolean;
}

const message = (fourOctetAs: boolean, local: boolean, addPath: boolean): Subtype => ({
  state: false,
  fourOctetAs,
  addPath,
  local,
});
const state = (fourOctetAs: boolean): Subtype => ({ state: true, fourOctetAs, addPath: false, local: false });

const SUBTYPES: ReadonlyMap<number, Subtype> = new Map([
  [0, state(false)],
  [1, message(false, false, false)],
  [4, message(true, false, false)],
  [5, state(true)],
  [6, message(false, true, false)],
  [7, message(true, true, false)],
  [8, message(false, false, true)],
  [9, message(true, false, true)],
  [10, message(false, true, true)],
  [11, message(true, true, true)],
]);

/** Undefined for a subtype we do not know, or addresses that are not IP. */
export function decodeBgp4mp(
  reader: Reader,
  subtype: number,
  time: MrtTime,
): MessageRecord | StateChangeRecord | undefined {
  const kind = SUBTYPES.get(subtype);
  if (!kind) return undefined;
  const { fourOctetAs, addPath, local } = kind;
  const peerAsn = fourOctetAs ? reader.u32() : reader.u16();
  const localAsn = fourOctetAs ? reader.u32() : reader.u16();
  const interfaceIndex = reader.u16();
  const afi = reader.u16();
  if (afi !== AFI.ipv4 && afi !== AFI.ipv6) return undefined;
  const version = afi === AFI.ipv4 ? 4 : 6;
  const peerAddress = addressFromBytes(reader.bytes, version, reader.skip(addressOctets(version)));
  const localAddress = addressFromBytes(reader.bytes, version, reader.skip(addressOctets(version)));
  const session = { ...time, peerAsn, localAsn, interfaceIndex, peerAddress, localAddress };
  if (kind.state) return { type: 'state-change', ...session, oldState: reader.u16(), newState: reader.u16() };
  const octets = reader.bytes.subarray(reader.at, reader.end);
  return { type: 'message', ...session, message: octets, fourOctetAs, addPath, local };
}

const CONTEXTS = [false, true].map((fourOctetAs) => [false, true].map((addPath) => mrtContext(fourOctetAs, addPath)));

/** Decodes the message of a record as the collector's session did. Throws NotificationError. */
export const decodeMrtMessage = (record: MessageRecord): Message =>
  decodeMessage(record.message, CONTEXTS[record.fourOctetAs ? 1 : 0]![record.addPath ? 1 : 0]!);

/**
 * A message goes under the subtype of its own form, as its octets are not changed; a change of state is written as
 * BGP4MP_STATE_CHANGE_AS4. Throws EncodeError, also where an AS number has no room in the two octets of the form.
 */
export function encodeBgp4mp(record: MessageRecord | StateChangeRecord): MrtBody {
  const { peerAsn, localAsn, interfaceIndex, peerAddress, localAddress } = record;
  if (peerAddress.version !== localAddress.version) {
    throw new EncodeError(`the peer's address is of IPv${peerAddress.version}, ours of IPv${localAddress.version}`);
  }
  const kind = record.type === 'message' ? message(record.fourOctetAs, record.local, record.addPath) : state(true);
  const writer = new Writer();
  if (kind.fourOctetAs) writer.u32(peerAsn).u32(localAsn);
  else writer.u16(peerAsn).u16(localAsn);
  writer.u16(interfaceIndex).u16(peerAddress.version === 4 ? AFI.ipv4 : AFI.ipv6);
  writer.address(peerAddress).address(localAddress);
  if (record.type === 'message') writer.octets(record.message);
  else writer.u16(record.oldState).u16(record.newState);
  return { subtype: subtypeOf(kind), body: writer.finish() };
}

function subtypeOf({ state, fourOctetAs, addPath, local }: Subtype): number {
  for (const [subtype, row] of SUBTYPES) {
    if (row.state !== state || row.fourOctetAs !== fourOctetAs) continue;
    if (row.addPath === addPath && row.local === local) return subtype;
  }
  throw new EncodeError('BGP4MP has no subtype for this form');
}
