/** BFD beside a peer: what a user configures, and how the session stands. */
import { Count, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const intervalMs = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 10, maximum: 60000, default: 300, description }));

export const PeerBfd = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean({ default: true, description: 'false: no BFD, the timers stay written down' })),
    minTxMs: intervalMs('Shortest time between packets we send, milliseconds'),
    minRxMs: intervalMs('Shortest time between packets we want to receive, milliseconds'),
    multiplier: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 255,
        default: 3,
        description: 'Packets in a row that may be lost, plus one',
      }),
    ),
    multihop: Type.Optional(
      Type.Boolean({
        description: 'Over routers (RFC 5883, port 4784); default: true with multihopTtl or ttlSecurityHops above 1',
      }),
    ),
    strict: Type.Optional(Type.Boolean({ default: false, description: 'No BGP session before BFD is up' })),
  },
  { additionalProperties: false, description: 'Bidirectional Forwarding Detection (RFC 5880); present: on' },
);
export type PeerBfd = Static<typeof PeerBfd>;

const BfdState = Type.Union([
  Type.Literal('admin-down'),
  Type.Literal('down'),
  Type.Literal('init'),
  Type.Literal('up'),
]);

export const BfdStatus = Type.Object({
  state: BfdState,
  since: Timestamp,
  diagnostic: Type.String({ description: 'Why the state last changed, as RFC 5880 names it' }),
  remoteState: Type.Optional(BfdState),
  remoteDiagnostic: Type.Optional(Type.String()),
  multihop: Type.Boolean(),
  txIntervalMs: Type.Number({ description: 'As negotiated' }),
  detectionTimeMs: Type.Optional(Type.Number({ description: 'Silence of the peer that ends the session' })),
  flaps: Type.Integer({ minimum: 0, description: 'How often it went from up to down' }),
  lastDown: Type.Optional(Type.String({ description: 'The diagnostic when it last did' })),
  packetsIn: Count,
  packetsOut: Count,
  holdsSession: Type.Boolean({ description: 'strict: BGP waits for BFD' }),
  error: Type.Optional(Type.String({ description: 'Why it cannot run; tried again' })),
});
export type BfdStatus = Static<typeof BfdStatus>;
