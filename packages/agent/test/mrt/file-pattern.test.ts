import t from 'tap';
import {
  fileNameMatcher,
  filePatternFault,
  formatFileName,
  multipleBefore,
  nextMultiple,
  numberedName,
} from '../../src/mrt/file-pattern.js';

t.test('names have the time in UTC, and are known again', (t) => {
  const at = Date.UTC(2026, 0, 31, 23, 5, 9);
  const pattern = 'rib.%Y%m%d.%H%M.mrt';
  const name = formatFileName(pattern, at);
  t.equal(name, 'rib.20260131.2305.mrt');
  t.equal(formatFileName('%S-%d', at), '09-31');
  const plain = fileNameMatcher(pattern, false);
  const zipped = fileNameMatcher(pattern, true);
  t.ok(plain.test(name));
  t.ok(plain.test(numberedName(name, 2)), numberedName(name, 2));
  t.equal(numberedName(name, 2), 'rib.20260131.2305-2.mrt');
  t.equal(numberedName(name, 1), name);
  t.notOk(zipped.test(name));
  t.ok(zipped.test(`${name}.gz`));
  for (const other of [
    'rib.20260131.mrt',
    'xrib.20260131.2305.mrt',
    'rib.20260131.2305.mrt.gz',
    'rib-20260131.2305.mrt',
  ]) {
    t.notOk(plain.test(other), other);
  }
  t.end();
});

t.test('a pattern that is none says what would be right', (t) => {
  t.equal(filePatternFault('updates.%Y%m%d.%H%M%S.mrt'), undefined);
  t.match(filePatternFault('a/%Y'), /no name of a file/);
  t.match(filePatternFault('.%Y'), /no name of a file/);
  t.match(filePatternFault('rib.%y'), /has %y; known are %Y/);
  t.match(filePatternFault('rib.%'), /has %; known/);
  t.match(filePatternFault('rib.mrt'), /has no time/);
  t.end();
});

t.test('multiples of an interval', (t) => {
  t.equal(multipleBefore(1_000_900_001, 900), 1_000_800_000);
  t.equal(nextMultiple(1_000_900_001, 900), 1_001_700_000);
  t.equal(nextMultiple(1_000_800_000, 900), 1_001_700_000, 'a multiple is not its own next');
  t.end();
});
