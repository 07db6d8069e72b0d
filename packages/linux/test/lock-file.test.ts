import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMutex, probeKernel, tryLockFile } from '@tortie/linux/node';
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

t.test('actions of a mutex exclude other holders, and nest', { skip }, async (t) => {
  const path = join(t.testdir(), 'lock');
  const mutex = openMutex(path);
  const free = (): boolean => {
    const lock = tryLockFile(path);
    lock?.release();
    return lock !== undefined;
  };
  t.strictSame(
    mutex.hold(() => [free(), mutex.hold(free), free()]),
    [false, false, false],
  );
  t.ok(free());
  t.throws(() =>
    mutex.hold(() => {
      throw new Error('x');
    }),
  );
  t.ok(free(), 'also behind an exception');

  const holder = spawn(process.execPath, [fileURLToPath(new URL('support/lock-holder.js', import.meta.url)), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  t.equal(
    mutex.hold(() => 7),
    7,
    'waits for a killed holder',
  );
  mutex.close();
  t.throws(() => openMutex(join(path, 'x')), { code: 'ERR_LINUX_SYSCALL' });
});
