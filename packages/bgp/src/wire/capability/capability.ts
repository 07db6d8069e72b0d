/** The capabilities of OPEN as values. RFC 5492. */

export interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
}

/** RFC 4760 section 8. */
export interface MultiprotocolCapability extends AfiSafi {
  readonly type: 'multiprotocol';
}
/** RFC 2918. */
export interface RouteRefreshCapability {
  readonly type: 'route-refresh';
}
/** RFC 8950 section 4: routes of afi/safi may have next hops of nextHopAfi. */
export interface ExtendedNextHopCapability {
  readonly type: 'extended-next-hop';
  readonly entries: readonly (AfiSafi & { readonly nextHopAfi: number })[];
}
/** RFC 8654. */
export interface ExtendedMessageCapability {
  readonly type: 'extended-message';
}
/** RFC 9234: 0 provider, 1 route server, 2 route server client, 3 customer, 4 peer. */
export interface RoleCapability {
  readonly type: 'role';
  readonly role: number;
}
/** RFC 4724 section 3; `notification` is the N bit of RFC 8538, `forwarding` the F bit. Time 0–4095. */
export interface GracefulRestartCapability {
  readonly type: 'graceful-restart';
  readonly restarting: boolean;
  readonly notification: boolean;
  readonly restartTimeS: number;
  readonly families: readonly (AfiSafi & { readonly forwarding: boolean })[];
}
/** RFC 6793 section 3. */
export interface FourOctetAsCapability {
  readonly type: 'four-octet-as';
  readonly asn: number;
}
/** RFC 7911 section 4: what the sender of the OPEN is able to do. */
export interface AddPathCapability {
  readonly type: 'add-path';
  readonly families: readonly (AfiSafi & { readonly send: boolean; readonly receive: boolean })[];
}
/** RFC 7313. */
export interface EnhancedRouteRefreshCapability {
  readonly type: 'enhanced-route-refresh';
}
/** RFC 9494 section 3. Time 0–16777215. */
export interface LongLivedGracefulRestartCapability {
  readonly type: 'long-lived-graceful-restart';
  readonly families: readonly (AfiSafi & { readonly forwarding: boolean; readonly staleTimeS: number })[];
}
/** draft-walton-bgp-hostname-capability. */
export interface FqdnCapability {
  readonly type: 'fqdn';
  readonly hostname: string;
  readonly domain: string;
}
/** A capability that is not in the table, or one that its RFC says to ignore, kept as it came. */
export interface UnknownCapability {
  readonly type: 'unknown';
  readonly code: number;
  readonly value: Uint8Array;
}

export type Capability =
  | MultiprotocolCapability
  | RouteRefreshCapability
  | ExtendedNextHopCapability
  | ExtendedMessageCapability
  | RoleCapability
  | GracefulRestartCapability
  | FourOctetAsCapability
  | AddPathCapability
  | EnhancedRouteRefreshCapability
  | LongLivedGracefulRestartCapability
  | FqdnCapability
  | UnknownCapability;
