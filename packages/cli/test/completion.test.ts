import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run, startStub } from './stub.js';

/** What bash offers at the end of this command line. */
async function complete(script: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const line = words.map((word) => `'${word}'`).join(' ');
  const code = `source '${script}'\nCOMP_WORDS=(${line})\nCOMP_CWORD=${words.length - 1}\n_tortie\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['--noprofile', '--norc', '-c', code], { env: { ...process.env, ...env } });
  return output.toString().split('\n').filter(Boolean);
}

t.test('bash completes commands, options, choices and names', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const script = join(directory, 'tortie.bash');
  writeFileSync(script, (await run(['completion', 'bash'])).stdout);
  execFileSync('bash', ['-n', script]);

  t.same(await complete(script, ['tortie', 'pe']), ['peers']);
  t.same((await complete(script, ['tortie', 'peers', ''])).slice(0, 8), [
    'list',
    'show',
    'add',
    'set',
    'rm',
    'drain',
    'undrain',
    'reset',
  ]);
  t.same(await complete(script, ['tortie', 'peers', 'reset', 'x', '--h']), ['--hard', '--help']);
  t.same(await complete(script, ['tortie', 'routes', '--family', '']), ['ipv4', 'ipv6']);
  t.same(await complete(script, ['tortie', 'completion', '']).then((words) => words.slice(0, 3)), [
    'bash',
    'zsh',
    'fish',
  ]);
  t.same(await complete(script, ['tortie', '--socket', `${directory}/tor`]), [script]);
  t.same(await complete(script, ['tortie', 'ipam', 'pools', 's']), ['set']);
});

t.test('bash completes the names of peers by asking the agent', async (t) => {
  const stub = await startStub({ 'GET /v1/peers': { body: { peers: [{ name: 'tor-a' }, { name: 'spine' }] } } });
  const directory = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
  t.teardown(async () => {
    rmSync(directory, { recursive: true });
    await stub.close();
  });
  const script = join(directory, 'tortie.bash');
  writeFileSync(script, (await run(['completion', 'bash'])).stdout);
  t.equal((await stub.run(['completion-values', 'peers'])).stdout, 'tor-a\nspine\n');
  t.equal((await run(['completion-values', 'peers', '--socket', '/no/such'])).stdout, '', 'silent without an agent');
  const kinds = (await run(['completion-values', 'kinds'])).stdout.trim().split('\n');
  t.ok(kinds.includes('bgppeers') && kinds.includes('nodes'), 'kinds are known without an agent');
  stub.answers['GET /v1/resources/bgppeers'] = { body: { items: [{ metadata: { name: 'rack-1' } }] } };
  t.equal((await stub.run(['completion-values', 'kinds', 'yaml', 'bgpp'])).stdout, 'rack-1\n', 'and names of a kind');
  const fake = join(directory, 'tortie');
  writeFileSync(fake, '#!/bin/sh\n[ "$1 $2" = "completion-values peers" ] && printf "tor-a\\nspine\\n"\n', {
    mode: 0o755,
  });
  const echo = join(directory, 'echo');
  writeFileSync(echo, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
  t.same(await complete(script, [echo, 'get', 'bgpp', 'b']), ['bgpp'], 'what was written so far goes along');
  t.same(await complete(script, [fake, 'peers', 'show', 't']), ['tor-a']);
});

for (const shell of ['zsh', 'fish'] as const) {
  t.test(`the script for ${shell} knows every command and parses where ${shell} is there`, async (t) => {
    const { stdout, code } = await run(['completion', shell]);
    t.equal(code, 0);
    for (const word of ['peers', 'reset', 'pools', '--fib'.slice(2), 'ipv6', 'exec']) t.match(stdout, word);
    const directory = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'script'), stdout);
    try {
      execFileSync(shell, ['-n', join(directory, 'script')], { stdio: 'pipe' });
      t.pass('parses');
    } catch (error) {
      t.equal((error as NodeJS.ErrnoException).code, 'ENOENT', 'only a missing shell may stop it');
    }
  });
}
