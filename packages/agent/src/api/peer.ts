/** Peers: what a user configures (`spec`) and what the session does (`session`). */
import type { TNull, TOptional, TUnion } from 'typebox';
import { BfdStatus, PeerBfd } from './bfd.js';
import { PeerDiscovery } from './discovery.js';
import { Policy } from './policy.js';
import { Count, FamilyText, ipAddress, RemoteAsn, resourceName, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };
const seconds = (minimum: number, maximum: number, description: string, initial?: number) =>
  Type.Integer({ minimum, maximum, description, ...(initial === undefined ? {} : { default: initial }) });

/** Every field a user may write, but the name and the AS number. Shared by create, change and the file. */
export const peerFields = {
  remoteAddress: Type.Optional(
    ipAddress(
      'The peer, like 192.0.2.1 or 2001:db8::1; a link-local address needs "device". Either this or "interface"',
    ),
  ),
  interface: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 15,
      description:
        'Unnumbered: the peer is the router at the far end of this interface, found by its router advertisements; ours go there too, with a lifetime of 0',
    }),
  ),
  description: Type.Optional(Type.String({ maxLength: 200, description: 'Free text' })),
  remotePort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, default: 179 })),
  localAddress: Type.Optional(ipAddress('Source address of the session; default: what the kernel chooses')),
  localAsn: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 4294967295, description: "ASN shown to this peer instead of the node's own" }),
  ),
  localAsnPrependIn: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'eBGP with localAsn: that ASN goes in front of the AS_PATH of what the peer sends',
    }),
  ),
  localAsnPrependOut: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        "eBGP with localAsn: the node's own ASN stays behind it in the AS_PATH the peer gets; false: replace-as",
    }),
  ),
  passive: Type.Optional(Type.Boolean({ default: false, description: 'Listen only, never dial' })),
  adminDown: Type.Optional(Type.Boolean({ default: false, description: 'Keep the peer configured, hold no session' })),
  adminDownText: Type.Optional(
    Type.String({ maxLength: 128, description: 'What the peer is told with adminDown (RFC 9003)' }),
  ),
  families: Type.Optional(
    Type.Array(FamilyText, { minItems: 1, uniqueItems: true, description: 'Families offered; default: both' }),
  ),
  holdTimeS: Type.Optional(
    seconds(0, 65535, 'Hold time offered: 0 (no keepalives at all), or 3 to 65535 (RFC 4271 section 4.2)', 90),
  ),
  keepaliveS: Type.Optional(seconds(1, 21845, 'Seconds between keepalives; default: a third of the hold time')),
  connectRetryS: Type.Optional(seconds(1, 3600, 'Seconds between attempts to connect', 5)),
  delayOpenS: Type.Optional(seconds(0, 240, "Wait this long for the peer's OPEN before sending ours", 0)),
  idleHoldMaxS: Type.Optional(seconds(0, 3600, 'Longest pause after sessions that keep failing', 60)),
  routeReflectorClient: Type.Optional(
    Type.Boolean({ default: false, description: 'Reflect to this iBGP peer as to a client (RFC 4456)' }),
  ),
  nextHopMode: Type.Optional(
    Type.Union([Type.Literal('auto'), Type.Literal('self'), Type.Literal('keep')], {
      default: 'auto',
      description: 'auto: as RFC 4271 says; self: always our own address; keep: never changed',
    }),
  ),
  allowAsIn: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10,
      description: "Our own ASN may be in the AS_PATH of the peer's routes up to so many times; absent: not at all",
    }),
  ),
  asOverride: Type.Optional(
    Type.Boolean({ default: false, description: "eBGP: our ASN in the place of the peer's in the AS_PATH it gets" }),
  ),
  removePrivateAs: Type.Optional(
    Type.Union([Type.Literal('all'), Type.Literal('replace')], {
      description:
        "eBGP: private ASNs (RFC 6996) in the AS_PATH the peer gets go (all), or become ours (replace); the peer's own stays",
    }),
  ),
  localNextHops: Type.Optional(
    Type.Array(ipAddress(), {
      maxItems: 4,
      description:
        'Our next hop of the IP version that the session itself does not have; default: an address on the same interface',
    }),
  ),
  device: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 15,
      description: 'Interface the session is bound to; needed for link-local addresses',
    }),
  ),
  maxPrefixes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 4294967295,
      description: 'Most prefixes taken per family',
    }),
  ),
  maxPrefixesAction: Type.Optional(
    Type.Union([Type.Literal('warn'), Type.Literal('restart'), Type.Literal('idle')], {
      default: 'restart',
      description: 'Above maxPrefixes: only an event; a new session later; none until the peer is reset or changed',
    }),
  ),
  addPathReceive: Type.Optional(
    Type.Boolean({ default: false, description: 'Take several routes per prefix from the peer (RFC 7911)' }),
  ),
  addPathSendMax: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 255,
      default: 0,
      description: 'Send the peer up to this many routes per prefix, best first (RFC 7911); 0: the best one alone',
    }),
  ),
  extendedNextHop: Type.Optional(
    Type.Boolean({
      description: 'IPv4 routes with IPv6 next hops, both ways (RFC 8950); default: true with "interface", else false',
    }),
  ),
  ttlSecurityHops: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 254, description: 'GTSM (RFC 5082): accept only from at most this many hops' }),
  ),
  multihopTtl: Type.Optional(
    Type.Integer({ minimum: 2, maximum: 255, description: 'TTL of an eBGP session over several hops' }),
  ),
  password: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 80,
      writeOnly: true,
      description: 'TCP-MD5 key (RFC 2385). Never shown, never logged',
    }),
  ),
  role: Type.Optional(
    Type.Union(
      [
        Type.Literal('provider'),
        Type.Literal('rs'),
        Type.Literal('rs-client'),
        Type.Literal('customer'),
        Type.Literal('peer'),
      ],
      {
        description:
          'eBGP: what we are to the peer (RFC 9234). Routes it leaks are not used, what may only go to customers goes to nobody else; rs: route server',
      },
    ),
  ),
  roleStrict: Type.Optional(
    Type.Boolean({ default: false, description: 'No session with a peer that does not say its own role' }),
  ),
  gracefulShutdown: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'Drained for maintenance (RFC 8326): routes carry GRACEFUL_SHUTDOWN, and those of another AS are the last choice; see also the drain action',
    }),
  ),
  acceptGracefulShutdown: Type.Optional(
    Type.Boolean({ default: true, description: 'eBGP: GRACEFUL_SHUTDOWN makes a route the last choice (RFC 8326)' }),
  ),
  blackhole: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'Honour BLACKHOLE (RFC 7999) of this peer: traffic for such a route is dropped, and it stays in our AS; say with import for which prefixes',
    }),
  ),
  gracefulRestart: Type.Optional(
    Type.Object(
      {
        enabled: Type.Optional(
          Type.Boolean({ default: true, description: 'false: no graceful restart with this peer' }),
        ),
        helper: Type.Optional(
          Type.Boolean({ default: true, description: "Keep the peer's routes while it restarts (RFC 4724)" }),
        ),
        restartTimeS: Type.Optional(seconds(1, 4095, 'How long the peer shall keep our routes', 120)),
        staleTimeS: Type.Optional(seconds(1, 3600, 'Longest time stale routes stay', 300)),
        longLivedStaleTimeS: Type.Optional(
          seconds(
            0,
            16777215,
            'Long-lived graceful restart (RFC 9494): how long the peer shall keep our routes after that as its last choice; 0: not at all, but its own are kept as long as it asks; absent: off',
          ),
        ),
        longLivedStaleTimeMaxS: Type.Optional(
          seconds(0, 16777215, 'Longest time routes of the peer stay as our last choice', 16777215),
        ),
        longLivedPartial: Type.Optional(
          Type.Boolean({
            default: false,
            description:
              'iBGP peer that does not know RFC 9494: gets such routes too, with NO_EXPORT and LOCAL_PREF 0 (section 4.6)',
          }),
        ),
      },
      closed,
    ),
  ),
  extendedMessages: Type.Optional(
    Type.Boolean({ default: true, description: 'Offer messages up to 65535 octets (RFC 8654)' }),
  ),
  bfd: Type.Optional(PeerBfd),
  import: Type.Optional(Policy),
  importDefault: Type.Optional(
    Type.Union([Type.Literal('accept'), Type.Literal('reject')], {
      description: 'What becomes of a route that no term of import decides on; absent: importPolicy of the node says',
    }),
  ),
  export: Type.Optional(Policy),
  exportDefault: Type.Optional(
    Type.Union([Type.Literal('accept'), Type.Literal('reject')], {
      default: 'accept',
      description: 'What becomes of a route that no term of export decides on',
    }),
  ),
};

