// Builds everything: the native addon where a compiler is there, then TypeScript.
import { existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

const run = (command, args) => execFileSync(command, args, { stdio: 'inherit' });

if (existsSync('packages/linux/build.mjs')) run(process.execPath, ['packages/linux/build.mjs']);
run(process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
