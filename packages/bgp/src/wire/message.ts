/** BGP messages as values. RFC 4271 section 4. */
import type { Fault } from './attribute/faults.js';
import type { PathAttributes } from './attribute/path-attributes.js';
import type { Capability } from './capability/capability.js';
import type { Nlri } from './nlri.js';

export interface OpenMessage {
  readonly type: 'open';
  readonly version: number;
  /** The sender's AS number: the 4-octet capability's where it is there, else the OPEN's own field. */
  readonly asn: number;
  /** 0, or 3 to 65535. */
  readonly holdTimeS: number;
  /** The BGP Identifier, never 0. */
  readonly routerId: number;
  readonly capabilities: readonly Capability[];
}

export interface UpdateMessage {
  readonly type: 'update';
  /** The IPv4 routes of the Withdrawn Routes field. */
  readonly withdrawn: readonly Nlri[];
  /** Empty in a message that only withdraws. Includes mpReach and mpUnreach. */
  readonly attributes: Partial<PathAttributes>;
  /** The IPv4 routes of the NLRI field. */
  readonly nlri: readonly Nlri[];
  /** What was wrong, in order; none has the action session-reset. Encoders ignore it. */
  readonly faults: readonly Fault[];
}

export interface NotificationMessage {
  readonly type: 'notification';
  readonly errorCode: number;
  readonly errorSubcode: number;
  readonly data: Uint8Array;
}

export interface KeepaliveMessage {
  readonly type: 'keepalive';
}

export interface RouteRefreshMessage {
  readonly type: 'route-refresh';
  readonly afi: number;
  readonly safi: number;
  /** 0 request, 1 begin (BoRR), 2 end (EoRR); any other is to be ignored. RFC 7313 section 3.2. */
  readonly subtype: number;
  /** Outbound route filters behind the fixed part of a request, RFC 5291; kept opaque. */
  readonly filters?: Uint8Array;
}

export type Message = OpenMessage | UpdateMessage | NotificationMessage | KeepaliveMessage | RouteRefreshMessage;
