export { announcement, messages, octets, openMessage } from './builders.js';
export { type BlockRange, CompactRib } from './compact-rib.js';
export { seededRandom } from './seeded-random.js';
export { type CollectedView, SimCollector } from './sim-collector.js';
export { SimLink, type SimLinkOptions, SimSocket } from './sim-link.js';
export { type SimHost, SimNetwork, type SimRouterOptions } from './sim-network.js';
export { SimRouter } from './sim-router.js';
export { VirtualClock } from './virtual-clock.js';
