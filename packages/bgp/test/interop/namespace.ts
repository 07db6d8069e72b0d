/** Runs a test file inside a network namespace of its own, as a subtest of the same file outside of it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';

const INSIDE = 'TORTIE_TEST_NAMESPACE';

/**
 * Runs `run` as a test inside the namespace: 10.0.0.1, 10.0.0.2, 2001:db8::1 and 2001:db8::2 are addresses in it.
 * Outside it runs the file again inside; or skips it where one of `needs` is not installed, or we have no privileges.
 */
export function inNamespace(file: string, needs: readonly string[], run: (t: Test) => Promise<void>): void {
  if (process.env[INSIDE]) t.test('inside', run);
  else t.test('in a network namespace', (t) => outside(t, file, needs));
}

async function outside(t: Test, file: string, needs: readonly string[]): Promise<void> {
  const missing = needs.find((path) => !existsSync(path));
  if (missing) {
    t.pass('skipped', { skip: `${missing} is not installed` });
    return;
  }
  const name = `tortie-bgp-${randomBytes(4).toString('hex')}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
  } catch {
    t.pass('skipped', { skip: 'network namespaces need privileges' });
    return;
  }
  t.teardown(() => execFileSync('ip', ['netns', 'del', name]));
  const inside = (command: string): void => {
    execFileSync('ip', ['-n', name, ...command.split(' ')]);
  };
  inside('link set lo up');
  inside('link add link0 type bridge');
  inside('addr add 10.0.0.1/24 dev link0');
  inside('addr add 10.0.0.2/24 dev link0');
  inside('addr add 2001:db8::1/64 dev link0 nodad');
  inside('addr add 2001:db8::2/64 dev link0 nodad');
  inside('link set link0 up');
  const env = { ...process.env, [INSIDE]: name };
  await t.spawn('ip', ['netns', 'exec', name, process.execPath, file], { env }, 'inside');
}
