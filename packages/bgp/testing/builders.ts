/** Short ways to make what tests need: messages as octets, and messages out of octets. */

import { parseAddress, parsePrefix } from '@tortie/ip';
import {
  type Capability,
  decodeMessage,
  encodeMessage,
  type FamilyName,
  Framer,
  familyByName,
  type Message,
  type OpenMessage,
  type UpdateMessage,
  type WireContext,
  wireContext,
} from '../src/index.js';

/** An OPEN as a modern speaker sends it; families default to IPv4 unicast. */
export function openMessage(
  fields: Partial<OpenMessage> & { readonly families?: readonly FamilyName[] } = {},
): OpenMessage {
  const { families = ['ipv4-unicast'], ...rest } = fields;
  const asn = rest.asn ?? 65002;
  const capabilities: Capability[] = families.map((name) => {
    const { afi, safi } = familyByName(name);
    return { type: 'multiprotocol', afi, safi };
  });
  capabilities.push({ type: 'route-refresh' }, { type: 'four-octet-as', asn });
  return { type: 'open', version: 4, asn, holdTimeS: 90, routerId: 0x0a000002, capabilities, ...rest };
}

/** An UPDATE that announces IPv4 prefixes. */
export function announcement(prefixes: readonly string[], nextHop: string, asns: readonly number[]): UpdateMessage {
  return {
    type: 'update',
    withdrawn: [],
    attributes: { origin: 'igp', asPath: [{ type: 'sequence', asns }], nextHop: parseAddress(nextHop) },
    nlri: prefixes.map((text) => ({ prefix: parsePrefix(text) })),
    faults: [],
  };
}

export const octets = (message: Message, context: WireContext = wireContext()): Uint8Array =>
  encodeMessage(message, context);

/** All whole messages in what was received. */
export function messages(received: readonly Uint8Array[], context: WireContext = wireContext()): Message[] {
  const framer = new Framer(65535);
  const found: Message[] = [];
  for (const chunk of received) framer.push(chunk);
  for (let frame = framer.next(); frame; frame = framer.next()) {
    found.push(decodeMessage(frame.bytes.subarray(frame.start - 19, frame.end), context));
  }
  return found;
}
