/** Packets that reached no session, by reason. */
import type { PacketFault } from '@tortie/bfd';

type DropReason = PacketFault | 'ttl' | 'no-session';

export type DroppedPackets = Readonly<Record<DropReason, number>>;

export const noDroppedPackets = (): Record<DropReason, number> => ({
  version: 0,
  length: 0,
  'detect-mult': 0,
  multipoint: 0,
  'my-discriminator': 0,
  'your-discriminator': 0,
  authentication: 0,
  ttl: 0,
  'no-session': 0,
});
