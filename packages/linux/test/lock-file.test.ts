import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { probeKernel, tryLockFile } from '@tortie/linux/node';
import t from 'tap';

const { addon } = await probeKernel();
const skip = addon.available ? false : addon.reason;

t.test('a lock is exclusive, and goes with the process that holds it', { skip }, async (t) => {
  const path = join(t.testdir(), 'lock');
  const lock = tryLockFile(path);
  t.ok(lock);
  t.equal(tryLockFile(path), undefined, 'also inside one process');
  lock?.release();
  lock?.release();

  const holder = spawn(process.execPath, [fileURLToPath(new URL('support/lock-holder.js', import.meta.url)), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.equal(String((await once(holder.stdout, 'data'))[0]), 'held');
  t.equal(tryLockFile(path), undefined);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const own = tryLockFile(path);
  t.ok(own, 'free again after kill -9');
  own?.release();
  t.throws(() => tryLockFile(join(path, 'x')), { code: 'ERR_LINUX_SYSCALL' });
});
