import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { probeKernel } from '@tortie/linux/node';
import t from 'tap';

const { addon } = await probeKernel();
const script = fileURLToPath(new URL('./support/freed-memory.js', import.meta.url));
const MB = 1024 * 1024;

t.test(
  'freed memory is given back, though something behind it is in use',
  {
    skip: addon.available ? false : addon.reason,
  },
  async (t) => {
    const { returned, before, after } = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' }));
    if (!returned) return t.comment('the C library is not glibc');
    t.ok(before > 50 * MB, `the heap keeps what was freed, ${before} octets with the rest`);
    t.ok(after < 20 * MB, `and afterwards has ${after}`);
  },
);
