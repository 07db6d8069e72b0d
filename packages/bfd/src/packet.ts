/** The mandatory section of a BFD Control packet, RFC 5880 section 4.1, and the checks that need no session. */
import { DIAGNOSTICS, type Diagnostic, type SessionState, STATES } from './words.js';

export interface ControlPacket {
  readonly diagnostic: Diagnostic;
  readonly state: SessionState;
  readonly poll: boolean;
  readonly final: boolean;
  /** The sender's BFD goes on while its control plane restarts. */
  readonly controlPlaneIndependent: boolean;
  readonly demand: boolean;
  readonly detectMult: number;
  readonly myDiscriminator: number;
  /** 0 while the sender does not know it. */
  readonly yourDiscriminator: number;
  /** Microseconds, as all intervals. */
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
  readonly requiredMinEchoRxUs: number;
}

/** Why a packet is discarded, in the order of RFC 5880 section 6.8.6. */
export type PacketFault =
  | 'version'
  | 'length'
  | 'detect-mult'
  | 'multipoint'
  | 'my-discriminator'
  | 'your-discriminator'
  | 'authentication';

export type Decoded = { readonly packet: ControlPacket } | { readonly fault: PacketFault };

export const PACKET_OCTETS = 24;
const VERSION = 1;
const AUTHENTICATED_OCTETS = 26;
const FLAG = { poll: 0x20, final: 0x10, independent: 0x08, authentication: 0x04, demand: 0x02, multipoint: 0x01 };

/** The packet at the beginning of a UDP payload, or why it must be discarded. Octets behind its length are not looked at. */
export function decodePacket(octets: Uint8Array): Decoded {
  // Shorter than the length field itself: no octet of it can be trusted.
  if (octets.length < 4) return { fault: 'length' };
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const first = octets[0]!;
  const flags = octets[1]!;
  if (first >>> 5 !== VERSION) return { fault: 'version' };
  const authenticated = (flags & FLAG.authentication) !== 0;
  const length = octets[3]!;
  if (length < (authenticated ? AUTHENTICATED_OCTETS : PACKET_OCTETS) || length > octets.length) {
    return { fault: 'length' };
  }
  const detectMult = octets[2]!;
  if (detectMult === 0) return { fault: 'detect-mult' };
  if ((flags & FLAG.multipoint) !== 0) return { fault: 'multipoint' };
  const myDiscriminator = view.getUint32(4);
  if (myDiscriminator === 0) return { fault: 'my-discriminator' };
  const yourDiscriminator = view.getUint32(8);
  const state = STATES[flags >>> 6]!;
  if (yourDiscriminator === 0 && state !== 'down' && state !== 'admin-down') return { fault: 'your-discriminator' };
  // No session of ours authenticates: bfd.AuthType is always zero.
  if (authenticated) return { fault: 'authentication' };
  return {
    packet: {
      diagnostic: DIAGNOSTICS[first & 0x1f] ?? 'reserved',
      state,
      poll: (flags & FLAG.poll) !== 0,
      final: (flags & FLAG.final) !== 0,
      controlPlaneIndependent: (flags & FLAG.independent) !== 0,
      demand: (flags & FLAG.demand) !== 0,
      detectMult,
      myDiscriminator,
      yourDiscriminator,
      desiredMinTxUs: view.getUint32(12),
      requiredMinRxUs: view.getUint32(16),
      requiredMinEchoRxUs: view.getUint32(20),
    },
  };
}

export function encodePacket(packet: ControlPacket): Uint8Array {
  const octets = new Uint8Array(PACKET_OCTETS);
  const view = new DataView(octets.buffer);
  octets[0] = (VERSION << 5) | Math.max(0, DIAGNOSTICS.indexOf(packet.diagnostic as never));
  octets[1] =
    (STATES.indexOf(packet.state) << 6) |
    (packet.poll ? FLAG.poll : 0) |
    (packet.final ? FLAG.final : 0) |
    (packet.controlPlaneIndependent ? FLAG.independent : 0) |
    (packet.demand ? FLAG.demand : 0);
  octets[2] = packet.detectMult;
  octets[3] = PACKET_OCTETS;
  view.setUint32(4, packet.myDiscriminator);
  view.setUint32(8, packet.yourDiscriminator);
  view.setUint32(12, packet.desiredMinTxUs);
  view.setUint32(16, packet.requiredMinRxUs);
  view.setUint32(20, packet.requiredMinEchoRxUs);
  return octets;
}
