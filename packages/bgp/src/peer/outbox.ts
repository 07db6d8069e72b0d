/** What a session sends beside UPDATEs. It overtakes those that are not yet with the socket. */
import type { ResolvedPeerConfig } from '../config.js';
import { MESSAGE_TYPE } from '../iana.js';
import type { MessageCounters } from '../views.js';
import type { Capability } from '../wire/capability/capability.js';
import { encodeMessage } from '../wire/codec.js';
import type { Message } from '../wire/message.js';
import type { PeerHost } from './peer-host.js';
import type { Session } from './session.js';

type Host = Pick<PeerHost, 'send' | 'identity'>;

/** 16 octets of ones, a length of 19, type 4. */
const KEEPALIVE_MESSAGE: Uint8Array = Uint8Array.from([
  ...new Array<number>(16).fill(0xff),
  0,
  19,
  MESSAGE_TYPE.keepalive,
]);

/** More of what was wrong than this helps nobody, and always fits. */
const MAX_DATA_OCTETS = 4000;

/** Gives the whole message. */
export function sendMessage(host: Host, counters: MessageCounters, session: Session, message: Message): Uint8Array {
  const counter = message.type === 'route-refresh' ? 'routeRefresh' : message.type;
  const fitting =
    message.type === 'notification' && message.data.length > MAX_DATA_OCTETS
      ? { ...message, data: message.data.subarray(0, MAX_DATA_OCTETS) }
      : message;
  const bytes = encodeMessage(fitting, session.send);
  send(host, counters, session, bytes, counter);
  return bytes;
}

export function sendOpen(
  host: Host,
  { config, sent }: { readonly config: ResolvedPeerConfig; readonly sent: MessageCounters },
  session: Session,
  capabilities: readonly Capability[],
): void {
  const { localAsn, holdTimeS } = config;
  const { routerId } = host.identity;
  const open = { type: 'open', version: 4, asn: localAsn, holdTimeS, routerId, capabilities } as const;
  session.sentOpen = sendMessage(host, sent, session, open);
}

export const sendKeepalive = (host: Host, counters: MessageCounters, session: Session): void =>
  send(host, counters, session, KEEPALIVE_MESSAGE, 'keepalive');

function send(
  host: Host,
  counters: MessageCounters,
  { connection }: Session,
  bytes: Uint8Array,
  counter: Exclude<keyof MessageCounters, 'octets'>,
): void {
  if (connection === undefined) return;
  counters[counter]++;
  counters.octets += bytes.length;
  host.send(connection, bytes);
}
