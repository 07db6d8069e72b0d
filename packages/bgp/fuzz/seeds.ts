/** Inputs that others found: the collection beside the repository, and the captures among the fixtures. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { recordsOf, writeRecords } from './records.js';
import { mrtRecords } from './targets/mrt.js';

/** A few files hold most kinds of records; more of the same would only be slow to begin with. */
const MRT_RECORDS = 40;

const files = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
    : [];

function octetsOf(path: string): Uint8Array {
  const octets = readFileSync(path);
  return path.endsWith('.gz') ? gunzipSync(octets) : octets;
}

/** Messages as they lie in the file; then as one UPDATE or OPEN with its header mended, as most have a broken one. */
function* messageInputs(folders: readonly string[], heads: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const [index, path] of folders.flatMap(files).entries()) {
    const octets = octetsOf(path).subarray(0, 4096);
    const head = heads[index % heads.length]!;
    yield writeRecords(head, recordsOf(octets));
    const type = octets[18] === 1 ? 1 : 2;
    if (octets.length > 19) yield writeRecords(head, [{ kind: type, arg: 0, body: octets.subarray(19) }]);
  }
}

function* mrtInputs(folders: readonly string[]): Generator<Uint8Array> {
  for (const path of folders.flatMap(files)) {
    if (/COPYING|LICENSE|README|_expect/.test(path)) continue;
    const records = mrtRecords(octetsOf(path), MRT_RECORDS);
    for (const record of records) yield writeRecords(new Uint8Array(), [record]);
  }
}

/** For a target by name; `collection` is where the recorded data is, `fixtures` the small part of it in the repository. */
export function* foundInputs(target: string, collection: string, fixtures: string): Generator<Uint8Array> {
  const messages = [join(fixtures, 'gobgp'), join(collection, 'corpi')];
  const heads = [Uint8Array.of(0, 7), Uint8Array.of(2 | 4, 1), Uint8Array.of(1, 3), Uint8Array.of(8 | 16, 5)];
  if (target === 'decoder') yield* messageInputs(messages, heads);
  if (target === 'session')
    yield* messageInputs(messages, [Uint8Array.of(0, 0, 0), Uint8Array.of(2, 1, 2), Uint8Array.of(1, 4, 4)]);
  if (target === 'mrt') yield* mrtInputs(['mrtparse', 'bgpdump'].map((name) => join(fixtures, name)));
}
