import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { probeKernel } from '@tortie/linux/node';
import t from 'tap';

const { addon } = await probeKernel();
const script = fileURLToPath(new URL('./support/freed-memory.js', import.meta.url));
const MB = 1024 * 1024;

interface Report {
  readonly returned: boolean;
  readonly grown: number;
}

const report = (...args: string[]): Report =>
  JSON.parse(execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' }));

t.test(
  'large buffers stay out of the heap, whatever was freed before',
  {
    skip: addon.available ? false : addon.reason,
  },
  async (t) => {
    const { returned, grown } = report('returns');
    if (!returned) return t.comment('the C library is not glibc');
    t.ok(grown < 10 * MB, `the heap grows by ${grown}`);
    t.ok(report().grown > 20 * MB, 'else they are in it, and the next piece behind them keeps it there');
  },
);
