/** A configuration that cannot be: `field` is the PeerConfig or speaker field at fault. */
export class BgpConfigError extends Error {
  override readonly name = 'BgpConfigError';
  readonly code = 'ERR_BGP_CONFIG';
  readonly field: string;

  constructor(message: string, field: string) {
    super(message);
    this.field = field;
  }
}
