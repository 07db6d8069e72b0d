// Builds everything: the native addon, the CNI plugin, then TypeScript.
import { spawnSync } from 'node:child_process';

const STEPS = [['packages/linux/build.mjs'], ['packages/cni/build.mjs'], ['node_modules/typescript/bin/tsc', '-b']];
for (const args of STEPS) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
