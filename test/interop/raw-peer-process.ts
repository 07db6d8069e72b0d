/**
 * A BGP peer without a mind, run inside a host: opens a session, sends the octets it was given, and prints what it
 * receives, one message a line in hex. Arguments: remote address, and a file of messages in hex, one a line: the OPEN, then
 * those to send once both sides have said OPEN and KEEPALIVE.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const [remote, file] = process.argv.slice(2);
const [open, ...messages] = readFileSync(file!, 'utf8').split('\n');
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
