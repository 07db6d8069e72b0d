/** Where the agent keeps its own resources in the store. Each belongs to one node; nodes may share a store. */
import { resourcePrefix } from '@tortie/cluster';

/** Peers created at run time: value is a PeerSpec. */
export const peerPrefix = (node: string): string => `/agent/peers/${node}/`;
export const peerKey = (node: string, name: string): string => peerPrefix(node) + name;

/** Peer ranges created at run time: value is a PeerRangeSpec. */
export const peerRangePrefix = (node: string): string => `/agent/peer-ranges/${node}/`;
export const peerRangeKey = (node: string, name: string): string => peerRangePrefix(node) + name;

/** Prefixes originated at run time: value is an OriginatedSpec. */
export const originatedPrefix = (node: string): string => `/agent/originated/${node}/`;
export const originatedKey = (node: string, prefix: string): string => originatedPrefix(node) + prefix;

/** Services with a ready endpoint on the node: value is a ServiceSpec. */
export const servicePrefix = (node: string): string => `/agent/services/${node}/`;
export const serviceKey = (node: string, name: string): string => servicePrefix(node) + name;

/** BMP collectors created at run time: value is a BmpCollectorSpec. */
export const bmpPrefix = (node: string): string => `/agent/bmp/${node}/`;
export const bmpKey = (node: string, name: string): string => bmpPrefix(node) + name;

/** Of address management, which alone writes them: value is a block with its assignments. */
export const BLOCKS = '/ipam/blocks/';

/** What each node says of itself: value is a NodeRecord. */
export const NODES = '/agent/nodes/';
export const nodeKey = (node: string): string => NODES + node;

/** There as long as an agent of that name runs: value is a Claim. */
export const ALIVE = '/agent/alive/';
export const aliveKey = (node: string): string => ALIVE + node;

/**
 * What every node writes of itself, and only who asks for it reads: in a store on other hosts no watch tells of it, as else each
 * of thousands would be told of each.
 */
export const UNWATCHED = [resourcePrefix('nodestatuses')] as const;

/** Passwords that resources name: value is a StoredSecret. */
export const SECRETS = '/agent/secrets/';
export const secretKey = (name: string): string => SECRETS + name;

/** Last part of a key below `prefix`. */
export const nameIn = (prefix: string, key: string): string => key.slice(prefix.length);
