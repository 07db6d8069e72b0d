/** What can go wrong with a lab, with a stable `code`. */
export type LabErrorCode =
  | 'ERR_LAB_TOPOLOGY'
  | 'ERR_LAB_PRIVILEGE'
  | 'ERR_LAB_COMMAND'
  | 'ERR_LAB_PROCESS'
  | 'ERR_LAB_DEADLINE'
  | 'ERR_LAB_BIRD'
  | 'ERR_LAB_STATE';

export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
