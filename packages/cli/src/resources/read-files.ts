/** The resources of files, folders and standard input, or every fault of them with its place. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ManifestFault, type ManifestItem, readManifest } from '@tortie/cluster/manifest';
import type { Io } from '../context.js';
import { ManifestError, UsageError } from '../failure.js';

const EXTENSIONS = /\.(ya?ml|json)$/;
/** A file beyond it is no manifest. */
const MAX_OCTETS = 64 * 1024 * 1024;

export interface ReadOptions {
  readonly io: Io;
  /** What is written for other programs is told and left out, not a fault. */
  readonly skipForeign?: boolean | undefined;
}

/** Throws ManifestError with all faults of all files, UsageError where there is nothing to read. */
export async function readFiles(
  paths: readonly string[],
  { io, skipForeign = false }: ReadOptions,
): Promise<readonly ManifestItem[]> {
  const items: ManifestItem[] = [];
  const faults: ManifestFault[] = [];
  for (const path of paths) {
    for (const file of path === '-' ? ['-'] : filesOf(path)) {
      const name = file === '-' ? '(standard input)' : file;
      const manifest = readManifest(file === '-' ? await readInput(io) : read(file), name);
      faults.push(...manifest.faults);
      if (!skipForeign) faults.push(...manifest.foreign);
      else for (const { line, detail } of manifest.foreign) io.stderr.write(`${name}:${line}: skipped: ${detail}\n`);
      for (const item of manifest.items) {
        const { kind, metadata } = item.resource;
        const other = items.find(({ resource }) => resource.kind === kind && resource.metadata.name === metadata.name);
        if (!other) items.push(item);
        else {
          const detail = `${kind} "${metadata.name}" is there already, at ${other.file}:${other.line}`;
          faults.push({ file: name, ...item.place('/metadata/name'), pointer: '/metadata/name', detail });
        }
      }
    }
  }
  if (faults.length > 0) throw new ManifestError(faults);
  if (items.length === 0) throw new UsageError(`there are no resources in ${paths.join(', ')}`);
  return items;
}

/** Of a folder: the files in it and below it that look like manifests, in order of their names. */
function filesOf(path: string): string[] {
  if (!stat(path).isDirectory()) return [path];
  const found = readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || EXTENSIONS.test(entry.name)))
    .map(({ name }) => name)
    .sort();
  return found.flatMap((name) => filesOf(join(path, name)));
}

function read(file: string): string {
  const { size } = stat(file);
  if (size > MAX_OCTETS)
    throw new UsageError(`${file} has ${size} octets; a file of resources has at most ${MAX_OCTETS}`);
  return readFileSync(file, 'utf8');
}

function stat(path: string) {
  try {
    return statSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`there is no file ${path}`);
    throw new UsageError(`${path} cannot be read: ${message}`);
  }
}

async function readInput({ stdin }: Io): Promise<string> {
  if (!stdin) throw new UsageError('there is no standard input');
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}
