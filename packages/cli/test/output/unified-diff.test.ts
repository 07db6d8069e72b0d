import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { unifiedDiff } from '../../src/output/unified-diff.js';

const NAMES = { before: 'a', after: 'b' };
const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

t.test('a change with three lines around it; changes far from each other are apart', async (t) => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  const after = before.map((line) => (line === 'line 2' ? 'two' : line === 'line 18' ? 'eighteen' : line));
  t.strictSame(unifiedDiff(textOf(before), textOf(after), NAMES), [
    '--- a',
    '+++ b',
    '@@ -1,5 +1,5 @@',
    ' line 1',
    '-line 2',
    '+two',
    ' line 3',
    ' line 4',
    ' line 5',
    '@@ -15,6 +15,6 @@',
    ' line 15',
    ' line 16',
    ' line 17',
    '-line 18',
    '+eighteen',
    ' line 19',
    ' line 20',
  ]);
  t.strictSame(unifiedDiff('x\n', 'x\n', NAMES), []);
  t.strictSame(unifiedDiff('', 'x\ny\n', NAMES), ['--- a', '+++ b', '@@ -0,0 +1,2 @@', '+x', '+y']);
});

const patchMissing = (): string | false => {
  try {
    execFileSync('patch', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'patch is not installed';
  }
};

t.test('patch(1) makes the one text of the other with it', { skip: patchMissing() }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tortie-diff-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const line = fc.constantFrom('a', 'b', 'c', 'd', 'e: 1', '- x');
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 40 }),
      fc.array(line, { minLength: 1, maxLength: 40 }),
      (x, y) => {
        const diff = unifiedDiff(textOf(x), textOf(y), NAMES);
        if (diff.length === 0) return x.join() === y.join();
        writeFileSync(join(folder, 'a'), textOf(x));
        const patch = ['-s', '--force', '--fuzz=0', '-o', '-', join(folder, 'a')];
        return execFileSync('patch', patch, { input: textOf(diff) }).toString() === textOf(y);
      },
    ),
    { numRuns: 60 },
  );
});
