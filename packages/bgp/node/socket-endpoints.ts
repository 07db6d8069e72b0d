/** What a socket says about its ends, in our terms. */
import type { Socket } from 'node:net';
import { type Address, tryParseAddress } from '@tortie/ip';
import type { Endpoints } from '../src/index.js';

/** Without the zone of a link-local address, and IPv4 where a dual-stack socket shows it as ::ffff:192.0.2.1. */
export function socketAddress(text: string | undefined): Address | undefined {
  const plain = text?.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return plain === undefined ? undefined : tryParseAddress(plain);
}

export const socketEndpoints = (socket: Socket): Endpoints => ({
  localAddress: socketAddress(socket.localAddress),
  localPort: socket.localPort,
  remotePort: socket.remotePort,
});
