/** An installation that cannot be; the message says what would help. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly code = 'ERR_CNI_INSTALL';
}
