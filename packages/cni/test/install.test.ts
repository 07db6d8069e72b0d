import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { installPlugin, pluginFile, uninstallPlugin } from '../node/index.js';

const skip = existsSync(new URL('../../build/tortie', import.meta.url)) ? false : 'the plugin was not built here';
const root = mkdtempSync(join(tmpdir(), 'tortie-install-'));
t.teardown(() => rmSync(root, { recursive: true }));
let count = 0;
const places = () => ({ binDir: join(root, `${++count}/bin`), configDir: join(root, `${count}/net.d`) });

t.test('install and uninstall', { skip }, async (t) => {
  t.test('both files are there, whole, and go again', async (t) => {
    const where = places();
    const { plugin, config, chain } = installPlugin(where);
    t.same(
      [plugin, config, chain],
      [join(where.binDir, 'tortie'), join(where.configDir, '10-tortie.conflist'), ['tortie']],
    );
    t.ok(readFileSync(plugin).equals(readFileSync(pluginFile())));
    t.equal(statSync(plugin).mode & 0o777, 0o755);
    t.equal(statSync(config).mode & 0o777, 0o644);
    t.same(JSON.parse(readFileSync(config, 'utf8')), {
      cniVersion: '1.0.0',
      name: 'tortie',
      plugins: [{ type: 'tortie', capabilities: { ips: true, mac: true, 'io.kubernetes.cri.pod-annotations': true } }],
    });
    t.same(readdirSync(where.binDir), ['tortie'], 'nothing beside it');
    t.same(uninstallPlugin(where), [config, plugin]);
    t.same([readdirSync(where.binDir), readdirSync(where.configDir)], [[], []]);
    t.same(uninstallPlugin(where), []);
  });

  t.test('again over itself, with other settings; reference plugins that are there are chained', async (t) => {
    const where = places();
    mkdirSync(where.binDir, { recursive: true });
    for (const type of ['bandwidth', 'portmap', 'tuning']) writeFileSync(join(where.binDir, type), '');
    t.same(installPlugin(where).chain, ['tortie', 'portmap', 'bandwidth']);
    const settings = { socket: '/run/x.sock', mtu: 1400, name: 'n', cniVersion: '1.1.0', chain: ['tuning'] };
    const { config } = installPlugin({ ...where, ...settings });
    t.match(JSON.parse(readFileSync(config, 'utf8')), {
      cniVersion: '1.1.0',
      name: 'n',
      plugins: [{ type: 'tortie', socket: '/run/x.sock', mtu: 1400 }, { type: 'tuning' }],
    });
    t.same(installPlugin({ ...where, chain: [] }).chain, ['tortie']);
    t.throws(() => installPlugin({ ...places(), chain: ['portmap'] }), {
      code: 'ERR_CNI_INSTALL',
      message: /not installed/,
    });
    t.throws(() => installPlugin({ ...where, chain: ['bridge'] }), { message: /"bridge" is none of portmap, / });
  });

  t.test("one's own list, and another's", async (t) => {
    const where = places();
    const own = join(root, 'own.conflist');
    writeFileSync(own, '{"name":"x","plugins":[{"type":"tortie"},{"type":"tuning"}]}');
    const { config, chain } = installPlugin({ ...where, conflist: own });
    t.same([readFileSync(config, 'utf8'), chain], [readFileSync(own, 'utf8'), ['tortie', 'tuning']]);
    writeFileSync(own, '{"plugins":[{"type":"bridge"}]}');
    t.throws(() => installPlugin({ ...where, conflist: own }), {
      code: 'ERR_CNI_INSTALL',
      message: /with one of type tortie/,
    });
    writeFileSync(config, '{"plugins":[{"type":"bridge"}]}');
    t.throws(() => installPlugin(where), { code: 'ERR_CNI_INSTALL', message: /not ours/ });
    t.same(uninstallPlugin(where), [join(where.binDir, 'tortie')]);
    t.ok(existsSync(config), 'it stays');
    writeFileSync(config, '{');
    t.throws(() => installPlugin(where), { message: /not ours/ });
  });
});
