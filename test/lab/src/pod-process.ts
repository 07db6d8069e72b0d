/**
 * Runs inside a pod: answers UDP datagrams and, when asked through its message channel, sends them to other pods. An
 * answer carries the address the question came from, so the asker knows how it is seen (no translation on the way).
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { ProbeReady, ProbeReply, ProbeRequest } from './host/probe.js';

const PORT = Number(process.argv[2] ?? 7);

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

function onDatagram(socket: Socket, text: string, from: { address: string; port: number }): void {
  if (text.startsWith('ask ')) {
    // Answers may find no way back; the asker notices by its own timer.
    socket.send(`seen ${text.slice(4)} ${from.address}`, from.port, from.address, () => {});
    return;
  }
  const [, id, seenAs] = text.split(' ');
  settle(`${from.address} ${id}`, seenAs);
}

async function open(type: 'udp4' | 'udp6'): Promise<Socket> {
  const socket = createSocket(type === 'udp6' ? { type, ipv6Only: true } : { type });
  socket.on('message', (data, from) => onDatagram(socket, data.toString(), from));
  socket.bind(PORT);
  // Rejects on an error, which ends this process with the reason in its log.
  await once(socket, 'listening');
  socket.on('error', (error) => process.stderr.write(`${type}: ${error.message}\n`));
  return socket;
}

const udp4 = await open('udp4');
const udp6 = await open('udp6');

process.on('message', (request: ProbeRequest) => {
  const { id, address, timeoutMs } = request;
  const key = `${address} ${id}`;
  const timer = setTimeout(() => settle(key, undefined), timeoutMs);
  waiting.set(key, { request, sentAt: performance.now(), timer });
  const socket = address.includes(':') ? udp6 : udp4;
  socket.send(`ask ${id}`, PORT, address, (error) => {
    if (error) settle(key, undefined);
  });
});
process.on('disconnect', () => process.exit(0));
tell({ ready: true });
