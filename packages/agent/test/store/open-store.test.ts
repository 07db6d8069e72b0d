/** Which code an agent loads for its store. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const root = mkdtempSync(join(tmpdir(), 'tortie-open-'));
t.teardown(() => rmSync(root, { recursive: true }));

/** Packages of node_modules that an agent with this store has loaded once it runs. */
function loadedWith(name: string, store: string): ReadonlySet<string> {
  const configFile = join(root, `${name}.yaml`);
  writeFileSync(
    configFile,
    `node: n1\nasn: 64513\nrouterId: 10.0.0.1\napi: { socket: ${join(root, 'agent.sock')} }\nstore: ${store}
bgp: { listen: [] }\nkernel: { program: false }\nlog: { level: silent }\n`,
  );
  const script = `
    import { createRequire } from 'node:module';
    const { runAgent } = await import(${JSON.stringify(new URL('../../node/run-agent.js', import.meta.url).href)});
    const agent = await runAgent({ configFile: process.argv[1] });
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));
    await agent.close();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script, configFile], {
    encoding: 'utf8',
  });
  const files = JSON.parse(output) as readonly string[];
  return new Set(files.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file));
}

t.test('an agent with the embedded store loads nothing of the client of etcd', async (t) => {
  const loaded = loadedWith('embedded', `{ path: ${root} }`);
  t.ok(loaded.has('lmdb'), 'the list knows what is loaded');
  for (const name of ['@grpc/grpc-js', 'protobufjs', '@grpc/proto-loader']) t.notOk(loaded.has(name), name);
});

t.test('an agent with etcd loads nothing of LMDB', async (t) => {
  // Nobody listens there: the agent runs all the same.
  const loaded = loadedWith('etcd', `{ path: ${root}, etcd: { endpoints: ["http://127.0.0.1:1"], timeoutS: 1 } }`);
  t.ok(loaded.has('@grpc/grpc-js'));
  t.notOk(loaded.has('lmdb'));
});
