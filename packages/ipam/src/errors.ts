/** Codes of IpamError. */
export type IpamErrorCode =
  | 'ERR_IPAM_POOL_INVALID' // a pool that cannot be
  | 'ERR_IPAM_POOL_EXISTS'
  | 'ERR_IPAM_POOL_NOT_FOUND'
  | 'ERR_IPAM_POOL_OVERLAP' // shares addresses with another pool
  | 'ERR_IPAM_POOL_IN_USE' // delete: addresses are still assigned
  | 'ERR_IPAM_NO_POOL' // no pool may serve the request
  | 'ERR_IPAM_POOL_FULL'
  | 'ERR_IPAM_BLOCK_LIMIT' // the node may not own more blocks
  | 'ERR_IPAM_BLOCK' // not the owner, or not empty
  | 'ERR_IPAM_ADDRESS_OUTSIDE' // in no pool
  | 'ERR_IPAM_ADDRESS_IN_USE' // another handle has it
  | 'ERR_IPAM_MISMATCH' // release: another handle or a later assignment has the address
  | 'ERR_IPAM_CONFLICT' // the revision given is not the present one
  | 'ERR_IPAM_CONTENTION' // other writers were faster too many times
  | 'ERR_IPAM_SELECTOR' // text that is no selector
  | 'ERR_IPAM_INVALID' // a request or setting that cannot be
  | 'ERR_IPAM_RECORD' // a record in the store that is unreadable
  | 'ERR_IPAM_VERSION' // a record that a later version wrote
  | 'ERR_IPAM_CLUSTER'; // what is said of another store

/** An address management operation that was refused or failed. */
export class IpamError extends Error {
  override readonly name = 'IpamError';
  readonly code: IpamErrorCode;

  constructor(code: IpamErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
