// Tries Tortie with five BGP daemons of Debian's packages and writes docs/INTEROP.md. `-- --only TEXT` tries some cells.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, LAB_COMMANDS, privileged, root } from './ensure.mjs';

ensure({ commands: { ...LAB_COMMANDS, vtysh: 'frr', gobgpd: 'gobgpd', bgpctl: 'openbgpd', exabgp: 'exabgp' } });

const only = process.argv.slice(2);
const args = only.length > 0 ? only : ['--write', join(root, 'docs/INTEROP.md')];
const command = privileged([process.execPath, join(root, 'test/interop/dist/test/matrix/run-matrix.js'), ...args]);
if (!command) {
  console.error('tortie: this needs root, or user namespaces');
  process.exit(1);
}
const { status } = spawnSync(command[0], command.slice(1), { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
