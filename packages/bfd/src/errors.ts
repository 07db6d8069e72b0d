/** A session as it cannot be; `field` says which part of its configuration. */
export class BfdConfigError extends Error {
  override readonly name = 'BfdConfigError';
  readonly code = 'ERR_BFD_CONFIG';
  readonly field: string;

  constructor(field: string, detail: string) {
    super(`${field} ${detail}`);
    this.field = field;
  }
}
