import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readConfig } from '../../src/config/read-config.js';
import { setUp } from './set-up.js';

t.test('a dump when asked, and what the API, the status and the metrics say of the files', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tortie-rest-mrt-'));
  const set = await setUp({
    yaml: `mrt:\n  dumps: { directory: ${directory}, intervalS: 3600, gzip: false }\n  updates: { directory: ${directory} }\n`,
  });
  t.teardown(async () => {
    await set.close();
    await rm(directory, { recursive: true });
  });
  t.match(await set.call('GET', '/v1/mrt'), {
    status: 200,
    body: {
      dumps: { directory, done: 0, failed: 0, running: false, nextAt: /T\d\d:00:00\.000Z$/ },
      updates: { directory, records: 0, dropped: 0, queuedOctets: 0 },
    },
  });
  const made = await set.call('POST', '/v1/mrt/dumps');
  t.match(made, { status: 201, body: { file: /rib\.\d{8}\.\d{4}\.mrt$/, routes: 0, prefixes: 0 } });
  t.equal(readdirSync(directory).length, 1);
  t.match(await set.call('GET', '/v1/mrt'), { body: { dumps: { done: 1, last: made.body } } });
  t.match(await set.call('GET', '/metrics'), {
    body: /^tortie_mrt_dumps_total\{result="done"\} 1$[\s\S]*^tortie_mrt_log_records_total\{result="dropped"\} 0$/m,
  });
  t.match(await set.call('GET', '/v1/status'), { body: { warnings: [] } });
});

t.test('without a directory there is no dump', async (t) => {
  const set = await setUp();
  t.teardown(() => set.close());
  t.match(await set.call('GET', '/v1/mrt'), { status: 200, body: {} });
  t.match(await set.call('POST', '/v1/mrt/dumps'), {
    status: 409,
    body: { code: 'ERR_AGENT_SESSION', detail: /mrt\.dumps\.directory/ },
  });
});

t.test('the configuration says what is wrong with it', async (t) => {
  const refused = (mrt: string, message: RegExp): void => {
    t.throws(() => readConfig({ text: `asn: 1\nmrt: ${mrt}\n`, file: 'f', hostName: 'n' }), { message });
  };
  refused('{ dumps: {} }', /directory/);
  refused('{ dumps: { directory: /d, file: rib.mrt } }', /has no time/);
  refused('{ dumps: { directory: /d, file: "%Y" }, updates: { directory: /d, file: "%Y" } }', /same directory/);
  const { mrt } = readConfig({ text: 'asn: 1\nmrt: { updates: { directory: /d } }\n', file: 'f', hostName: 'n' });
  t.same(mrt?.dumps, undefined, 'what is not asked for is not there');
  t.match(mrt?.updates, { rotateS: 900, gzip: true, keep: 96, queueMiB: 16 });
});