export const PeerSpec = Type.Object({ name: resourceName(), remoteAsn: RemoteAsn, ...peerFields }, closed);
export type PeerSpec = Static<typeof PeerSpec>;

/** A JSON merge patch (RFC 7396): absent fields stay, null takes a field back to its default. The name is fixed. */
export const PeerPatch = Type.Object(
  {
    remoteAsn: Type.Optional(RemoteAsn),
    ...(Object.fromEntries(
      Object.entries(peerFields).map(([name, schema]) => [name, Type.Optional(Type.Union([schema, Type.Null()]))]),
    ) as unknown as {
      [K in keyof typeof peerFields]: TOptional<TUnion<[(typeof peerFields)[K], TNull]>>;
    }),
  },
  closed,
);
export type PeerPatch = Static<typeof PeerPatch>;

export const SessionState = Type.Union([
  Type.Literal('idle'),
  Type.Literal('connect'),
  Type.Literal('active'),
  Type.Literal('open-sent'),
  Type.Literal('open-confirm'),
  Type.Literal('established'),
]);
export type SessionState = Static<typeof SessionState>;

export const MessageCounts = Type.Object({
  open: Count,
  update: Count,
  notification: Count,
  keepalive: Count,
  routeRefresh: Count,
  total: Count,
});

export const FamilyStatus = Type.Object({
  family: FamilyText,
  received: Type.Integer({ minimum: 0, description: 'Prefixes in adj-rib-in, before policy' }),
  advertised: Type.Integer({ minimum: 0, description: 'Prefixes in adj-rib-out; with ADD-PATH their paths' }),
  stale: Type.Integer({ minimum: 0, description: 'Kept over a restart of the peer, not yet confirmed' }),
  longLived: Type.Optional(
    Type.Boolean({ description: 'Stale routes are the last choice by now and carry LLGR_STALE (RFC 9494)' }),
  ),
  staleUntil: Type.Optional(Type.String({ format: 'date-time', description: 'The end of their present phase' })),
  endOfRib: Type.Boolean({ description: 'The peer has sent End-of-RIB on this session' }),
});

