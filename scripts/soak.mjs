// `npm run test:soak [-- --minutes 60 --peers 30 --routes 1000 --table 0 --out FILE.md]`: one agent for an hour among peers that misbehave.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, LAB_COMMANDS, privileged, root } from './ensure.mjs';

ensure({ commands: LAB_COMMANDS });

const script = join(root, 'test/interop/dist/test/soak/run-soak.js');
const command = privileged([process.execPath, script, ...process.argv.slice(2)]);
if (!command) {
  console.error('tortie: this needs root, or user namespaces');
  process.exit(1);
}
const { status } = spawnSync(command[0], command.slice(1), { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
