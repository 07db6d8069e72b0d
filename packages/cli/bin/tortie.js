#!/usr/bin/env node
// The command itself is compiled into dist; this file is there, and executable, before anything is built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/src/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('tortie is not built yet; run "npm run build" (or "npm start", which does it) in its repository\n');
  process.exit(1);
}
await import(main.href);
