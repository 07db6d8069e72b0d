#!/usr/bin/env node
// The command itself is compiled into dist; this file is there, and executable, before anything is built.
import { existsSync } from 'node:fs';

const compiled = new URL('../dist/src/main.js', import.meta.url);
if (!existsSync(compiled)) {
  process.stderr.write(
    'tortie is not built yet; run "npm run build" (or "npm start", which does it) in its repository\n',
  );
  process.exit(1);
}

// A reader that has seen enough, like head, is no error.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));
// An agent that root starts begins anew with fewer rights: the sooner, the less is done twice.
if (process.argv[2] === 'agent') {
  const { giveUpRights } = await import(new URL('agent-rights.js', compiled).href);
  await giveUpRights(process.argv);
}
const { main } = await import(compiled.href);
process.exitCode = await main(process.argv.slice(2), process);
