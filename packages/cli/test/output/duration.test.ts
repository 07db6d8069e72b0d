import t from 'tap';
import { duration } from '../../src/output/duration.js';

for (const [seconds, text] of [
  [0, '0s'],
  [59.9, '59s'],
  [60, '1m00s'],
  [725, '12m05s'],
  [12_000, '3h20m'],
  [705_600, '8d04h'],
  [-5, '0s'],
] as const) {
  t.test(`${seconds} s is ${text}`, async (t) => t.equal(duration(seconds), text));
}
