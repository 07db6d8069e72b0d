/** Takes old files away: those of a pattern alone, the oldest first. */
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface Retention {
  readonly directory: string;
  readonly matcher: RegExp;
  /** 0: all stay. */
  readonly keep: number;
  readonly keepHours: number | undefined;
}

/** Never the file `spared`. Gives the names that went. */
export async function removeOldFiles(
  { directory, matcher, keep, keepHours }: Retention,
  nowMs: number,
  spared?: string,
): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => matcher.test(name));
  const files = await Promise.all(
    names.map(async (name) => ({ name, mtimeMs: (await stat(join(directory, name))).mtimeMs })),
  );
  // Names have the time in them, but not always in an order that sorts.
  files.sort((x, y) => y.mtimeMs - x.mtimeMs || (x.name < y.name ? 1 : -1));
  const removed: string[] = [];
  for (const [index, { name, mtimeMs }] of files.entries()) {
    const tooMany = keep > 0 && index >= keep;
    const tooOld = keepHours !== undefined && nowMs - mtimeMs > keepHours * 3_600_000;
    if ((!tooMany && !tooOld) || name === spared) continue;
    await unlink(join(directory, name));
    removed.push(name);
  }
  return removed;
}
