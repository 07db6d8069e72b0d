/** Where the records lie in the store. */
import { formatAddress, type Prefix, parsePrefix } from '@tortie/ip';

export const ROOT = '/ipam/';
export const POOLS = '/ipam/pools/';
/** Raised with every new pool, so that two pools created at once cannot overlap. */
export const POOL_GUARD = '/ipam/pool-guard';
export const BLOCKS = '/ipam/blocks/';
export const AFFINITIES = '/ipam/affinities/';
export const HANDLES = '/ipam/handles/';
export const RESERVATIONS = '/ipam/reservations/';
export const CONFIG = '/ipam/config';
/** The highest sequence number of a deleted block. */
export const SEQUENCE_FLOOR = '/ipam/sequence-floor';
/** What tells this store from every other. */
export const IDENTITY = '/ipam/identity';

/** `10.244.0.0/26` as one segment of a key: `10.244.0.0-26`. */
const cidrSegment = (cidr: Prefix): string => `${formatAddress(cidr)}-${cidr.length}`;

/** The inverse of cidrSegment; throws IpError. */
export const cidrOfSegment = (segment: string): Prefix => parsePrefix(segment.replace('-', '/'));

export const poolKey = (name: string): string => POOLS + encodeURIComponent(name);
/** The key of a block by its CIDR as text. */
export const blockKeyOf = (cidr: string): string => BLOCKS + cidr.replace('/', '-');
export const blockKey = (cidr: Prefix): string => BLOCKS + cidrSegment(cidr);
export const affinitiesKey = (node: string): string => `${AFFINITIES}${encodeURIComponent(node)}/`;
export const affinityKey = (node: string, cidr: Prefix): string => affinitiesKey(node) + cidrSegment(cidr);
export const handleKey = (handle: string): string => HANDLES + encodeURIComponent(handle);
export const reservationKey = (name: string): string => RESERVATIONS + encodeURIComponent(name);
