/** What the state machine and the OPEN checks know of the configuration. */
import type { Capability } from '../wire/capability/capability.js';
import type { Role } from '../wire/capability/role.js';

export interface FsmConfig {
  readonly localAsn: number;
  readonly routerId: number;
  /** `external`: any but ours. */
  readonly remoteAsn: number | 'external';
  readonly passive: boolean;
  /** Listens for one ConnectRetryTime before it dials. */
  readonly waitForPeer: boolean;
  readonly holdTimeS: number;
  readonly keepaliveS: number | undefined;
  readonly connectRetryS: number;
  /** 0: DelayOpen is FALSE. */
  readonly delayOpenS: number;
  /** How long a peer may take for its OPEN: the "large value" of RFC 4271 section 8, which suggests 4 minutes. */
  readonly openHoldTimeS: number;
  /** SendNOTIFICATIONwithoutOPEN of RFC 4271 section 8.1.1. */
  readonly notifyWithoutOpen: boolean;
  /** Our role towards the peer, and whether it has to say its own. RFC 9234. */
  readonly role: Role | undefined;
  readonly roleStrict: boolean;
  /** What our OPEN offers; the session is the intersection with the peer's. */
  readonly capabilities: readonly Capability[];
  /** Family indexes of FAMILIES that we offer. */
  readonly families: readonly boolean[];
}
