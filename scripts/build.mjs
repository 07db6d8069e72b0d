// Builds everything: the native addon where a compiler is there, then TypeScript.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const run = (command, args) => execFileSync(command, args, { stdio: 'inherit' });

if (existsSync('packages/linux/build.mjs')) run(process.execPath, ['packages/linux/build.mjs']);
run(process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
