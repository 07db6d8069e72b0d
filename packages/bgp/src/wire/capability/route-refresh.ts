import { CAPABILITY_CODE } from '../../iana.js';
import type { RouteRefreshCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** Route refresh, RFC 2918: no value. */
export const routeRefresh: CapabilityCodec<RouteRefreshCapability> = {
  code: CAPABILITY_CODE.routeRefresh,
  type: 'route-refresh',
  decode(_bytes, start, end) {
    checkLength('route-refresh', end - start, 0);
    return { type: 'route-refresh' };
  },
  encode: () => new Uint8Array(0),
};
