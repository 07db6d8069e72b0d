/**
 * The API's sockets: a unix socket, and TCP where configured. They listen before the API's code is loaded, so that a
 * taken address is known before the first BGP session and a client started together with the agent finds a door;
 * requests wait until `serve` gives the handler.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AgentError } from '../../src/errors.js';
import { tryParseEndpoint } from '../../src/schema/formats.js';

export interface ListenersOptions {
  readonly socket: string;
  readonly socketMode: '0600' | '0660';
  readonly listen?: string | undefined;
  readonly requestTimeoutS: number;
}

export class Listeners {
  readonly #servers: Server[] = [];
  /** Connections that came over TCP and therefore need a token. */
  readonly #remote = new WeakSet<Socket>();
  readonly #socketPath: string;
  #handler: RequestListener | undefined;
  #waiting: [IncomingMessage, ServerResponse][] = [];
  #tcp: string | undefined;

  private constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** The caller holds the socket's lock: a socket file that is there belongs to nobody. */
  static async open({ socket, socketMode, listen, requestTimeoutS }: ListenersOptions): Promise<Listeners> {
    const listeners = new Listeners(socket);
    try {
      rmSync(socket, { force: true });
      const umask = process.umask(0o117);
      try {
        await listeners.#listen({ path: socket }, socket, requestTimeoutS);
      } finally {
        process.umask(umask);
      }
      chmodSync(socket, Number.parseInt(socketMode, 8));
      if (listen !== undefined) {
        const { address, port } = tryParseEndpoint(listen)!;
        const server = await listeners.#listen({ host: address, port }, listen, requestTimeoutS);
        server.on('connection', (connection) => listeners.#remote.add(connection));
        const bound = server.address() as AddressInfo;
        listeners.#tcp =
          bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
      }
      return listeners;
    } catch (error) {
      await listeners.close();
      throw error;
    }
  }

  /** Address and port of TCP, the port being the real one where 0 was asked for. */
  get tcp(): string | undefined {
    return this.#tcp;
  }

  isRemote(request: IncomingMessage): boolean {
    return this.#remote.has(request.socket);
  }

  serve(handler: RequestListener): void {
    this.#handler = handler;
    for (const [request, response] of this.#waiting) handler(request, response);
    this.#waiting = [];
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeIdleConnections();
            // An answer under way gets a moment; a client that never reads must not hold the agent.
            setTimeout(() => server.closeAllConnections(), 500).unref();
          }),
      ),
    );
    rmSync(this.#socketPath, { force: true });
  }

  #listen(
    where: { path: string } | { host: string; port: number },
    text: string,
    requestTimeoutS: number,
  ): Promise<Server> {
    const server = createServer(
      {
        requestTimeout: requestTimeoutS * 1000,
        headersTimeout: 10_000,
        keepAliveTimeout: 10_000,
        maxHeaderSize: 16_384,
      },
      (request, response) => {
        if (this.#handler) this.#handler(request, response);
        else this.#waiting.push([request, response]);
      },
    );
    server.maxConnections = 256;
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          new AgentError(
            error.code === 'EADDRINUSE' ? 'ERR_AGENT_ADDRESS_IN_USE' : 'ERR_AGENT_UNAVAILABLE',
            error.code === 'EADDRINUSE'
              ? `the API cannot listen on ${text}: another program has this address; name another with "api.listen:"`
              : `the API cannot listen on ${text}: ${error.message}`,
            { cause: error },
          ),
        );
      });
      server.listen(where, () => {
        this.#servers.push(server);
        server.removeAllListeners('error');
        server.on('error', () => {});
        resolve(server);
      });
    });
  }
}
