/** What goes into a speaker when it is made, and what comes out of it to be carried out. */
import type { Address } from '@tortie/ip';
import type { RestartingOptions } from './peer/restart-deferral.js';
import type { DecisionOptions, Rib, RibOptions } from './rib/rib.js';
import type { SpeakerEvent } from './speaker-event.js';

export interface SpeakerOptions {
  readonly asn: number;
  readonly routerId: number;
  readonly clusterId?: number;
  readonly clientToClient?: boolean;
  /** RFC 8212: other ASes need an import and an export policy. Default false. */
  readonly ebgpRequiresPolicy?: boolean;
  readonly decision?: DecisionOptions;
  /** RFC 9687: how long a peer may take none of our octets; at least twice the hold time. Default 480. */
  readonly sendHoldS?: number;
  /** Longest wait for a peer's OPEN. Default 240, as RFC 4271 section 8.2.2 suggests. */
  readonly openHoldTimeS?: number;
  /** Other tables than the usual ones, for simulations. @internal */
  readonly makeRib?: (options: RibOptions) => Rib;
  /** We come back from a restart. */
  readonly restarting?: RestartingOptions;
  /** 0 to 1: jitter, and the seed of the RIB's hashes. */
  readonly random: () => number;
  /** Milliseconds since 1970, for the times that BMP shows; without it they are "not known". */
  readonly wallClockMs?: () => number;
  /** Time of the start, on the clock of all later inputs. */
  readonly nowMs: number;
}

export interface DialOptions {
  readonly remoteAddress: Address;
  readonly remotePort: number;
  readonly localAddress: Address | undefined;
  readonly password: string | undefined;
  readonly ttlSecurityHops: number | undefined;
  readonly multihopTtl: number | undefined;
  readonly device: string | undefined;
}

export type SpeakerOutput =
  /** Connect, then call connected() or closed(). */
  | { readonly type: 'dial'; readonly connection: number; readonly peer: string; readonly options: DialOptions }
  /** Goes before all UPDATEs that are not yet with the socket. */
  | { readonly type: 'send'; readonly connection: number; readonly bytes: Uint8Array }
  /** Send what is written, then close. The connection is forgotten: nothing is to be reported of it any more. */
  | { readonly type: 'close'; readonly connection: number }
  /** take() has something for this connection; it stays so until take() gives nothing. */
  | { readonly type: 'output-ready'; readonly connection: number }
  /** work() has something to do. */
  | { readonly type: 'work' }
  /** The TCP-MD5 key for connections from this address, or from the prefix of this length; undefined: none any more. */
  | {
      readonly type: 'password';
      readonly remoteAddress: Address;
      readonly length?: number;
      readonly password: string | undefined;
    }
  | { readonly type: 'event'; readonly event: SpeakerEvent };

/** What an accepted connection must have before anything is read from it or written to it. */
export type AcceptedSecurity = Pick<DialOptions, 'password' | 'ttlSecurityHops' | 'multihopTtl'>;

/** The connection's handle; or why it is not taken, and whether it was a peer's at all. */
export type Acceptance =
  | { readonly connection: number; readonly peer: string; readonly security: AcceptedSecurity }
  | { readonly refused: string; readonly known: boolean };

/**
 * `hard`: new session; `bfd-down`: the path is broken (RFC 9384); `soft-in`: ask for all routes (RFC 2918); `soft-out`:
 * send all; `soft`: both.
 */
export type ResetMode = 'hard' | 'bfd-down' | 'soft' | 'soft-in' | 'soft-out';
