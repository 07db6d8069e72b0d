/**
 * Runs inside a pod, or beside a node: answers UDP datagrams to each address it is given and, when asked
 * through its message channel, sends them to others. An answer carries the address the question came from, so the
 * asker knows how it is seen (no translation on the way).
 */
import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { once } from 'node:events';
import type { ProbeReady, ProbeReply, ProbeRequest } from './host/probe.js';

const [, , port, ...addresses] = process.argv;
const PORT = Number(port);

const typeOf = (address: string): SocketType => (address.includes(':') ? 'udp6' : 'udp4');

interface Waiting {
  readonly request: ProbeRequest;
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
}

const waiting = new Map<string, Waiting>();

function tell(message: ProbeReply | ProbeReady): void {
  if (process.connected) process.send!(message);
}

function settle(key: string, seenAs: string | undefined): void {
  const found = waiting.get(key);
  if (!found) return;
  waiting.delete(key);
  clearTimeout(found.timer);
  const { id } = found.request;
  tell(seenAs === undefined ? { id, ok: false } : { id, ok: true, seenAs, tookMs: performance.now() - found.sentAt });
}

/** Answers questions to one address from that address: a wildcard socket would answer from whichever way leads back. */
async function answerAt(address: string): Promise<void> {
  const socket = createSocket(typeOf(address));
  socket.on('message', (data, from) => {
    const [, id] = data.toString().split(' ');
    // Answers may find no way back; the asker notices by its own timer.
    socket.send(`seen ${id} ${from.address}`, from.port, from.address, () => {});
  });
  socket.bind(PORT, address);
  await listening(socket);
}

/** A socket to ask from: the kernel chooses its address by the way to the other end. */
async function openAsker(type: SocketType): Promise<Socket> {
  const socket = createSocket(type === 'udp6' ? { type, ipv6Only: true } : { type });
  socket.on('message', (data, from) => {
    const [, id, seenAs] = data.toString().split(' ');
    settle(`${from.address} ${id}`, seenAs);
  });
  socket.bind();
  await listening(socket);
  return socket;
}

/** Rejects on an error, which ends this process with the reason in its log. */
async function listening(socket: Socket): Promise<void> {
  await once(socket, 'listening');
  socket.on('error', (error) => process.stderr.write(`${socket.address().address}: ${error.message}\n`));
}

await Promise.all(addresses.map(answerAt));
const askers = { udp4: await openAsker('udp4'), udp6: await openAsker('udp6') };

process.on('message', (request: ProbeRequest) => {
  const { id, address, timeoutMs } = request;
  const key = `${address} ${id}`;
  const timer = setTimeout(() => settle(key, undefined), timeoutMs);
  waiting.set(key, { request, sentAt: performance.now(), timer });
  askers[typeOf(address)].send(`ask ${id}`, PORT, address, (error) => {
    if (error) settle(key, undefined);
  });
});
process.on('disconnect', () => process.exit(0));
tell({ ready: true });
