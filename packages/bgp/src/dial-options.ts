/** What a connection of ours needs, from the configuration of whom it goes to. */
import type { ResolvedBmpCollectorConfig } from './bmp/config.js';
import type { ResolvedPeerConfig } from './config.js';
import type { DialOptions } from './speaker-io.js';

export const peerDial = ({
  remoteAddress,
  remotePort,
  localAddress,
  password,
  ttlSecurityHops,
  multihopTtl,
  device,
}: ResolvedPeerConfig): DialOptions => ({
  remoteAddress,
  remotePort,
  localAddress,
  password,
  ttlSecurityHops,
  multihopTtl,
  device,
});

export const collectorDial = ({ address, port, localAddress }: ResolvedBmpCollectorConfig): DialOptions => ({
  remoteAddress: address,
  remotePort: port,
  localAddress,
  password: undefined,
  ttlSecurityHops: undefined,
  multihopTtl: undefined,
  device: undefined,
});
