/** What the matrix asks of a foreign BGP daemon, in words that every one of them can answer. */
import type { Host, LabProcess } from '@tortie/lab';

/** The session as the daemon shall configure it, and what it announces. */
export interface Wish {
  /** The daemon's end and Tortie's. */
  readonly local: string;
  readonly remote: string;
  readonly localAsn: number;
  readonly remoteAsn: number;
  /** Both ends are link-local addresses of this interface. */
  readonly device?: string;
  /** BFD beside the session, every 100 ms. */
  readonly bfd?: true;
  /** The daemon waits to be dialled. */
  readonly passive?: boolean;
  readonly password?: string;
  /** GTSM: packets of the peer have crossed no router. */
  readonly ttlSecurity?: boolean;
  /** The daemon takes or sends several paths. */
  readonly addPath?: 'receive' | 'send';
  /** IPv4 routes with IPv6 next hops. */
  readonly extendedNextHop?: boolean;
  readonly holdTimeS?: number;
  /** What the daemon is to Tortie (RFC 9234). */
  readonly role?: 'provider' | 'customer';
  /** Its routes shall outlive a restart of its own (RFC 4724). */
  readonly restarts?: boolean;
  /** And longer than that, for so long (RFC 9494). */
  readonly longLivedS?: number;
  /** Announced by the daemon. */
  readonly announce: readonly string[];
  /** Added to what is announced: `ASN:VALUE`. */
  readonly community?: string;
  /** The daemon's next hops. */
  readonly nextHop4: string;
  readonly nextHop6: string;
}

export interface RunningDaemon {
  readonly process: LabProcess;
  /** Everything the daemon shows of its routes for one prefix; '' where it has none. */
  route(prefix: string): Promise<string>;
  /** Asks Tortie for its routes again; who cannot be told to has none. */
  refresh?(): Promise<void>;
  /** Ends the session and says this; whoever cannot has none. */
  shutDown?(text: string): Promise<void>;
}

/** A fault of the daemon, known by what it writes to its log when a feature fails. */
export interface Defect {
  readonly log: RegExp;
  readonly text: string;
}

export interface Daemon {
  readonly name: string;
  readonly defects?: readonly Defect[];
  /** Command that tells whether it is installed, and the Debian package that brings it. */
  readonly command: string;
  readonly debianPackage: string;
  version(host: Host): Promise<string>;
  /** Throws NotConfigurable where its configuration has no words for the wish. */
  start(host: Host, wish: Wish): Promise<RunningDaemon>;
}

/** The daemon cannot be told to do this. */
export class NotConfigurable extends Error {
  override readonly name = 'NotConfigurable';
}

export const isIpv6 = (text: string): boolean => text.includes(':');
