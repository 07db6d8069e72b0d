// Builds everything: the native addon, the CNI plugin, then TypeScript. What was built of sources that are gone is removed:
// the compiler leaves it, and a test that was renamed would run twice.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const STEPS = [['packages/linux/build.mjs'], ['packages/cni/build.mjs'], ['node_modules/typescript/bin/tsc', '-b']];
const OUTPUT = /\.(d\.ts|js)(\.map)?$/;

/** The places where the source of an output may be: a test project of one folder is built into a folder of its own below `dist`. */
function sources(workspace, path) {
  const source = path.replace(OUTPUT, '.ts');
  return [source, source.split(sep).slice(1).join(sep)].map((file) => join(workspace, file));
}

for (const args of STEPS) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
for (const workspace of ['packages', 'test'].flatMap((folder) =>
  readdirSync(folder).map((name) => join(folder, name)),
)) {
  const dist = join(workspace, 'dist');
  if (!existsSync(dist)) continue;
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !OUTPUT.test(path)) continue;
    if (!sources(workspace, relative(dist, path)).some((source) => existsSync(source))) rmSync(path);
  }
}
