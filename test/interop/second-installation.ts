/** Tortie installed a second time, in a folder of its own: what an upgrade goes from or to. */
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
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@tortie'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    const from = join(ROOT, 'packages', name);
    cpSync(from, join(folder, 'packages', name), { recursive: true, verbatimSymlinks: true });
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
