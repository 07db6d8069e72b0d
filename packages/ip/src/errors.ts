/** A text or number that is no address or prefix. `code` is `ERR_IP_ADDRESS` or `ERR_IP_PREFIX`. */
export class IpError extends Error {
  override readonly name = 'IpError';
  readonly code: 'ERR_IP_ADDRESS' | 'ERR_IP_PREFIX';

  constructor(code: IpError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
