// `npm run test:stores [-- --minutes 20 --clients 10 --faults 24 --seed N]`: the store in etcd at length: its own tests, then
// address management by many processes while clients and members of etcd die and are cut off, the whole history checked.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, privileged, root, TEST_COMMANDS } from './ensure.mjs';

const TESTS = [
  'packages/store/dist/test/etcd/etcd-store.test.js',
  'packages/store/dist/test/etcd/failures.test.js',
  'packages/store/dist/test/etcd/access.test.js',
  'packages/store/dist/test/etcd/hold.test.js',
  'packages/agent/dist/test/rest/resources-stores.test.js',
  'test/interop/dist/test/etcd-store.test.js',
  'test/interop/dist/test/store-faults.test.js',
];

ensure({ commands: TEST_COMMANDS, tap: true });

function run(argv) {
  const { status } = spawnSync(argv[0], argv.slice(1), { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run([process.execPath, 'scripts/test.mjs', ...TESTS]);
const script = join(root, 'test/interop/dist/test/stores/run-stores.js');
const command = privileged([process.execPath, script, ...process.argv.slice(2)]);
if (!command) {
  console.error('tortie: this needs root, or user namespaces');
  process.exit(1);
}
run(command);
