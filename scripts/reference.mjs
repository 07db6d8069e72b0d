// `npm run reference`: the reference of the library @tortie/bgp as HTML in reference/, by typedoc. It is fetched when it is
// needed, with the TypeScript it runs on: typedoc works through TypeScript's old API, which version 7 has no more.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';

const TYPEDOC = ['typedoc@0.28.20', 'typescript@6.0.3'];

ensure({ commands: {} });
const packages = TYPEDOC.map((name) => `--package=${name}`);
const { status } = spawnSync(
  'npm',
  ['exec', '--yes', ...packages, '--', 'typedoc', '--options', join(root, 'packages/bgp/typedoc.json')],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
