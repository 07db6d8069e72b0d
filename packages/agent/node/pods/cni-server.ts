/** The socket on which the CNI plugin asks: root only, one question and one answer per connection. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import {
  type Answer,
  bodyOctets,
  CniError,
  decodeQuestion,
  encodeAnswer,
  HEADER_OCTETS,
  type Invocation,
} from '@tortie/cni';
import { AgentError } from '../../src/errors.js';

export interface CniServerOptions {
  readonly path: string;
  /** Never rejects. */
  readonly answer: (invocation: Invocation) => Promise<Answer>;
  /** For octets that are no question. */
  readonly refuse: (error: CniError) => Answer;
}

/** A plugin sends its question at once; what takes longer holds a place for nothing. */
const QUESTION_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 1024;

export class CniServer {
  readonly #server: Server;
  readonly #path: string;
  /** Connections whose question is not complete. */
  readonly #asking: ReadonlySet<Socket>;

  private constructor(server: Server, path: string, asking: ReadonlySet<Socket>) {
    this.#server = server;
    this.#path = path;
    this.#asking = asking;
  }

  /** The caller holds the socket's lock: a socket file that is there belongs to nobody. */
  static async listen({ path, answer, refuse }: CniServerOptions): Promise<CniServer> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    rmSync(path, { force: true });
    const asking = new Set<Socket>();
    const server = createServer((socket) => void serve(socket, asking, answer, refuse));
    server.maxConnections = MAX_CONNECTIONS;
    const umask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(path, resolve);
      });
    } catch (cause) {
      throw new AgentError('ERR_AGENT_UNAVAILABLE', `cni.socket ${path}: ${(cause as Error).message}`, { cause });
    } finally {
      process.umask(umask);
    }
    chmodSync(path, 0o600);
    return new CniServer(server, path, asking);
  }

  /** Takes no further questions; those under way get their answer. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    rmSync(this.#path, { force: true });
    for (const socket of this.#asking) socket.destroy();
    await closed;
  }
}

async function serve(
  socket: Socket,
  asking: Set<Socket>,
  answer: CniServerOptions['answer'],
  refuse: CniServerOptions['refuse'],
): Promise<void> {
  // A plugin that was killed takes no answer.
  socket.on('error', () => socket.destroy());
  try {
    asking.add(socket);
    const invocation = await question(socket).finally(() => asking.delete(socket));
    if (invocation) send(socket, await answer(invocation));
  } catch (error) {
    send(socket, refuse(error as CniError));
  }
}

const send = (socket: Socket, { exitStatus, stdout }: Answer): void => {
  socket.end(encodeAnswer(exitStatus, Buffer.from(stdout)));
};

/** undefined where the plugin went away or is too slow; throws CniError for what is no question. */
async function question(socket: Socket): Promise<Invocation | undefined> {
  const chunks: Buffer[] = [];
  let got = 0;
  let wanted: number | undefined;
  const timer = setTimeout(() => socket.destroy(), QUESTION_TIMEOUT_MS);
  try {
    return await new Promise((resolve, reject) => {
      socket.once('close', () => resolve(undefined));
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        got += chunk.length;
        try {
          if (wanted === undefined && got >= HEADER_OCTETS) wanted = HEADER_OCTETS + bodyOctets(Buffer.concat(chunks));
          if (wanted === undefined || got < wanted) return;
          if (got > wanted) throw new CniError('ERR_CNI_DECODE', 'something follows the question');
          resolve(
            decodeQuestion(Buffer.concat(chunks).subarray(HEADER_OCTETS), (octets) => Buffer.from(octets).toString()),
          );
        } catch (error) {
          reject(error);
        }
      });
    });
  } finally {
    clearTimeout(timer);
  }
}