export const KernelDrop = Type.Object({
  counter: Type.Union([
    Type.Literal('TCPMD5NotFound'),
    Type.Literal('TCPMD5Unexpected'),
    Type.Literal('TCPMD5Failure'),
    Type.Literal('TCPMinTTLDrop'),
  ]),
  segments: Type.Integer({ minimum: 1 }),
  hint: Type.String({ description: 'What that may mean, to be read behind the number of segments' }),
});
export type KernelDrop = Static<typeof KernelDrop>;

const unused = (description: string) => Type.Optional(Type.Integer({ minimum: 1, description }));

export const UnusedRoutes = Type.Object(
  {
    rejected: unused('Prefixes that the import policy rejected when they came'),
    duplicates: unused('Prefixes announced as they were already'),
    duplicateUpdates: unused('UPDATEs that announced nothing else'),
    unknownWithdrawals: unused('Prefixes withdrawn that were not there'),
    asLoops: unused('UPDATEs with our AS number in AS_PATH'),
    originatorLoops: unused('UPDATEs with our router ID as ORIGINATOR_ID'),
    clusterLoops: unused('UPDATEs with our cluster ID in CLUSTER_LIST'),
    malformed: unused('Prefixes withdrawn for malformed attributes (RFC 7606)'),
  },
  { description: 'What of its routes was of no use in this session; what is 0 is left out' },
);
export type UnusedRoutes = Static<typeof UnusedRoutes>;

