/**
 * Runs inside a pod: answers UDP datagrams and, when asked through its message channel, sends them to other pods. An
 * answer carries the address the question came from, so the asker knows how it is seen (no translation on the way).
 */
import { createSocket, type Socket } from 'node:dgram';
import type { ProbeReady, ProbeReply, ProbeRequest } from './host/probe.js';

const PORT = Number(process.argv[2] ?? 7);
const FAMILIES = ['udp4', 'udp6'] as const;

interface Waiting {
  readonly request: ProbeRequest;
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
}

const waiting = new Map<string, Waiting>();

function reply(message: ProbeReply | ProbeReady): void {
  if (process.connected) process.send!(message);
}

function settle(key: string, seenAs: string | undefined): void {
  const found = waiting.get(key);
  if (!found) return;
  waiting.delete(key);
  clearTimeout(found.timer);
  const { id } = found.request;
  reply(seenAs === undefined ? { id, ok: false } : { id, ok: true, seenAs, tookMs: performance.now() - found.sentAt });
}

function onDatagram(socket: Socket, text: string, from: { address: string; port: number }): void {
  if (text.startsWith('ask ')) {
    // Replies may find no way back; the asker notices by its own timer.
    socket.send(`seen ${text.slice(4)} ${from.address}`, from.port, from.address, () => {});
    return;
  }
  const [, id, seenAs] = text.split(' ');
  settle(`${from.address} ${id}`, seenAs);
}

const sockets = FAMILIES.map((type) => {
  const socket = createSocket({ type, ipv6Only: true });
  socket.on('message', (data, from) => onDatagram(socket, data.toString(), from));
  socket.on('error', (error) => process.stderr.write(`${type}: ${error.message}\n`));
  return socket;
});
await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.bind(PORT, resolve))));

process.on('message', (request: ProbeRequest) => {
  const key = `${request.address} ${request.id}`;
  const timer = setTimeout(() => settle(key, undefined), request.timeoutMs);
  waiting.set(key, { request, sentAt: performance.now(), timer });
  const socket = sockets[request.address.includes(':') ? 1 : 0]!;
  socket.send(`ask ${request.id}`, PORT, request.address, (error) => {
    if (error) settle(key, undefined);
  });
});
process.on('disconnect', () => process.exit(0));
reply({ ready: true });
