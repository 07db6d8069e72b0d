/** What a socket says about its ends, in our terms. */
import type { Socket } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { type Address, addressesEqual, isLoopback, tryParseAddress } from '@tortie/ip';
import type { Endpoints } from '../src/index.js';

/** Without the zone of a link-local address, and IPv4 where a dual-stack socket shows it as ::ffff:192.0.2.1. */
export function socketAddress(text: string | undefined): Address | undefined {
  const plain = text?.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return plain === undefined ? undefined : tryParseAddress(plain);
}

/**
 * Who is at the other end; undefined where the connection, or the device of a link-local address, is gone already: node:net has
 * no zone to write then and throws ENXIO. Both ends are asked for, as node:net keeps what it has once told.
 */
export function remoteOf(
  socket: { readonly [End in 'localAddress' | 'remoteAddress']?: string | undefined },
): Address | undefined {
  try {
    return socket.localAddress === undefined ? undefined : socketAddress(socket.remoteAddress);
  } catch {
    return undefined;
  }
}

const INTERFACES_AGE_MS = 1000;
let known: ReturnType<typeof networkInterfaces> = {};
let knownSinceMs = Number.NEGATIVE_INFINITY;

/** Reading the interfaces takes milliseconds on a node with a hundred pods: many connections at once share one reading. */
function interfacesLately(): typeof known {
  const nowMs = performance.now();
  if (nowMs - knownSinceMs > INTERFACES_AGE_MS) {
    known = networkInterfaces();
    knownSinceMs = nowMs;
  }
  return known;
}

/** The interface in `fe80::1%eth0`, as Node writes the link-local addresses of its sockets. */
export const zoneOf = (text: string | undefined): string | undefined => /%(.+)$/.exec(text ?? '')?.[1];

export function socketEndpoints(socket: Socket): Endpoints {
  const localAddress = socketAddress(socket.localAddress);
  const device = zoneOf(socket.remoteAddress);
  return {
    localAddress,
    interfaceAddresses: localAddress ? interfaceAddresses(localAddress, interfacesLately(), device) : [],
    device,
    localPort: socket.localPort,
    remotePort: socket.remotePort,
  };
}

/**
 * The addresses on the interface that has this one, it and loopback addresses left out, in the system's order. `device`
 * tells which where several have the same link-local address.
 */
export function interfaceAddresses(
  local: Address,
  interfaces: NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address'>[]>,
  device?: string,
): Address[] {
  for (const [name, infos] of Object.entries(interfaces)) {
    if (device !== undefined && name !== device) continue;
    const addresses = (infos ?? []).flatMap(({ address }) => socketAddress(address) ?? []);
    if (addresses.some((address) => addressesEqual(address, local))) {
      return addresses.filter((address) => !addressesEqual(address, local) && !isLoopback(address));
    }
  }
  return [];
}
