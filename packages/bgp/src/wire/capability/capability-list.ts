/** The table of capabilities, and the list of them in the Capabilities parameter. RFC 5492 section 4. */
import { EncodeError, NotificationError } from '../../errors.js';
import { ERROR_CODE, OPEN_ERROR } from '../../iana.js';
import { Writer } from '../writer.js';
import { addPath } from './add-path.js';
import type { Capability } from './capability.js';
import type { CapabilityCodec } from './codec.js';
import { enhancedRouteRefresh } from './enhanced-route-refresh.js';
import { extendedMessage } from './extended-message.js';
import { extendedNextHop } from './extended-next-hop.js';
import { fourOctetAs } from './four-octet-as.js';
import { fqdn } from './fqdn.js';
import { gracefulRestart } from './graceful-restart.js';
import { longLivedGracefulRestart } from './long-lived-graceful-restart.js';
import { multiprotocol } from './multiprotocol.js';
import { role } from './role.js';
import { routeRefresh } from './route-refresh.js';

/** One row each, in ascending order of code. */
export const CAPABILITIES: readonly CapabilityCodec[] = [
  multiprotocol,
  routeRefresh,
  extendedNextHop,
  extendedMessage,
  role,
  gracefulRestart,
  fourOctetAs,
  addPath,
  enhancedRouteRefresh,
  longLivedGracefulRestart,
  fqdn,
];

const byCode = new Map(CAPABILITIES.map((row) => [row.code, row]));
const byType = new Map(CAPABILITIES.map((row) => [row.type, row]));

/** Decodes the capabilities between two offsets onto the list. Throws NotificationError 2/0 where they overrun. */
export function decodeCapabilities(bytes: Uint8Array, start: number, end: number, into: Capability[]): void {
  for (let at = start; at < end; ) {
    const code = bytes[at]!;
    const valueStart = at + 2;
    const valueEnd = at + 1 < end ? valueStart + bytes[at + 1]! : Number.POSITIVE_INFINITY;
    if (valueEnd > end) {
      throw new NotificationError(ERROR_CODE.open, OPEN_ERROR.unspecific, `capability ${code} overruns its parameter`);
    }
    const known = byCode.get(code)?.decode(bytes, valueStart, valueEnd);
    into.push(known ?? { type: 'unknown', code, value: bytes.slice(valueStart, valueEnd) });
    at = valueEnd;
  }
}

/** The octets of the capabilities, in the order given. */
export function encodeCapabilities(capabilities: readonly Capability[]): Uint8Array {
  const writer = new Writer();
  for (const capability of capabilities) {
    const unknown = capability.type === 'unknown';
    const row = unknown ? undefined : byType.get(capability.type);
    const value = unknown ? capability.value : row!.encode(capability);
    const code = unknown ? capability.code : row!.code;
    if (value.length > 255) throw new EncodeError(`capability ${code} would have ${value.length} octets`);
    writer.u8(code).u8(value.length).octets(value);
  }
  return writer.finish();
}
