/**
 * Has the engine compiled before there is traffic. JavaScript is interpreted until the compiler has seen enough of it, which
 * for a speaker takes about 100,000 routes or 10,000 messages: a third of the time of a first full table, and the first
 * changes come late (bench/RESULTS.md, Warm-up). So a speaker of nobody's talks to peers on both sides of its AS, over
 * loopback connections of this process, and is forgotten.
 */
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { ipv4 } from '@tortie/ip';
import { encodeMessage, wireContext } from '../../src/index.js';
import { SpeakerLoop } from '../speaker-loop.js';
import { greeting, OWN_ASN, type Table, tableOf, type WarmPeer } from './traffic.js';

/** Each with a new speaker: code made for tables that have rows is thrown away at the first that have none. */
const ROUNDS = 4;

const PEERS: readonly WarmPeer[] = [
  { host: 1, asn: 64513, sends: true },
  { host: 2, asn: OWN_ASN, sends: true },
  { host: 3, asn: 64514, sends: false },
  { host: 4, asn: OWN_ASN, sends: false },
  { host: 5, asn: OWN_ASN, sends: false },
];

/** Nothing here takes longer unless something is wrong. */
const PATIENCE_MS = 10_000;

/** Short turns: whatever the process does meanwhile comes first. */
const LIMITS = { openTimeS: 60, readOctets: 1 << 20, turnMs: 1, sendHoldS: 480 };

/**
 * Takes about a second of processor time, half of it the compiler's beside this thread, in turns of a few milliseconds.
 * Resolves at the end; rejects where there is no loopback interface.
 */
export async function warmUp(): Promise<void> {
  const tables = PEERS.map((peer) => (peer.sends ? tableOf(peer) : undefined));
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    for (let round = 0; round < ROUNDS; round++) await talk(server, tables);
  } finally {
    server.close();
    await once(server, 'close');
  }
}

/** One speaker's life: its peers come, send tables and then single changes, each once the one before has arrived. */
async function talk(server: Server, tables: readonly (Table | undefined)[]): Promise<void> {
  let missing = PEERS.length;
  const up = new EventEmitter();
  const loop = new SpeakerLoop({ asn: OWN_ASN, routerId: 1 }, LIMITS, {
    dial: () => new Socket(),
    password: () => {},
    event: (event) => {
      if (event.type === 'session' && event.to === 'established' && --missing === 0) up.emit('all');
    },
  });
  const sockets: Socket[] = [];
  try {
    const all = once(up, 'all', { signal: AbortSignal.timeout(PATIENCE_MS) });
    for (const peer of PEERS) sockets.push(await establish(loop, server, peer));
    await all;
    const last = sockets.at(-1)!;
    for (const [index, table] of tables.entries()) {
      if (!table) continue;
      await write(sockets[index]!, table.messages);
      for (const change of table.changes) {
        const arrived = once(last, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) });
        await write(sockets[index]!, change);
        await arrived;
      }
    }
  } finally {
    loop.speaker.close(false, '', performance.now());
    loop.carryOut();
    await loop.stop();
    for (const socket of sockets) socket.destroy();
  }
}

async function establish(loop: SpeakerLoop, server: Server, { host, asn }: WarmPeer): Promise<Socket> {
  const remoteAddress = ipv4(0x7f000000 + host);
  const localAddress = ipv4(0x7f000001);
  const routeReflectorClient = asn === OWN_ASN;
  const config = { name: `${host}`, remoteAddress, localAddress, remoteAsn: asn, passive: true, routeReflectorClient };
  loop.speaker.addPeer(config, performance.now());
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  // A write that fails says so itself.
  socket.on('error', () => {});
  const [ours] = await accepted;
  if (ours.remotePort !== socket.localPort) throw new Error('a stranger has connected');
  loop.accept(ours, remoteAddress, () => {});
  socket.resume();
  socket.write(encodeMessage(greeting(host, asn), wireContext()));
  socket.write(encodeMessage({ type: 'keepalive' }, wireContext()));
  return socket;
}

const write = (socket: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
