// Builds everything: the native addon, then TypeScript.
import { spawnSync } from 'node:child_process';

for (const args of [['packages/linux/build.mjs'], ['node_modules/typescript/bin/tsc', '-b']]) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
