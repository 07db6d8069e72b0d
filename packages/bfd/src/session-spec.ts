/** A session as its user wants it, and as it is shown. Plain data: both cross threads. */
import { type Address, addressesEqual, isLinkLocal, isMulticast, isUnspecified } from '@tortie/ip';
import { checkTimers, type TimerConfig } from './config.js';
import { BfdConfigError } from './errors.js';
import type { Diagnostic, SessionState } from './words.js';

export interface SessionSpec extends TimerConfig {
  /** What events and views call it; unique in a service. */
  readonly name: string;
  readonly remoteAddress: Address;
  /** Default: what the kernel chooses. */
  readonly localAddress?: Address;
  /** Interface the peer is on; needed for link-local addresses. */
  readonly device?: string;
  /** RFC 5883: over routers, UDP port 4784, any TTL. Default: RFC 5881, one hop, port 3784, TTL 255. */
  readonly multihop?: boolean;
  /** RFC 5880 section 6.8.16: tells the peer that it is out of use. */
  readonly adminDown?: boolean;
}

export interface SessionView {
  readonly name: string;
  readonly state: SessionState;
  readonly diagnostic: Diagnostic;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** What the peer said last; absent while it is unknown. */
  readonly remote?: {
    readonly state: SessionState;
    readonly diagnostic: Diagnostic;
    readonly discriminator: number;
    /** The C bit: its BFD outlives a restart of its control plane. */
    readonly controlPlaneIndependent: boolean;
  };
  readonly localDiscriminator: number;
  /** As negotiated, before jitter. */
  readonly txIntervalMs: number;
  readonly detectionTimeMs?: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Packets the kernel did not take. */
  readonly sendErrors: number;
  /** How often it went from Up to Down. */
  readonly flaps: number;
  /** Why, the last time. */
  readonly lastDown?: Diagnostic;
  /** Why it has no sockets; tried again. */
  readonly error?: string;
}

/** Throws BfdConfigError. */
export function checkSpec(spec: SessionSpec): void {
  checkTimers(spec);
  const { remoteAddress, localAddress, device, multihop = false } = spec;
  if (isUnspecified(remoteAddress) || isMulticast(remoteAddress)) {
    throw new BfdConfigError('remoteAddress', 'is the address of no single host');
  }
  if (localAddress && localAddress.version !== remoteAddress.version) {
    throw new BfdConfigError('localAddress', 'and remoteAddress are of different IP versions');
  }
  if (isLinkLocal(remoteAddress) && remoteAddress.version === 6 && (device === undefined || multihop)) {
    const detail = multihop
      ? 'is link-local and cannot be several hops away'
      : 'is link-local; name its interface with "device"';
    throw new BfdConfigError('remoteAddress', detail);
  }
}

/** Whether a session can take the other spec on as it is: the packets come from and go to the same places. */
export const sameEndpoints = (x: SessionSpec, y: SessionSpec): boolean =>
  addressesEqual(x.remoteAddress, y.remoteAddress) &&
  (x.localAddress && y.localAddress
    ? addressesEqual(x.localAddress, y.localAddress)
    : x.localAddress === y.localAddress) &&
  x.device === y.device &&
  (x.multihop ?? false) === (y.multihop ?? false);
