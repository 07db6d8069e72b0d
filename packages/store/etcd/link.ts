/**
 * One connection to one etcd server, authenticated and proven (see history.ts). It is
 * never mended: who finds it broken drops it, and a new one reads certificates and password anew.
 */
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  connectivityState,
  credentials,
  Metadata,
} from '@grpc/grpc-js';
import { type Fault, faultOf } from './etcd-errors.js';
import { AUTHENTICATE, type Method } from './messages.js';
import { type EtcdStoreOptions, parseEndpoint, readSecretFile } from './options.js';

/**
 * etcd refuses pings more often than every 5 s; a stream without traffic notices a lost path after 15 s. Messages have no
 * limit: what happened during an outage may come as one.
 */
const CHANNEL: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** A call that failed. Stays inside the backend. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly fault: Fault;

  constructor(fault: Fault, cause: unknown) {
    super(fault.detail, { cause });
    this.fault = fault;
  }
}

/** Asks something that shows that a link works. */
export type Proof = (link: Link, deadline: Date) => Promise<void>;

export class Link {
  readonly url: string;
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #onDrop = new Set<() => void>();
  #dropped = false;

  private constructor(url: string, options: EtcdStoreOptions) {
    this.url = url;
    const { address, tls } = parseEndpoint(url);
    this.#client = tls ? secureClient(address, options) : new Client(address, credentials.createInsecure(), CHANNEL);
    // A member cut off from the majority says so instead of waiting for it.
    this.#metadata.set('hasleader', 'true');
  }

  /** Throws CallError, StoreError where a file cannot be read, and what `prove` throws. */
  static async open(url: string, options: EtcdStoreOptions, prove: Proof, deadline: Date): Promise<Link> {
    const link = new Link(url, options);
    try {
      await link.#authenticate(options, deadline);
      await prove(link, deadline);
      link.#dropWhenLost();
      return link;
    } catch (error) {
      link.drop();
      throw error;
    }
  }

  get dropped(): boolean {
    return this.#dropped;
  }

  /** Throws CallError. */
  call<Request, Response>(method: Method<Request, Response>, request: Request, deadline: Date): Promise<Response> {
    const { path, encode, decode } = method;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, encode, decode, request, this.#metadata, { deadline }, (error, response) => {
        if (error) reject(new CallError(faultOf(error), error));
        else resolve(response!);
      });
    });
  }

  /** A method that streams both ways; it ends with the link, or at the deadline. */
  stream<Request, Response>(
    { path, encode, decode }: Method<Request, Response>,
    options: { readonly deadline?: Date } = {},
  ): ClientDuplexStream<Request, Response> {
    const stream = this.#client.makeBidiStreamRequest(path, encode, decode, this.#metadata, options);
    const cancel = (): void => stream.cancel();
    this.#onDrop.add(cancel);
    stream.once('close', () => this.#onDrop.delete(cancel));
    return stream;
  }

  /** Ends streams; calls under way may still be answered. */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    for (const act of [...this.#onDrop]) act();
    this.#client.close();
  }

  /** gRPC would connect again by itself; a request must not find out only when it is on its way. */
  #dropWhenLost(): void {
    this.#client.getChannel().watchConnectivityState(connectivityState.READY, Number.POSITIVE_INFINITY, () => {
      this.drop();
    });
  }

  async #authenticate({ username, passwordFile }: EtcdStoreOptions, deadline: Date): Promise<void> {
    if (username === undefined || passwordFile === undefined) return;
    const password = readSecretFile(passwordFile, 'the password').toString().trim();
    try {
      const { token } = await this.call(AUTHENTICATE, { name: username, password }, deadline);
      this.#metadata.set('token', token);
    } catch (error) {
      // An etcd that asks nobody for a name serves us too, as it serves its own command.
      const off = error instanceof CallError && /authentication is not enabled/.test(error.message);
      if (!off) throw error;
    }
  }
}

/** The name told to a server that is addressed by a number: RFC 6066 section 3 knows no numbers, and Node warns of them. */
const NAMELESS = 'etcd.invalid';

function secureClient(address: string, { caFile, certFile, keyFile }: EtcdStoreOptions): Client {
  const host = address.replace(/:[0-9]+$/, '').replace(/^\[(.*)\]$/, '$1');
  const read = (path: string | undefined, what: string): Buffer | null =>
    path === undefined ? null : readSecretFile(path, what, { pem: true });
  const ca = read(caFile, 'the certificate authority');
  const key = read(keyFile, 'the key of the client certificate');
  const cert = read(certFile, 'the client certificate');
  const checked = { checkServerIdentity: (_name: string, shown: PeerCertificate) => checkServerIdentity(host, shown) };
  const named = isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': NAMELESS };
  return new Client(address, credentials.createSsl(ca, key, cert, checked), { ...CHANNEL, ...named });
}
