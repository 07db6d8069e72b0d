import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import t from 'tap';
import { EXAMPLES } from '../src/examples.js';
import { EXIT_MEANINGS } from '../src/exit-codes.js';
import { buildProgram } from '../src/program.js';
import { run } from './stub.js';

const silent = { write: () => true };
const program = buildProgram({ stdout: silent, stderr: silent, env: {} }, '0.0.0');

/** Every command with the words that lead to it. */
function commands(command: Command, path: readonly string[] = []): { path: readonly string[]; command: Command }[] {
  const visible = command.commands.filter((child) => child.name() !== 'completion-values');
  return [{ path, command }, ...visible.flatMap((child) => commands(child, [...path, child.name()]))];
}

const all = commands(program);
const doc = readFileSync(new URL('../../../../docs/CLI.md', import.meta.url), 'utf8');

for (const { path, command } of all) {
  t.test(`tortie ${path.join(' ')} --help`, async (t) => {
    const result = await run([...path, '--help']);
    t.equal(result.code, 0);
    t.match(result.stdout, new RegExp(`^Usage: tortie ${path.join(' ')}`.trim()));
    t.equal(result.stderr, '');
    t.ok(command.description(), 'says what it does');
    for (const option of command.options) t.ok(option.description, `${option.flags} says what it does`);
    if (command.commands.length > 0) return;
    t.ok(doc.includes(`tortie ${path.join(' ')}`), 'docs/CLI.md has it');
    const examples = EXAMPLES[path.join(' ')] ?? [];
    t.ok(examples.length > 0, 'has an example');
    for (const example of examples) {
      t.ok(result.stdout.includes(`  tortie ${example}\n`), 'shows it');
      const words = [...example.replace(/ < .*/, '').matchAll(/"([^"]*)"|(\S+)/g)].map((one) => one[1] ?? one[2]!);
      t.strictSame(words.slice(0, path.length), path);
      // Parsed as it stands, and not carried out.
      const parsed = buildProgram({ stdout: silent, stderr: silent, env: {} }, '0.0.0');
      let called = false;
      commands(parsed)
        .find((one) => one.path.join(' ') === path.join(' '))!
        .command.action(() => {
          called = true;
        });
      await parsed.parseAsync(words, { from: 'user' });
      t.ok(called, example);
    }
  });
}

t.test('exit codes are told by the command and by the documentation alike', async (t) => {
  for (const args of [['exit-codes'], ['help', 'exit-codes']]) {
    const { stdout, code } = await run(args);
    t.equal(code, 0);
    for (const [exit, meaning] of EXIT_MEANINGS) t.match(stdout, `  ${exit}  ${meaning}`);
  }
  for (const [exit, meaning] of EXIT_MEANINGS) t.ok(doc.includes(`| ${exit} | ${meaning} |`), `docs/CLI.md: ${exit}`);
});

t.test('the version is that of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  t.equal((await run(['--version'])).stdout, `${version}\n`);
});
