import { CAPABILITY_CODE } from '../../iana.js';
import type { EnhancedRouteRefreshCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** Enhanced route refresh, RFC 7313: no value. */
export const enhancedRouteRefresh: CapabilityCodec<EnhancedRouteRefreshCapability> = {
  code: CAPABILITY_CODE.enhancedRouteRefresh,
  type: 'enhanced-route-refresh',
  decode(_bytes, start, end) {
    checkLength('enhanced-route-refresh', end - start, 0);
    return { type: 'enhanced-route-refresh' };
  },
  encode: () => new Uint8Array(0),
};
