/** Which NOTIFICATIONs exist: by RFC 4271 section 6, 4486, 5492, 6608, 7313, 8538, 9003, 9234 and 9384. */
import type { NotificationMessage } from '../../src/wire/message.js';
import { check } from './check.js';

const SUBCODES: readonly (readonly number[])[] = [
  [],
  [1, 2, 3],
  [0, 1, 2, 3, 4, 6, 7, 11],
  [1, 2, 3, 4, 5, 6, 8, 9, 10, 11],
  [0],
  [0, 1, 2, 3],
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  [1],
  [0],
];

export function checkNotification({
  errorCode,
  errorSubcode,
}: Pick<NotificationMessage, 'errorCode' | 'errorSubcode'>): void {
  const known = SUBCODES[errorCode]?.includes(errorSubcode) === true;
  check(known, `a NOTIFICATION ${errorCode}/${errorSubcode}, which no RFC defines`);
}