export const PeerSession = Type.Object({
  state: SessionState,
  since: Timestamp,
  uptimeS: Type.Optional(Type.Number({ minimum: 0, description: 'Only while established' })),
  type: Type.Union([Type.Literal('ebgp'), Type.Literal('ibgp')]),
  lastCause: Type.Optional(Type.String({ description: 'Why the state last changed' })),
  kernelDrops: Type.Optional(
    Type.Array(KernelDrop, {
      description:
        'Segments the kernel has dropped for TCP-MD5 or GTSM since the peer is without a session; counted for the whole node, so another peer may be meant',
    }),
  ),
  flaps: Type.Integer({ minimum: 0, description: 'How often an established session was lost' }),
  remoteRouterId: Type.Optional(Type.String()),
  remoteAsn: Type.Optional(Type.Integer({ description: "The peer's AS number as its OPEN had it" })),
  localAddress: Type.Optional(Type.String()),
  holdTimeS: Type.Optional(Type.Integer({ minimum: 0, description: 'Negotiated' })),
  keepaliveS: Type.Optional(Type.Number({ minimum: 0 })),
  capabilities: Type.Optional(Type.Array(Type.String(), { description: 'Negotiated' })),
  draining: Type.Optional(Type.Boolean({ description: 'Routes are sent for graceful shutdown (RFC 8326)' })),
  peerRole: Type.Optional(Type.String({ description: 'What the peer says to be to us (RFC 9234)' })),
  families: Type.Array(FamilyStatus),
  unused: Type.Optional(UnusedRoutes),
  messagesIn: MessageCounts,
  messagesOut: MessageCounts,
});
export type PeerSession = Static<typeof PeerSession>;

const { password: _secret, ...readable } = peerFields;

export const Peer = Type.Object({
  name: Type.String({ description: 'Of a peer of a range: RANGE/ADDRESS' }),
  origin: Type.Union([Type.Literal('file'), Type.Literal('api'), Type.Literal('range'), Type.Literal('cluster')], {
    description:
      'file: from the configuration file, changed there; api: created at run time, kept in the store; range: came by itself from inside a peer range, changed there; cluster: follows from resources of the cluster',
  }),
  source: Type.Optional(
    Type.String({
      description:
        'FILE:LINE of a peer of the file; the range of a peer of a range; what asks for one of the cluster: "node-to-node mesh", "global peer NAME", "node peer NAME", "reverse of NAME"',
    }),
  ),
  revision: Type.Optional(Type.Integer({ description: 'Store revision; the ETag of the resource' })),
  passwordSet: Type.Boolean(),
  spec: Type.Object({ name: Type.String(), remoteAsn: RemoteAsn, ...readable }, closed),
  discovery: Type.Optional(PeerDiscovery),
  session: Type.Optional(PeerSession),
  bfd: Type.Optional(BfdStatus),
  error: Type.Optional(Type.String({ description: 'Why the peer could not be applied' })),
});
export type Peer = Static<typeof Peer>;

export const PeerList = Type.Object({ peers: Type.Array(Peer) });
export type PeerList = Static<typeof PeerList>;

export const Impact = Type.Union(
  [Type.Literal('none'), Type.Literal('applied'), Type.Literal('soft-refresh'), Type.Literal('session-reset')],
  { description: 'What the change did to the session' },
);
export type Impact = Static<typeof Impact>;

export const PeerChange = Type.Object({ peer: Peer, impact: Impact });
export type PeerChange = Static<typeof PeerChange>;

export const PeerReset = Type.Object(
  {
    mode: Type.Union([Type.Literal('hard'), Type.Literal('soft'), Type.Literal('soft-in'), Type.Literal('soft-out')], {
      description: 'hard: close and dial again; soft: ask for and send all routes again, the session stays',
    }),
  },
  closed,
);
export type PeerReset = Static<typeof PeerReset>;

export const PeerDrain = Type.Object(
  {
    drain: Type.Boolean({
      description:
        'true: drain; false: no longer, unless gracefulShutdown of the peer says so. Forgotten with the agent',
    }),
  },
  closed,
);
export type PeerDrain = Static<typeof PeerDrain>;

export const DrainDone = Type.Object({ peer: resourceName(), draining: Type.Boolean() });
export type DrainDone = Static<typeof DrainDone>;

export const ResetDone = Type.Object({ peer: Type.String(), mode: PeerReset.properties.mode });
export type ResetDone = Static<typeof ResetDone>;
