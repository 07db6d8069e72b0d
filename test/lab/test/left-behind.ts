/** What of a lab is still in the world. */
import { existsSync } from 'node:fs';
import { runCommand, runningLabs } from '../src/index.js';

export interface LeftBehind {
  readonly namespaces: readonly string[];
  readonly directories: readonly string[];
}

/** Namespaces and directories of the labs with these ids. */
export async function leftBehind(ids: readonly string[]): Promise<LeftBehind> {
  const { stdout } = await runCommand('ip', ['netns', 'list'], { allowFailure: true });
  const namespaces = stdout.split('\n').filter((line) => ids.some((id) => line.startsWith(`tortie-${id}-`)));
  const directories = runningLabs()
    .filter(({ id, directory }) => ids.includes(id) && existsSync(directory))
    .map(({ directory }) => directory);
  return { namespaces, directories };
}
