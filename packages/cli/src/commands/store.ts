/** `tortie store`: the store of a configuration as a file, and back. */

import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { exportStore, importStore } from '@tortie/agent/store';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';

/** Writes the file whole or not at all; it has the peers' passwords, so only its owner may read it. */
export async function exportTo(context: Context, file: string, config: string): Promise<void> {
  if (file === '-') {
    await exportStore(config, (line) => context.line(line));
    return;
  }
  const partial = `${file}.new`;
  rmSync(partial, { force: true });
  const descriptor = openSync(partial, 'wx', 0o600);
  try {
    const made = await exportStore(config, (line) => writeSync(descriptor, `${line}\n`));
    renameSync(partial, file);
    context.answer({ file, ...made }, ({ place, entries, revision }) => [
      `${file}: ${counted(entries, 'entry', 'entries')} of ${place}, as of revision ${revision}`,
    ]);
  } finally {
    closeSync(descriptor);
    rmSync(partial, { force: true });
  }
}

export async function importFrom(context: Context, file: string, config: string): Promise<void> {
  const dump =
    file === '-' ? await text((context.io.stdin ?? []) as AsyncIterable<Uint8Array>) : readFileSync(file, 'utf8');
  const done = await importStore(config, dump);
  context.answer(done, ({ place, at, created, present }) => [
    `${place}: ${counted(created, 'entry', 'entries')} of ${at}${present > 0 ? `, ${present} were there already` : ''}`,
  ]);
}
