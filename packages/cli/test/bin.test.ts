import { spawn } from 'node:child_process';
import t from 'tap';
import { PEER } from './samples.js';
import { startStub } from './stub.js';

const bin = new URL('../../bin/tortie.js', import.meta.url).pathname;

t.test('the installed command runs by itself, and tells its exit status', async (t) => {
  const stub = await startStub({ 'GET /v1/peers': { body: { peers: [PEER] } } });
  t.teardown(() => stub.close());
  const runBin = (args: readonly string[], head = false) =>
    new Promise<{ code: number | null; stdout: string }>((resolve) => {
      const child = spawn(bin, args, {
        env: { ...process.env, TORTIE_SOCKET: stub.socket },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      // A reader that leaves at once.
      if (head) child.stdout.destroy();
      child.on('close', (code) => resolve({ code, stdout }));
    });
  const { code, stdout } = await runBin(['peers', 'list']);
  t.equal(code, 0);
  t.match(stdout, /^tor /m);
  t.equal((await runBin(['peers', 'show', 'none'])).code, 4);
  t.equal((await runBin(['peers', 'list'], true)).code, 0, 'a reader that has seen enough is no error');
});
