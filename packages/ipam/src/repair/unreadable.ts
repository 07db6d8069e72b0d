/** What a repair does with records that cannot be read: it leaves them to the operator and goes on with the others. */
import { IpamError } from '../errors.js';

export function passOverUnreadable(error: unknown): undefined {
  if (error instanceof IpamError && (error.code === 'ERR_IPAM_RECORD' || error.code === 'ERR_IPAM_VERSION')) return;
  throw error;
}
