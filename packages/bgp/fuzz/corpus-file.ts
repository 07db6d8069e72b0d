/** Inputs kept in the repository: a text file per target, one input a line in base64. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

export function readCorpus(path: string): readonly Uint8Array[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Uint8Array.from(Buffer.from(line, 'base64')));
}

export function writeCorpus(path: string, inputs: readonly Uint8Array[]): void {
  writeFileSync(path, inputs.map((input) => `${Buffer.from(input).toString('base64')}\n`).join(''));
}
