/** The API's types and TypeBox schemas: everything a client, the lab or the file's reader needs, and no server. */
export { tryParseCommunityMatch } from '../bgp-text/community.js';
export * from './bfd.js';
export * from './bmp.js';
export * from './config.js';
export * from './discovery.js';
export * from './fib.js';
export * from './ipam.js';
export * from './mrt.js';
export * from './originated.js';
export * from './peer.js';
export * from './peer-range.js';
export * from './pod.js';
export * from './policy.js';
export * from './problem.js';
export * from './resource.js';
export * from './route.js';
export * from './status.js';
export * from './text.js';
