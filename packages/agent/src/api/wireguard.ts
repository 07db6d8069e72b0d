/** WireGuard of this node: its public key, and the nodes it speaks to. Private keys are in no answer. */
import { Count, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const WireguardKey = Type.String({ description: 'Public key, as wg show writes it: 32 octets in base64' });

export const WireguardPeerView = Type.Object({
  node: Type.String(),
  publicKey: WireguardKey,
  endpoint: Type.Optional(Type.String({ description: 'Where packets for it go' })),
  lastHandshakeAt: Type.Optional(Timestamp),
});
export type WireguardPeerView = Static<typeof WireguardPeerView>;

export const WireguardInterface = Type.Object({
  interface: Type.String(),
  ipVersion: Type.Union([Type.Literal(4), Type.Literal(6)]),
  port: Count,
  peers: Type.Array(WireguardPeerView, {
    description: 'Without lastHandshakeAt: the node has not answered since its key, or ours, is there',
  }),
});
export type WireguardInterface = Static<typeof WireguardInterface>;

export const Wireguard = Type.Object({
  publicKey: Type.Optional(WireguardKey),
  devices: Type.Array(WireguardInterface, { description: 'Empty where no pool asks for WireGuard' }),
});
export type Wireguard = Static<typeof Wireguard>;
