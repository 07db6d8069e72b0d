/** Tortie installed a second time, in a folder of its own: what an upgrade goes from or to. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentOptions } from '@tortie/lab';

const ROOT = new URL('../../../../', import.meta.url).pathname;

export interface Installation {
  /** Runs its agents. */
  readonly agent: AgentOptions;
  /** Takes away what is Tortie's, as a package manager does under a running agent. */
  remove(): void;
}

/** Our packages as they are built, copied below `folder`; what others made is linked to. */
export function installInto(folder: string): Installation {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    cpSync(join(ROOT, 'packages', name), join(folder, 'packages', name), { recursive: true, verbatimSymlinks: true });
  }
  return installed(folder);
}

/** The packages of an earlier commit, built below `folder` with today's dependencies. Throws what git or the build say. */
export function buildCommit(commit: string, folder: string): Installation {
  mkdirSync(folder, { recursive: true });
  const archive = execFileSync('git', ['-C', ROOT, 'archive', commit], { maxBuffer: 1 << 30 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  const installation = installed(folder);
  // The command brings labs up, too.
  symlinkSync('../../test/lab', join(folder, 'node_modules/@tortie/lab'));
  for (const step of [
    'packages/linux/build.mjs',
    'packages/cni/build.mjs',
    'node_modules/typescript/bin/tsc -b packages/cli',
  ])
    execFileSync(process.execPath, step.split(' '), { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  return installation;
}

function installed(folder: string): Installation {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@tortie'), { recursive: true });
  for (const name of readdirSync(join(folder, 'packages'))) {
    symlinkSync(join('../../packages', name), join(modules, '@tortie', name));
  }
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '@tortie') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return {
    agent: { command: [process.execPath, join(folder, 'packages/cli/bin/tortie.js')] },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
