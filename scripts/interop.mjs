// `npm run test:interop [-- --containers]`: the suites against real daemons, then the matrix of features.
//   --containers   every BIRD runs in a container that podman makes of Debian's package; without the matrix, whose table says what
//                  the daemons do and not where they run
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensure, root, TEST_COMMANDS, TEST_FILES } from './ensure.mjs';

const { values } = parseArgs({ options: { containers: { type: 'boolean', default: false } } });

const node = (script, ...args) =>
  spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;

async function inContainers() {
  ensure({
    commands: { ...TEST_COMMANDS, podman: 'podman', conmon: 'conmon', runc: 'runc' },
    files: TEST_FILES,
    tap: true,
  });
  const { Containers } = await import(join(root, 'test/lab/dist/src/index.js'));
  const folder = mkdtempSync(join(tmpdir(), 'tortie-birds-'));
  // Tests that give up their rights look through it.
  chmodSync(folder, 0o755);
  try {
    await Containers.build(folder);
    process.env.TORTIE_LAB_CONTAINERS = folder;
    return node('scripts/test.mjs', 'interop');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = values.containers
  ? await inContainers()
  : node('scripts/test.mjs', 'interop') || node('scripts/matrix.mjs');
