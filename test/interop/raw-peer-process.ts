/**
 * A BGP peer without a mind, run inside a host: opens a session, sends the octets it was given, and prints what it
 * receives, one message a line in hex. Arguments: remote address, OPEN in hex, then the messages to send once both sides
 * have said OPEN and KEEPALIVE.
 */
import { connect } from 'node:net';

const [remote, open, ...messages] = process.argv.slice(2);
const KEEPALIVE = Buffer.from(`${'ff'.repeat(16)}001304`, 'hex');
const socket = connect({ host: remote!, port: 179 });
let rest: Buffer = Buffer.alloc(0);

socket.on('connect', () => socket.write(Buffer.from(open!, 'hex')));
socket.on('data', (chunk: Buffer) => {
  rest = Buffer.concat([rest, chunk]);
  while (rest.length >= 19 && rest.length >= rest.readUInt16BE(16)) {
    const message = rest.subarray(0, rest.readUInt16BE(16));
    rest = rest.subarray(message.length);
    process.stdout.write(`${message.toString('hex')}\n`);
    onMessage(message[18]!);
  }
});

let up = false;
function onMessage(type: number): void {
  if (type === 1) socket.write(KEEPALIVE);
  if (type !== 4 || up) return;
  up = true;
  setInterval(() => socket.write(KEEPALIVE), 10_000);
  for (const message of messages) socket.write(Buffer.from(message, 'hex'));
}

socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
socket.on('close', () => process.exit(0));
