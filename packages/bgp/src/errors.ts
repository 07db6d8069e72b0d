/** The errors the BGP core throws. */

const NO_DATA: Uint8Array = new Uint8Array(0);

/**
 * A violation that ends the session: what the NOTIFICATION to the peer must say (RFC 4271 section 6).
 * `errorCode` and `errorSubcode` are the numbers of iana.ts, `data` the octets of the Data field.
 */
export class NotificationError extends Error {
  override readonly name = 'NotificationError';
  readonly code = 'ERR_BGP_NOTIFICATION';
  readonly errorCode: number;
  readonly errorSubcode: number;
  readonly data: Uint8Array;

  constructor(errorCode: number, errorSubcode: number, message: string, data: Uint8Array = NO_DATA) {
    super(message);
    this.errorCode = errorCode;
    this.errorSubcode = errorSubcode;
    this.data = data;
  }
}

/** A value of ours that no message can carry: too long, out of range. The caller's mistake, never the peer's. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
  readonly code = 'ERR_BGP_ENCODE';
}

/** An MRT file that cannot be read on from `offset`. */
export class MrtError extends Error {
  override readonly name = 'MrtError';
  readonly code = 'ERR_BGP_MRT';
  /** Octets from the start of what was given. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Octets that are no BMP message. */
export class BmpError extends Error {
  override readonly name = 'BmpError';
  readonly code = 'ERR_BGP_BMP';
}
