/** Whoever wants to see the messages of peers as they come: an MRT log. */
import type { Address } from '@tortie/ip';
import type { WireContext } from '../wire/context.js';
import type { Frame } from '../wire/framer.js';
import { HEADER_OCTETS } from '../wire/framer.js';
import type { InboxPeer } from './peer-inbox.js';
import { negotiatedOf, type Session } from './session.js';

/** One message, before it is looked at; valid until the function returns. */
export interface TappedMessage {
  readonly peer: string;
  readonly peerAddress: Address;
  /** As its OPEN said; before that as configured, 0 where that says no number. */
  readonly peerAsn: number;
  readonly localAsn: number;
  readonly localAddress: Address | undefined;
  readonly type: number;
  /** Header included: a view. */
  readonly octets: Uint8Array;
  /** What the session understands of what the peer sends. */
  readonly receive: WireContext;
}

export type MessageTap = (message: TappedMessage) => void;

export function tapMessage(tap: MessageTap, { config }: InboxPeer, session: Session, frame: Frame): void {
  const { remoteAsn } = config;
  tap({
    peer: config.name,
    peerAddress: config.remoteAddress,
    peerAsn: negotiatedOf(session)?.open.asn ?? (typeof remoteAsn === 'number' ? remoteAsn : 0),
    localAsn: config.localAsn,
    localAddress: session.endpoints.localAddress ?? config.localAddress,
    type: frame.type,
    octets: frame.bytes.subarray(frame.start - HEADER_OCTETS, frame.end),
    receive: session.receive,
  });
}
