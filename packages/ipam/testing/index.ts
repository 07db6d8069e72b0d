export { prng } from './prng.js';
export { type TestIpam, testIpam } from './test-ipam.js';
