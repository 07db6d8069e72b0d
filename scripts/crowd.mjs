// `npm run test:crowd [-- --pods 100]`: the network model with hundreds of pods, by traffic, on every way between nodes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, LAB_COMMANDS, privileged, root } from './ensure.mjs';

ensure({ commands: LAB_COMMANDS });

const script = join(root, 'test/interop/dist/test/crowd/run-crowd.js');
const command = privileged([process.execPath, script, ...process.argv.slice(2)]);
if (!command) {
  console.error('tortie: this needs root, or user namespaces');
  process.exit(1);
}
// It takes minutes, and tells how far it is.
const env = { ...process.env, TAP_TIMEOUT: '3600' };
const { status } = spawnSync(command[0], command.slice(1), { cwd: root, stdio: 'inherit', env });
process.exit(status ?? 1);
