/** The one table from error codes to CNI: what every error of ours, or of the packages below, is for a container runtime. */
import { CniError, type CniErrorCode } from '@tortie/cni';

/** Codes that are not here are our own mistakes. Rows ending in `*` stand for all codes that begin so. */
const ROWS: Readonly<Record<string, CniErrorCode>> = {
  ERR_IPAM_POOL_FULL: 'ERR_CNI_NO_ADDRESS',
  ERR_IPAM_BLOCK_LIMIT: 'ERR_CNI_NO_ADDRESS',
  ERR_IPAM_BLOCK: 'ERR_CNI_NO_ADDRESS',
  ERR_IPAM_ADDRESS_IN_USE: 'ERR_CNI_ADDRESS_IN_USE',
  ERR_IPAM_ADDRESS_OUTSIDE: 'ERR_CNI_CONFIG',
  ERR_IPAM_NO_POOL: 'ERR_CNI_CONFIG',
  ERR_IPAM_CONTENTION: 'ERR_CNI_TRY_AGAIN',
  ERR_IPAM_RECORD: 'ERR_CNI_TRY_AGAIN',
  ERR_IPAM_VERSION: 'ERR_CNI_TRY_AGAIN',
  'ERR_STORE_*': 'ERR_CNI_TRY_AGAIN',
  'ERR_LINUX_*': 'ERR_CNI_KERNEL',
};

/** What `error` is in CNI's words; `unexpected` asks for the log. */
export function cniFailureOf(error: unknown): { readonly failure: CniError; readonly unexpected: boolean } {
  if (error instanceof CniError) return { failure: error, unexpected: false };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const row = ROWS[code] ?? ROWS[code.replace(/^(ERR_[A-Z]+_).*$/, '$1*')];
  if (!row) {
    const failure = new CniError('ERR_CNI_INTERNAL', "something inside the agent failed; see the agent's log", {
      cause: error,
    });
    return { failure, unexpected: true };
  }
  const failure = new CniError(row, (error as Error).message, { details: code, cause: error });
  return { failure, unexpected: false };
}
