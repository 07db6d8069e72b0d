import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run } from './stub.js';

const built = existsSync(new URL('../../../cni/build/tortie', import.meta.url));
const skip = built ? false : 'the plugin was not built here: there is no C compiler';

t.test('the CNI plugin is installed and taken away', { skip }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'tortie-cni-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const places = ['--bin-dir', join(root, 'bin'), '--config-dir', join(root, 'net.d')];
  const config = join(root, 'net.d/10-tortie.conflist');
  const { code, stdout } = await run([
    'cni',
    'install',
    ...places,
    '--mtu',
    '1400',
    '--network',
    'n',
    '--cni-socket',
    '/s',
  ]);
  t.equal(code, 0);
  t.match(
    stdout,
    new RegExp(`^installed ${root}/bin/tortie\ninstalled ${config}: tortie\nthe agent's file needs cni: \\{\\}\n$`),
  );
  t.match(JSON.parse(readFileSync(config, 'utf8')), {
    name: 'n',
    plugins: [{ type: 'tortie', mtu: 1400, socket: '/s' }],
  });
  const again = await run(['cni', 'install', ...places, '--json']);
  t.match(JSON.parse(again.stdout), { plugin: join(root, 'bin/tortie'), config, chain: ['tortie'] });
  const own = join(root, 'own.conflist');
  writeFileSync(own, '{"name":"own","plugins":[{"type":"tortie"}]}');
  t.equal((await run(['cni', 'install', ...places, '--conflist', own])).code, 0);
  t.equal(readFileSync(config, 'utf8'), readFileSync(own, 'utf8'));
  for (const [wrong, words] of [
    [['--mtu', '7'], /--mtu 7 is no MTU/],
    [['--conflist', own, '--cni-version', '1.1.0'], /--conflist is installed as it is; .* --cni-version/],
  ] as const) {
    const refused = await run(['cni', 'install', ...places, ...wrong]);
    t.equal(refused.code, 2);
    t.match(refused.stderr, words);
  }
  const missing = await run(['cni', 'install', ...places, '--chain', 'portmap']);
  t.equal(missing.code, 1);
  t.match(missing.stderr, /portmap is not installed beside ours/);
  t.match(await run(['cni', 'uninstall', ...places]), {
    code: 0,
    stdout: `removed ${config}\nremoved ${root}/bin/tortie\n`,
  });
  t.match(await run(['cni', 'uninstall', ...places]), { code: 1, stdout: 'nothing was installed\n' });
});
