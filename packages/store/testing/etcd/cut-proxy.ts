/** A TCP relay in front of a server whose cable a test can pull: connections break at once, or hang without a word. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CutProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #state: 'open' | 'cut' | 'hung' = 'open';

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a port of loopback. `target` is a URL. */
  static async start(target: string): Promise<CutProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    const proxy = new CutProxy(server);
    server.on('connection', (client) => proxy.#relay(client, connect(Number(port), hostname)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { readonly port: number }).port}`;
  }

  /** Breaks all connections, and every new one. */
  cut(): void {
    this.#state = 'cut';
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Lets nothing through any more, but tells nobody. `mute`: only what the server says does not come through. */
  hang({ mute = false } = {}): void {
    this.#state = 'hung';
    for (const [client, server] of this.#pairs) {
      for (const socket of mute ? [server] : [client, server]) {
        socket.unpipe();
        socket.pause();
      }
    }
  }

  /** New connections work again; those that hung stay so. */
  mend(): void {
    this.#state = 'open';
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #relay(client: Socket, server: Socket): void {
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        for (const other of pair) other.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#state === 'cut') client.destroy();
    if (this.#state !== 'open') return;
    client.pipe(server);
    server.pipe(client);
  }
}
