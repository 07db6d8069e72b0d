/** A session that a node must have because of the cluster's resources, and why. Data only; the agent makes it a peer. */

import type { BgpPeerSpec, RemoteAsNumber } from '../resource/bgp-peer.js';

/** Where a session comes from. A `reverse` one mirrors a BGPPeer that selects this node as its remote end. */
export type SessionOrigin =
  | { readonly type: 'mesh' }
  | { readonly type: 'global' | 'node' | 'reverse'; readonly peer: string };

export interface SecretReference {
  readonly name: string;
  readonly key: string;
  /** No password where the secret is not there; else no session. */
  readonly optional?: boolean;
}

/**
 * Who opens the connection. Both ends of a session between nodes dialling at once is settled by collision detection, but
 * costs a connection: the lower address waits one retry time before it dials, the higher dials at once.
 */
export type Dialling = 'at-once' | 'after-retry';

/** What a BGPPeer, or the mesh, says of a session whoever is at the other end. */
export interface SessionTerms {
  /** Other than the node's own. */
  readonly localAsn?: number;
  readonly nextHopMode: 'auto' | 'self' | 'keep';
  readonly password?: SecretReference;
  readonly allowAsIn?: number;
  readonly ttlSecurityHops?: number;
  readonly restartTimeS?: number;
  readonly keepaliveS?: number;
  readonly holdTimeS?: number;
  readonly connectRetryS?: number;
  /** Gateway to the peer, on a link of the node. */
  readonly reachableBy?: string;
  /** Names of BGPFilters, in order. */
  readonly filters: readonly string[];
  readonly importPolicy?: 'pools' | 'all';
  readonly bfd?: NonNullable<BgpPeerSpec['bfd']>;
}

export interface Session extends SessionTerms {
  /** Of its peer in the speaker: by the remote address, so that a session whose origin changes stays the same one. */
  readonly name: string;
  readonly origin: SessionOrigin;
  /** The node of ours at the other end. */
  readonly node?: string;
  readonly family: 4 | 6;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteAsn: number;
  readonly localAddress?: string;
  readonly type: 'ibgp' | 'ebgp';
  /** We reflect to it as to a client. */
  readonly client: boolean;
  /** The other end is a node with a cluster ID. */
  readonly reflector: boolean;
  readonly dialling: Dialling;
}

/** Sessions with whoever is at the far end of an interface, or dials from inside a prefix: the remote address is not known. */
export interface OpenSession extends SessionTerms {
  readonly name: string;
  readonly origin: SessionOrigin;
  readonly at: { readonly interface: string } | { readonly range: string };
  readonly remoteAsn: RemoteAsNumber;
}

/** What of the resources has no session, or another one than it asks for, as a sentence for the operator. */
export interface SessionNote {
  readonly code:
    | 'address-twice'
    | 'shadowed'
    | 'selector-invalid'
    | 'one-sided'
    | 'asn-mismatch'
    | 'password-mismatch'
    | 'filter-missing';
  /** `BGPPeer/NAME` or a node. */
  readonly subject: string;
  readonly text: string;
}

/** In words: "node-to-node mesh", "global peer tor", "reverse of rr". */
export function originText(origin: SessionOrigin): string {
  switch (origin.type) {
    case 'mesh':
      return 'node-to-node mesh';
    case 'global':
      return `global peer ${origin.peer}`;
    case 'node':
      return `node peer ${origin.peer}`;
    case 'reverse':
      return `reverse of ${origin.peer}`;
  }
}
