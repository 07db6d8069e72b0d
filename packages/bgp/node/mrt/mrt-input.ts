/** The octets of an MRT file, decompressed: gzip here, bzip2, xz and zstd by the programs of those names. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A file that cannot be read or written, or whose compressed data is damaged; in words for whoever named it. */
export class MrtFileError extends Error {
  override readonly name = 'MrtFileError';
  readonly code: 'ERR_BGP_MRT_FILE' | 'ERR_BGP_MRT_DATA';

  constructor(code: MrtFileError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface Compression {
  readonly name: string;
  readonly magic: readonly number[];
  /** The program that decompresses its standard input with -dc, and the package that brings it. */
  readonly program?: string;
  readonly debianPackage?: string;
}

/** By the first octets, as names lie: collectors serve gzip as .mrt and the other way round. */
const COMPRESSIONS: readonly Compression[] = [
  { name: 'gzip', magic: [0x1f, 0x8b] },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], program: 'bzip2', debianPackage: 'bzip2' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], program: 'xz', debianPackage: 'xz-utils' },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], program: 'zstd', debianPackage: 'zstd' },
];
const MAGIC_OCTETS = 5;
const CHUNK_OCTETS = 1 << 17;

/** Chunks of the file; `-` is standard input. Throws MrtFileError. */
export async function* mrtOctets(file: string): AsyncGenerator<Uint8Array> {
  const source = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_OCTETS });
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    const head = await readHead(chunks);
    const compression = COMPRESSIONS.find(({ magic }) => magic.every((octet, index) => head[index] === octet));
    const whole = withHead(head, chunks);
    if (!compression) yield* whole;
    else if (compression.program === undefined) yield* gunzip(whole);
    else yield* decompress(file, whole, compression);
  } catch (error) {
    throw inWords(file, error);
  } finally {
    source.destroy();
  }
}

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < MAGIC_OCTETS) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  return head;
}

async function* withHead(head: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize: CHUNK_OCTETS });
  const input = Readable.from(source);
  input.on('error', (error) => stream.destroy(error));
  try {
    yield* input.pipe(stream) as AsyncIterable<Uint8Array>;
  } finally {
    input.destroy();
  }
}

type Decompressor = ChildProcessByStdio<Writable, Readable, Readable>;

async function* decompress(
  file: string,
  source: AsyncIterable<Uint8Array>,
  { name, program, debianPackage }: Compression,
): AsyncGenerator<Uint8Array> {
  const child: Decompressor = spawn(program!, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 1000);
  });
  const ended = Promise.race([
    once(child, 'close').then(([status]) => status as number | null),
    once(child, 'error').then(([error]) => {
      throw error;
    }),
  ]);
  ended.catch(() => {});
  const input = Readable.from(source);
  // What the program does not take any more it has a complaint about.
  child.stdin.on('error', () => input.destroy());
  input.on('error', () => child.kill());
  try {
    input.pipe(child.stdin);
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const status = await ended;
    if (status !== 0)
      throw new MrtFileError('ERR_BGP_MRT_DATA', `${file}: ${complaint.trim() || `${program} ended with ${status}`}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new MrtFileError(
      'ERR_BGP_MRT_FILE',
      `${file} is compressed with ${name}, and there is no program "${program}" here; ` +
        `install it (Debian: apt-get install ${debianPackage}), or decompress the file first`,
    );
  } finally {
    input.destroy();
    child.kill();
  }
}

const WORDS: Readonly<Record<string, readonly [MrtFileError['code'], string]>> = {
  ENOENT: ['ERR_BGP_MRT_FILE', 'there is no such file'],
  EACCES: ['ERR_BGP_MRT_FILE', 'you may not read it'],
  EISDIR: ['ERR_BGP_MRT_FILE', 'is a directory'],
  Z_BUF_ERROR: ['ERR_BGP_MRT_DATA', 'the gzip data ends too early'],
  Z_DATA_ERROR: ['ERR_BGP_MRT_DATA', 'the gzip data is damaged'],
};

function inWords(file: string, error: unknown): unknown {
  const words = WORDS[(error as NodeJS.ErrnoException).code ?? ''];
  return words ? new MrtFileError(words[0], `${file}: ${words[1]}`, { cause: error }) : error;
}
