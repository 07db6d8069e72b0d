/**
 * Recorded BGP data for tests. The large collection lies beside the repository, in ../shared/corpus as seen from its root;
 * where it is absent, tests that want it say so and go on. Small files from it are in test/fixtures.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'packages', 'bgp', 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`${from} lies in no clone of the repository`);
  }
}

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

export const CORPUS: string = join(root, '..', 'shared', 'corpus');
export const FIXTURES: string = join(root, 'packages', 'bgp', 'test', 'fixtures');

/** The option of a test that needs the corpus: false, or why it is left out. */
export const withoutCorpus: string | false = existsSync(CORPUS)
  ? false
  : `the corpus ../shared/corpus (beside the repository's root) is not there`;

/** The octets of a file, uncompressed where it ends in .gz. */
export function readOctets(path: string): Uint8Array {
  const octets = readFileSync(path);
  return path.endsWith('.gz') ? gunzipSync(octets) : octets;
}
