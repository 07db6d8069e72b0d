/** BFD beside a peer: what a user configures, and how the session stands. */
import { DEFAULT_TIMERS, LEAST_INTERVAL_MS, LONGEST_INTERVAL_MS } from '@tortie/bfd';
import { Count, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const intervalMs = (initial: number, description: string) =>
  Type.Optional(
    Type.Integer({ minimum: LEAST_INTERVAL_MS, maximum: LONGEST_INTERVAL_MS, default: initial, description }),
  );

export const PeerBfd = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean({ default: true, description: 'false: no BFD, the timers stay written down' })),
    minTxMs: intervalMs(DEFAULT_TIMERS.minTxMs, 'Shortest time between packets we send, milliseconds'),
    minRxMs: intervalMs(DEFAULT_TIMERS.minRxMs, 'Shortest time between packets we want to receive, milliseconds'),
    multiplier: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 255,
        default: DEFAULT_TIMERS.multiplier,
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
